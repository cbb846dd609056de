// The last lines that an instance wrote, bounded in number and bytes, for `logs` and for saying why it died.
// Control thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

enum class OutputStream : std::uint8_t { Output, Errors };

struct OutputLine {
  std::uint64_t number = 0;      // 1, 2, … over both streams
  std::int64_t unix_millis = 0;  // when it was read
  OutputStream stream = OutputStream::Output;
  std::string text;
};

class RecentLines {
 public:
  RecentLines(std::size_t most_lines, std::size_t most_bytes)
      : most_lines_(most_lines), most_bytes_(most_bytes) {}

  const OutputLine& add(OutputStream stream, std::string_view text, std::int64_t unix_millis) {
    bytes_ += text.size();
    lines_.push_back({++last_, unix_millis, stream, std::string(text)});
    while (lines_.size() > most_lines_ || (bytes_ > most_bytes_ && lines_.size() > 1)) {
      bytes_ -= lines_.front().text.size();
      lines_.pop_front();
    }
    return lines_.back();
  }

  const std::deque<OutputLine>& lines() const { return lines_; }
  std::uint64_t last_number() const { return last_; }

  // The last lines on standard error, oldest first; of standard output when there are none: what explains an
  // end.
  // Only of lines with a number above `after`.
  std::vector<std::string> last_words(std::size_t count, std::uint64_t after = 0) const {
    for (const OutputStream stream : {OutputStream::Errors, OutputStream::Output}) {
      std::vector<std::string> words;
      for (auto line = lines_.rbegin(); line != lines_.rend() && words.size() < count; ++line)
        if (line->number > after && line->stream == stream && !line->text.empty())
          words.insert(words.begin(), line->text);
      if (!words.empty()) return words;
    }
    return {};
  }

 private:
  const std::size_t most_lines_;
  const std::size_t most_bytes_;
  std::deque<OutputLine> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace frontdoor
