// One line for each request, written off the hot path: a worker formats into its own buffer, a writer thread puts
// full buffers (and, four times a second, partial ones) into the file. When the disk is full or the writer falls
// behind, lines are dropped and counted; traffic never waits for its log.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/config.h"
#include "http/head.h"

namespace frontdoor {

// What is known of a request when it has ended. Views are only read during AccessLogBuffer::append.
struct AccessRecord {
  std::string_view client_ip;
  std::string_view method;
  std::string_view host;
  std::string_view target;
  http::Version version = http::Version::Http11;
  std::string_view referer;
  std::string_view user_agent;
  std::string_view request_id;
  std::string_view route_pool;  // "" when no route matched
  std::string_view upstream;    // the last one tried; "" when none was
  std::string_view outcome;     // "served", "client_closed", "no_upstream", …: stable words (docs/outcomes.md)
  std::string_view retry_rule;  // the rule that allowed or forbade the last retry; "" when the question did not arise
  std::uint16_t status = 0;     // sent to the client; 0 when nothing was
  std::uint32_t attempts = 0;   // upstreams tried
  std::uint64_t bytes_received = 0;  // request body
  std::uint64_t bytes_sent = 0;      // response body
  // Stage times, microseconds from the first byte of the request; 0 = stage not reached.
  std::uint64_t connected_us = 0;
  std::uint64_t first_byte_us = 0;  // of the final response head
  std::uint64_t total_us = 0;
};

// Owns the destination and the writer thread.
class AccessLog {
 public:
  // `fd` is borrowed (tests, stdout). reopen() is for a destination given by path (log rotation).
  explicit AccessLog(const config::AccessLog& config, std::string& error);  // error non-empty: could not open
  ~AccessLog();  // writes what is left

  bool off() const { return off_; }
  config::AccessLog::Format format() const { return format_; }
  double sample() const { return sample_; }
  std::uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }

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
  explicit AccessLogBuffer(AccessLog& log);
  ~AccessLogBuffer();  // flushes
  void append(const AccessRecord& record);
  void flush();  // hands the buffer to the writer if there is anything in it

 private:
  AccessLog& log_;
  std::string buffer_;
  std::uint64_t lines_ = 0;
  std::uint64_t sampled_ = 0;
};

// The line itself, newline included. `unix_micros` is the time of day at the end of the request.
void format_access_line(const AccessRecord& record, config::AccessLog::Format format, std::int64_t unix_micros,
                        std::string& out);

}  // namespace frontdoor
