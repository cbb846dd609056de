// What an exchange counts for its line in the access log. What it came to (status, outcome, detail) is not here: that
// makes the answer, too. Belongs to an exchange; one worker.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/time.h"
#include "proxy/access_log/attempt_history.h"
#include "proxy/access_log/kept_record.h"

namespace frontdoor {

// Nearly always there is none, and nothing to count.
inline std::string_view literal_view(const char* text) { return *text == '\0' ? std::string_view() : std::string_view(text); }

struct Tally {
  // Completes the record of a request that began at `started` and has ended now.
  void put_into(AccessRecord& record, TimePoint started, TimePoint ended) const {
    record.retry_rule = literal_view(retry_rule);
    record.held_us = stage_micros(TimePoint{}, TimePoint{held_for});
    record.bytes_received = bytes_received + tunnelled_to_upstream;
    record.bytes_sent = bytes_sent;
    record.connect_us = history.connect_us();
    record.first_byte_us = stage_micros(started, first_byte);
    record.total_us = stage_micros(started, ended);
  }

  bool logged = true;
  http::Version version = http::Version::Http11;  // of the request, for when that is no more
  const char* retry_rule = "";
  std::uint64_t bytes_received = 0;  // of the body
  std::uint64_t bytes_sent = 0;
  std::uint64_t tunnelled_to_upstream = 0;
  TimePoint first_byte{};
  Duration held_for{};
  AttemptHistory history;
  std::unique_ptr<KeptRecord> kept;  // a tunnel's, whose request has made room
};

}  // namespace frontdoor
