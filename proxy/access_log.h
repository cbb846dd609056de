// One line for each request, written off the hot path: a worker formats into its own buffer, a writer thread
// puts full buffers (and, four times a second, partial ones) into the file. When the disk is full or the
// writer falls behind, lines are dropped and counted; traffic never waits for its log.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "proxy/access_log_format.h"

namespace frontdoor {

// Owns the destination and the writer thread. Must outlive its buffers.
class AccessLog {
 public:
  explicit AccessLog(const config::AccessLog& config, std::string& error);  // error non-empty: could not open
  // Writes what is left, for two seconds at most: a reader that does not read must not keep the program
  // alive.
  ~AccessLog();

  bool off() const { return off_; }
  config::AccessLog::Format format() const { return format_; }
  double sample() const { return sample_; }
  std::uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }

  // Log rotation: the file at the path is opened again before the next line is written. Any thread; returns
  // at once. Nothing happens when the destination was not given by a path.
  void reopen();

 private:
  friend class AccessLogBuffer;
  struct Impl;
  bool off_ = false;
  config::AccessLog::Format format_;
  double sample_ = 1.0;
  std::atomic<std::uint64_t> lost_{0};
  std::unique_ptr<Impl> impl_;
};

// One worker's side. Not thread-safe; the worker appends, and flushes about four times a second.
class AccessLogBuffer {
 public:
  static constexpr std::size_t handed_over_at = 64 * 1024;  // bytes

  explicit AccessLogBuffer(AccessLog& log);
  ~AccessLogBuffer();  // flushes
  AccessLogBuffer(const AccessLogBuffer&) = delete;
  AccessLogBuffer& operator=(const AccessLogBuffer&) = delete;

  void append(const AccessRecord& record);
  void flush();  // hands the buffer to the writer if there is anything in it

 private:
  AccessLog& log_;
  AccessLineFormatter formatter_;
  std::string buffer_;
  std::uint64_t lines_ = 0;
  double due_ = 0;  // share of a line that sampling has saved up
};

}  // namespace frontdoor
