// One line for each request, written off the hot path: a worker formats into its own buffer, a writer thread
// puts full buffers (and, four times a second, partial ones) into the file. When the disk is full or the
// writer falls behind, lines are dropped and counted; traffic never waits for its log.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "proxy/access_log/access_log_format.h"
#include "proxy/access_log/sampling.h"

namespace frontdoor {

class AccessLogWriter;

// Owns the writer and its thread. Must outlive its buffers.
class AccessLog {
 public:
  // error non-empty: could not open. `events`: told what becomes of the file later; it may be null. `look_every`: how
  // often it is seen whether the file is still where it was.
  AccessLog(const config::AccessLog& config, std::string& error, Log* events = nullptr,
            Millis look_every = Millis{1'000});
  // Writes what is left, for two seconds at most: a reader that does not read must not keep the program
  // alive.
  ~AccessLog();

  bool off() const { return off_.load(std::memory_order_relaxed); }
  std::uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }
  // How often a full or old file could not be rotated, and grew.
  std::uint64_t failed_rotations() const { return failed_rotations_.load(std::memory_order_relaxed); }
  // Where and why lines were lost last; any thread.
  struct Loss {
    std::string file;  // as the config names it
    std::string reason;
  };
  Loss last_loss() const;

  // Control thread. A reload: buffers follow within a quarter of a second, a new output is opened by the writer. When
  // that fails the old one goes on, and it is tried again.
  void apply(const config::AccessLog& config);

  // Log rotation: the file at the path is opened again before the next line is written. Any thread; returns
  // at once, and how it went is told to `events`. False: the destination was not given by a path.
  bool reopen();

 private:
  friend class AccessLogBuffer;
  // What lines look like and which there are. The workers' buffers take a copy when the number has changed.
  struct Style {
    explicit Style(const config::AccessLog& config)
        : format(config.format), fields(access_fields(config.fields)), sample(config.sample), slow(config.slow) {}
    config::AccessLog::Format format;
    std::vector<AccessField> fields;
    double sample;
    Millis slow;
  };
  std::shared_ptr<const Style> style() const;

  std::atomic<bool> off_;
  std::atomic<std::uint64_t> style_number_{1};
  mutable std::mutex style_mutex_;
  std::shared_ptr<const Style> style_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> failed_rotations_{0};
  const std::unique_ptr<AccessLogWriter> writer_;
};

// One worker's side. Not thread-safe; the worker appends, and flushes about four times a second.
class AccessLogBuffer {
 public:
  static constexpr std::size_t handed_over_at = 64 * 1024;  // bytes
  // A line with a huge target grows its buffer; such a one is not kept.
  static constexpr std::size_t capacity = handed_over_at + 4 * 1024;

  explicit AccessLogBuffer(AccessLog& log);
  ~AccessLogBuffer();  // flushes
  AccessLogBuffer(const AccessLogBuffer&) = delete;
  AccessLogBuffer& operator=(const AccessLogBuffer&) = delete;

  bool off() const { return log_.off(); }
  void refresh();  // follows what AccessLog::apply() was told, at once; without memory for it at the next flush
  void append(const AccessRecord& record);
  void flush();  // hands the buffer to the writer if there is anything in it

 private:
  AccessLog& log_;
  std::uint64_t style_number_ = 0;
  std::shared_ptr<const AccessLog::Style> style_;
  AccessLineFormatter formatter_;
  Sampler sampler_;
  std::string buffer_;
  std::uint64_t lines_ = 0;
};

}  // namespace frontdoor
