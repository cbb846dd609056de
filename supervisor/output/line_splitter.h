// Cuts what an app writes into lines. Nothing is lost and any byte but the newline belongs to its line: one that is
// longer than the bound comes in pieces, one whose end is late or never comes is given out as it is. All pieces but
// the last are marked as going on. Pure; one for each stream of a process.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace frontdoor {

class LineSplitter {
 public:
  static constexpr std::size_t kLongest = 16 * 1024;  // bytes of a piece

  // Calls `line(std::string_view text, bool goes_on)` for each line that `bytes` completes, without its "\n" or
  // "\r\n", and for each full piece.
  template <class Line>
  void feed(std::string_view bytes, Line line) {
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n');
      const bool whole = newline != std::string_view::npos;
      take(bytes.substr(0, newline), whole, line);
      bytes.remove_prefix(whole ? newline + 1 : bytes.size());
    }
  }

  // Whether there is a line whose end has not come.
  bool waits() const { return !pending_.empty(); }

  // Nothing more has come for a while: a prompt, or a program that stopped in the middle of a line.
  template <class Line>
  void give_what_there_is(Line line) {
    give_piece(line);
  }

  // The app has ended: what it wrote last may lack its newline.
  template <class Line>
  void finish(Line line) {
    if (pending_.empty()) return;
    line(std::string_view(pending_), false);
    pending_.clear();
  }

 private:
  template <class Line>
  void take(std::string_view part, bool whole, Line& line) {
    while (pending_.size() + part.size() > kLongest) {
      const std::size_t room = kLongest - pending_.size();
      pending_.append(part.substr(0, room));
      part.remove_prefix(room);
      give_piece(line);
    }
    if (whole && pending_.empty()) {  // the usual case: no copy
      if (part.ends_with('\r')) part.remove_suffix(1);
      line(part, false);
      return;
    }
    pending_.append(part);
    if (!whole) return;
    if (pending_.ends_with('\r')) pending_.pop_back();
    line(std::string_view(pending_), false);
    pending_.clear();
  }

  template <class Line>
  void give_piece(Line& line) {
    const std::size_t end = whole_characters(pending_);
    if (end == 0) return;
    line(std::string_view(pending_).substr(0, end), true);
    pending_.erase(0, end);
  }

  // Without the first bytes of a UTF-8 character whose others are still to come: cut in two it would be none.
  static std::size_t whole_characters(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
      const auto byte = static_cast<unsigned char>(text[text.size() - back]);
      if (byte < 0x80) break;
      if (byte < 0xC0) continue;
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      return length > back ? text.size() - back : text.size();
    }
    return text.size();
  }

  std::string pending_;
};

}  // namespace frontdoor
