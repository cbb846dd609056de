// What an access-log line says and how it is written: JSON or Apache's combined format with the outcome behind it. Fields: docs/reference/access-log.md. No locale, no stream,
// no allocation once the buffer has grown: a line is appended to the worker's buffer on the hot path. Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "http/head.h"
#include "proxy/access_log/access_fields.h"

namespace frontdoor {

std::string_view protocol_name(http::Version version);  // "HTTP/2.0"

// What became of one attempt to have a request served. Views as below; times in microseconds.
struct Attempt {
  std::string_view upstream;
  std::string_view outcome;
  std::string_view detail;       // what was wrong with the answer; "" = nothing to say
  std::uint16_t status = 0;      // of an answer that was not passed on
  std::uint64_t start_us = 0;    // from the first byte of the request
  std::uint64_t connect_us = 0;  // how long connecting took; 0 = it did not come so far
  std::uint64_t total_us = 0;
};

// What is known of a request when it has ended. Views are only read while the line is written.
struct AccessRecord {
  std::string_view client_ip;
  std::string_view method;
  std::string_view host;
  std::string_view target;
  http::Version version = http::Version::Http11;
  // Of its connection, which lives longer than the record; "" where it is plain.
  std::string_view tls_version;
  std::string_view tls_cipher;
  std::string_view tls_server_name;
  std::string_view tls_client;  // the subject of a certificate
  bool tls_resumed = false;
  bool upstream_speaks_http2 = false;  // its pool says so: it is never spoken to otherwise
  std::string_view referer;
  std::string_view user_agent;
  std::string_view request_id;
  std::string_view trace_id;    // "" = it belongs to no trace
  std::string_view route_pool;  // "" when no route matched
  std::string_view upstream;    // the last one tried; "" when none was
  std::string_view outcome;  // "served", "client_closed", "no_upstream", …: stable words (docs/outcomes.md)
  std::string_view detail;   // what was wrong with the request or the answer; "" when nothing was
  std::string_view
      retry_rule;  // the rule that allowed or forbade the last retry; "" when the question did not arise
  std::uint16_t status = 0;          // sent to the client; 0 when nothing was
  std::uint32_t tries = 0;           // upstreams tried
  std::span<const Attempt> attempts{};  // each of them, in order; empty when the line tells the only one
  std::uint64_t bytes_received = 0;  // request body
  std::uint64_t bytes_sent = 0;      // response body
  std::uint64_t held_us = 0;         // waited for an upstream, microseconds; 0 = did not have to
  // Stage times, microseconds from the first byte of the request; 0 = stage not reached.
  std::uint64_t connect_us = 0;     // how long the last attempt was connecting
  std::uint64_t first_byte_us = 0;  // of the final response head
  std::uint64_t total_us = 0;
};

// Writes lines in one style and remembers the second that it last put into words: under load thousands of
// lines share it. One worker's; not thread-safe.
class AccessLineFormatter {
 public:
  static constexpr std::size_t kQuickRoom = 4096;  // longer lines cost more
  enum class Picked : std::uint8_t { Anyway, ByChance };  // by sampling: the line says so

  // `fields`: of JSON; empty = all. `sample`: the share, as a line tells it.
  explicit AccessLineFormatter(config::AccessLog::Format format, std::vector<AccessField> fields = {},
                               std::string sample = {})
      : format_(format), fields_(std::move(fields)), sample_(std::move(sample)) {}

  // Appends the line, newline included. `unix_micros` is the time of day at the end of the request.
  void append(const AccessRecord& record, std::int64_t unix_micros, std::string& out, Picked picked = Picked::Anyway);

 private:
  void append_json(const AccessRecord& record, unsigned micros, std::string& out, Picked picked);
  void append_combined(const AccessRecord& record, std::string& out, Picked picked) const;
  void remember(std::int64_t second);
  std::string_view second_text() const { return {second_text_.data(), second_size_}; }

  config::AccessLog::Format format_;
  std::vector<AccessField> fields_;
  std::string sample_;
  std::int64_t second_ = -1;
  std::size_t second_size_ = 0;
  std::array<char, 32> second_text_{};
  std::array<char, kQuickRoom> room_;  // where a line is put together, if nothing in it needs an escape
};

// The same for a single line.
void format_access_line(const AccessRecord& record, config::AccessLog::Format format,
                        std::int64_t unix_micros, std::string& out);

}  // namespace frontdoor
