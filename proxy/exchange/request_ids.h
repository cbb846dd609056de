// X-Request-Id values: 32 hex digits, a random start for each worker and a counter. Unguessable is not needed,
// unique is. Also the ids of traces that we begin (http/trace_context.h). One worker.

#pragma once

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace frontdoor {

class RequestIds {
 public:
  using Id = std::array<char, 32>;

  RequestIds() {
    if (::getrandom(&high_, sizeof high_, GRND_NONBLOCK) < 0) high_ = reinterpret_cast<std::uintptr_t>(this);
    if (::getrandom(&low_, sizeof low_, GRND_NONBLOCK) < 0) low_ = 0;
  }

  Id next() {
    // An odd constant steps through all 2^64 values; it only keeps neighbours from looking alike.
    low_ += 0x9e3779b97f4a7c15;
    if (low_ == 0) low_ += 0x9e3779b97f4a7c15;  // no id of a trace or a span may be zero
    Id id;
    write(high_, id.data());
    write(low_, id.data() + 16);
    return id;
  }

 private:
  static void write(std::uint64_t value, char* out) {
    for (int shift = 60; shift >= 0; shift -= 4) *out++ = "0123456789abcdef"[(value >> shift) & 15];
  }

  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

}  // namespace frontdoor
