// The requests that somebody may want to hear of: those that failed, and the slowest of each ten seconds. As bounded as
// the page is small: a hundred failures, and the slowest few of the last five minutes. Fed once a second with what the
// workers have picked out. Pure. Control thread.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dashboard/ring.h"

namespace frontdoor {

struct SeenRequest {
  std::int64_t ended_unix_millis = 0;
  std::string method = {};
  std::string host = {};
  std::string path = {};  // without its query, which may have secrets
  std::uint16_t status = 0;
  std::string outcome = {};
  std::string detail = {};
  std::string protocol = {};           // "HTTP/2.0"; "" = it is not known
  std::string tls = {};                // "TLSv1.3"; "" = plain
  std::string upstream_protocol = {};  // "" = no upstream had it
  std::string pool = {};
  std::string upstream = {};
  std::string id = {};
  std::string_view retry_rule = {};  // that allowed or forbade its last retry; "" = it was never asked
  std::uint32_t tries = 0;
  bool failed = false;
  // Microseconds, 0 = not reached.
  std::uint64_t held_us = 0;
  std::uint64_t connect_us = 0;
  std::uint64_t first_byte_us = 0;
  std::uint64_t total_us = 0;
};

std::string to_json(const SeenRequest& request);  // an object

class RequestLog {
 public:
  static constexpr std::size_t kFailed = 100;
  static constexpr std::size_t kSlow = 150;
  static constexpr std::size_t kSlowOfAWindow = 5;
  static constexpr std::int64_t kWindow = 10;  // seconds

  void add(std::int64_t second, std::vector<SeenRequest> requests);

  // What is new since the last call, as JSON objects with commas between them. "" = nothing.
  std::string take_new();
  std::string whole() const;  // {"failed":[…],"slow":[…]}, newest last
  std::vector<SeenRequest> failed() const;  // oldest first
  std::vector<SeenRequest> find(std::string_view id) const;  // oldest first; clients may have chosen the id

 private:
  void end_window();

  Ring<SeenRequest> failed_{kFailed};
  Ring<SeenRequest> slow_{kSlow};
  std::vector<SeenRequest> window_;  // the slowest of the one under way, slowest first
  std::int64_t window_number_ = 0;
  std::string new_;
};

}  // namespace frontdoor
