// Lines that instances wrote, as the admin API sends them. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace frontdoor {

struct AdminLogLine {
  std::int64_t unix_millis = 0;  // when it was read
  std::string pool = {};
  std::string instance = {};  // "app.1"
  bool error_stream = false;
  std::string text = {};  // without its newline; any bytes
};

struct AdminLogFilter {
  std::string pool = {};  // "" = every pool
  std::optional<unsigned> number = {};
};

struct AdminLogBatch {
  std::vector<AdminLogLine> lines = {};
  std::uint64_t skipped = 0;  // lines that came before these and are forgotten
};

enum class LogForm : std::uint8_t { Text, Json };

// With its newline. Text keeps every byte of the line: "app.1 | listening", "app.1 ! oh dear" on
// standard error.
std::string to_text(const AdminLogLine& line, LogForm form);
// Of lines that a reader missed, because they came faster than it read.
std::string skipped_text(std::uint64_t lines, LogForm form);

}  // namespace frontdoor
