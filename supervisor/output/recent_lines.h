// The last lines that an instance wrote, bounded in number and bytes, for `logs` and for saying why it died.
// Control thread.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frontdoor {

enum class OutputStream : std::uint8_t { Output, Errors };

inline std::string_view to_string(OutputStream stream) {
  return stream == OutputStream::Output ? "stdout" : "stderr";
}

struct OutputLine {
  std::uint64_t number = 0;      // 1, 2, … of this instance, over both streams and all its lives
  std::uint64_t sequence = 0;    // 1, 2, … over all instances
  std::int64_t unix_millis = 0;  // when it was read
  pid_t pid = -1;                // the process that the pipe belongs to
  OutputStream stream = OutputStream::Output;
  bool goes_on = false;  // its next entry on this stream is more of the same line
  std::string text = {};
};

class RecentLines {
 public:
  // Bytes are counted with what the entry itself takes.
  RecentLines(std::size_t most_lines, std::size_t most_bytes)
      : most_lines_(most_lines), most_bytes_(most_bytes) {}

  // `line.number` is filled in here.
  void add(OutputLine line, std::string_view text) {
    if (lines_.size() == most_lines_) {
      line.text = std::move(lines_.front().text);  // its memory serves again
      bytes_ -= size_of(line.text.size());
      lines_.pop_front();
    }
    line.text.assign(text);
    if (line.text.capacity() > 2 * text.size() + 64) line.text.shrink_to_fit();
    line.number = ++last_;
    bytes_ += size_of(text.size());
    lines_.push_back(std::move(line));
    while (bytes_ > most_bytes_ && lines_.size() > 1) {
      bytes_ -= size_of(lines_.front().text.size());
      lines_.pop_front();
    }
  }

  const std::deque<OutputLine>& lines() const { return lines_; }
  std::uint64_t last_number() const { return last_; }
  std::size_t bytes() const { return bytes_; }

  // The last lines on standard error, oldest first; of standard output when there are none: what explains an
  // end.
  // Only of lines with a number above `after`, and of this process where one is named.
  std::vector<std::string> last_words(std::size_t count, std::uint64_t after = 0, pid_t pid = -1) const {
    for (const OutputStream stream : {OutputStream::Errors, OutputStream::Output}) {
      std::vector<std::string> words;
      for (auto line = lines_.rbegin(); line != lines_.rend() && words.size() < count; ++line)
        if (line->number > after && line->stream == stream && !line->text.empty() && (pid < 0 || line->pid == pid))
          words.insert(words.begin(), line->text);
      if (!words.empty()) return words;
    }
    return {};
  }

 private:
  static constexpr std::size_t size_of(std::size_t text) { return text + sizeof(OutputLine); }

  const std::size_t most_lines_;
  const std::size_t most_bytes_;
  std::deque<OutputLine> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace frontdoor
