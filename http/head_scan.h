// The one pass over the raw bytes of a head: cuts it into lines and finds every byte that no head may hold
// (bare CR, bare LF, NUL, other controls) and every folded line, before any parser sees them. Incremental:
// each byte is looked at once, however slowly it comes. Pure; owned by a head parser.
//
// RFC 9112 §2.2 (bare CR, white space before the first field), §5.2 (obs-fold); RFC 9110 §5.5 (field values).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace frontdoor::http {

class HeadScan {
 public:
  enum class Found : std::uint8_t { NeedMore, Line, Fault };

  // The next line of `bytes`, which are the same bytes as last time or more of them.
  Found next_line(std::string_view bytes);

  std::string_view line() const { return line_; }    // after Line: without CRLF
  std::size_t line_begin() const { return begin_; }  // of the line that comes next or is incomplete
  std::size_t scanned() const { return at_; }        // after NeedMore or Fault: no fault before this byte
  const char* fault() const { return fault_; }       // after Fault: string literal

 private:
  Found refuse(std::size_t at, const char* why) {
    at_ = at;
    fault_ = why;
    return Found::Fault;
  }

  std::size_t begin_ = 0;
  std::size_t at_ = 0;
  std::string_view line_;
  const char* fault_ = "";
};

// Index of the first byte at or after `from` that is a control character other than HTAB, or bytes.size().
std::size_t find_control(std::string_view bytes, std::size_t from);

}  // namespace frontdoor::http
