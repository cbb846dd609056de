// Cuts what an app writes into lines. Nothing is lost: a line without its end is given out when the app has
// ended, one that is longer than the bound comes in pieces, and any byte but the newline belongs to its line.
// Pure; one for each stream of an instance.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace frontdoor {

class LineSplitter {
 public:
  static constexpr std::size_t kLongest = 16 * 1024;  // then a piece is given out as if it were a line

  // Calls `line(std::string_view)` for each line that `bytes` completes, without its "\n" or "\r\n".
  template <class Line>
  void feed(std::string_view bytes, Line line) {
    while (!bytes.empty()) {
      const std::size_t room = kLongest - pending_.size();
      const std::size_t newline = bytes.substr(0, room).find('\n');
      if (newline == std::string_view::npos) {
        const std::size_t taken = std::min(room, bytes.size());
        pending_.append(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
        if (pending_.size() == kLongest) give(line);
        continue;
      }
      pending_.append(bytes.substr(0, newline));
      bytes.remove_prefix(newline + 1);
      if (pending_.ends_with('\r')) pending_.pop_back();
      give(line);
    }
  }

  // The app has ended: what it wrote last may lack its newline.
  template <class Line>
  void finish(Line line) {
    if (!pending_.empty()) give(line);
  }

 private:
  template <class Line>
  void give(Line& line) {
    line(std::string_view(pending_));
    pending_.clear();
  }

  std::string pending_;
};

}  // namespace frontdoor
