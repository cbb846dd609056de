// Writes an HTTP/1 head once, into a contiguous buffer. The caller gives the room; a head that does not fit
// is reported, never cut. Pure; the one place where heads become bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "http/head.h"

namespace frontdoor::http {

class HeadWriter {
 public:
  HeadWriter(char* begin, std::size_t room) : begin_(begin), at_(begin), end_(begin + room) {}

  void request_line(std::string_view method, std::string_view target);  // "GET /a HTTP/1.1\r\n"
  void status_line(std::uint16_t status,
                   std::string_view reason);  // "HTTP/1.1 200 OK\r\n"; "" = standard phrase
  void field(std::string_view name, std::string_view value) { put(name), put(": "), put(value), put("\r\n"); }
  void framing(Framing framing);  // Content-Length, Transfer-Encoding: chunked, or nothing
  void request_framing(Framing framing,
                       Method method);  // also "Content-Length: 0" on a POST, PUT or PATCH without body
  void end() { put("\r\n"); }

  bool overflowed() const { return overflowed_; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  void put(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size()) {
      overflowed_ = true;
      return;
    }
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  char* begin_;
  char* at_;
  char* end_;
  bool overflowed_ = false;
};

// "Not Found"; "" for a status without a registered phrase.
std::string_view reason_phrase(std::uint16_t status);

}  // namespace frontdoor::http
