// Where the lines of one pool's instances go: to standard output, behind their names or as JSON, and into the pool's
// files. Formats on the control thread; writers of their own do the rest.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/paced_count.h"
#include "config/config.h"
#include "supervisor/output/instance_logs.h"
#include "supervisor/output/line_format.h"
#include "supervisor/output/log_file_name.h"
#include "supervisor/output/output_writer.h"

namespace frontdoor {

// The names before the lines: as wide as the widest, each in a colour of its own.
class NameColumn {
 public:
  void add(const std::string& instance);
  std::size_t width() const { return width_; }
  std::string_view ink(const std::string& instance) const;  // the number of its SGR colour

 private:
  std::map<std::string, std::size_t> places_;
  std::size_t width_ = 0;
};

// What standard output is.
struct StandardOutput {
  bool terminal = false;
  bool coloured = false;
};

// A writer, and how much of what it loses has been told.
class ToldWriter {
 public:
  ToldWriter(std::string what, std::unique_ptr<OutputDestination> destination)
      : writer(std::move(what), std::move(destination)) {}

  // The first loss within a second, then a count each minute.
  void tell(Log& log, TimePoint now);
  void tell_rest(Log& log) { tell(log, Clock::now() + kEach); }

  OutputWriter writer;

 private:
  static constexpr std::chrono::minutes kEach{1};
  PacedCount lost_{kEach};
};

// Lines of one stream of a process that were read at once.
struct OutputBlock {
  const InstanceLog& from;
  OutputStream stream = OutputStream::Output;
  pid_t pid = -1;
  std::int64_t unix_millis = 0;
};

class PoolOutput {
 public:
  PoolOutput(std::string pool, Log& log, const NameColumn& names, ToldWriter& standard_output, StandardOutput kind);
  ~PoolOutput();

  // All of it, or it throws and nothing has changed: there may be no thread for its files.
  void apply(const config::Logs& settings);

  void begin(const OutputBlock& block);
  void add(std::string_view text, bool goes_on);  // a line of that block
  void end();                                     // hands them over

  // The destination that takes less than it is given; null when none does.
  const OutputWriter* behind() const;
  bool reopen();  // false: it has no files
  void tell(TimePoint now);
  void begin_close();
  bool closed() const { return !files_ && leaving_.empty(); }
  void close();

 private:
  const std::string pool_;
  Log& log_;
  const NameColumn& names_;
  ToldWriter& standard_output_;
  const StandardOutput kind_;
  config::Logs settings_;
  std::optional<LogFileName> file_name_;
  std::unique_ptr<ToldWriter> files_;                 // null without `file`
  std::vector<std::unique_ptr<ToldWriter>> leaving_;  // of earlier settings, with what they still write

  // The block that is being made.
  OutputLine tags_;
  std::string instance_, time_, prefix_, file_prefix_, path_;
  std::string lines_, file_lines_;
  std::uint64_t count_ = 0;
};

}  // namespace frontdoor
