// The last line of what a check writes, for saying why it failed: one line of bounded length that any log and terminal can
// show, whatever was written. Pure; one for each stream.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace frontdoor {

class LastLine {
 public:
  static constexpr std::size_t kLongest = 200;  // bytes; what a longer one has more is dropped

  void feed(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == '\n') {
        if (const std::string line = trimmed(begun_); !line.empty()) last_ = line;
        begun_.clear();
      } else if (begun_.size() < kLongest + 4) {  // room to see whether a character is cut
        begun_ += static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F ? ' ' : byte;
      }
    }
  }

  // Without blanks around it; the last that is not blank, whether or not it has its newline. "" = nothing was written.
  std::string text() const {
    const std::string line = trimmed(begun_);
    return line.empty() ? last_ : line;
  }

 private:
  static std::string trimmed(std::string_view line) {
    if (line.size() > kLongest) {
      std::size_t end = kLongest;
      while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not within a character
      line = line.substr(0, end);
    }
    const auto from = line.find_first_not_of(' ');
    if (from == std::string_view::npos) return "";
    return std::string(line.substr(from, line.find_last_not_of(' ') + 1 - from));
  }

  std::string begun_;
  std::string last_;
};

}  // namespace frontdoor
