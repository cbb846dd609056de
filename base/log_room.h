// How much room log files that rotate themselves may take: those of a pool, or of the access log. Pure.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct LogFile {
  std::string path;
  std::uint64_t size = 0;
  std::int64_t changed = 0;  // when it was written last; any unit
  bool open = false;         // it is written now
};

struct LogRoom {
  std::uint64_t max_size = 0;   // of one file; 0 = without bound
  std::uint64_t max_total = 0;  // of all files together; 0 = without bound

  // What a file may hold: those that are open get half of the room at most, so that there is always something
  // older to delete.
  std::uint64_t size_of_one(std::size_t open_files) const {
    if (max_total == 0) return max_size;
    const std::uint64_t share = std::max<std::uint64_t>(max_total / 2 / std::max<std::size_t>(open_files, 1), 1);
    return max_size == 0 ? share : std::min(max_size, share);
  }

  // The oldest that are not open, until the rest fits: those that are open count as if they were full.
  std::vector<std::string> to_delete(std::vector<LogFile> files) const {
    std::vector<std::string> paths;
    if (max_total == 0) return paths;
    const auto open = std::count_if(files.begin(), files.end(), [](const LogFile& file) { return file.open; });
    const std::uint64_t full = size_of_one(static_cast<std::size_t>(open));
    std::uint64_t total = 0;
    for (const LogFile& file : files) total += file.open ? std::max(file.size, full) : file.size;
    std::stable_sort(files.begin(), files.end(),
                     [](const LogFile& a, const LogFile& b) { return a.changed < b.changed; });
    for (const LogFile& file : files) {
      if (total <= max_total) break;
      if (file.open) continue;
      total -= file.size;
      paths.push_back(file.path);
    }
    return paths;
  }
};

// How many bytes of whole lines go into a file of `size` bytes that may hold `most` (0 = any number). 0: it is full, the next
// one's turn. A line that is larger than a file may be gets one of its own.
inline std::size_t fitting_lines(std::string_view lines, std::uint64_t size, std::uint64_t most) {
  if (most == 0 || size + lines.size() <= most) return lines.size();
  const std::size_t room = most > size ? static_cast<std::size_t>(most - size) : 0;
  const std::size_t end = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
  if (end != std::string_view::npos) return end + 1;
  return size != 0 ? 0 : std::min(lines.find('\n'), lines.size() - 1) + 1;
}

}  // namespace frontdoor
