// How a request that comes back to the front door that has sent it is told: each process adds an element of
// its own to CDN-Loop (RFC 8586), whatever the request's way was meanwhile, and refuses what has one already
// (docs/adr/0014). Pure.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace frontdoor::http {

class LoopMark {
 public:
  LoopMark() = default;  // none: nothing is added, nothing is recognised
  // `id`: random, so that no two front doors share it and a stranger can not guess it.
  explicit LoopMark(std::uint64_t id);

  // "frontdoor; id=0123456789abcdef", or "".
  std::string_view element() const { return {text_.data(), size_}; }

  // Whether the request has been here before, or through more front doors than any honest chain has.
  bool has_looped(const Fields& fields) const;

 private:
  std::string_view id() const;

  std::array<char, 30> text_{};
  std::uint8_t size_ = 0;
};

}  // namespace frontdoor::http
