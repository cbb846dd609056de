// What the admin API asks of the program about upstreams that take no requests, and GET …:why, which tells it. Implemented
// where everything is wired. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/reply.h"
#include "admin/server.h"
#include "base/event_history.h"

namespace frontdoor {

struct AdminProbe {
  std::int64_t unix_millis = 0;
  std::string result = {};  // "passed", "failed", "timed out", "refused", "not evidence"
  std::string detail = {};  // a failure in words
  std::string by = {};      // "probe", "request"
  bool counted = true;
  std::int64_t latency_micros = 0;
};

struct AdminWhy {
  std::string pool = {};
  std::string upstream = {};
  std::string summary = {};                // a sentence
  std::vector<std::string> back = {};      // what would bring it back
  std::vector<std::string> advice = {};    // what one can do
  std::string check = {};                  // what it is asked
  std::vector<AdminProbe> probes = {};     // the last ones, oldest first
  EventHistory::Events events = {};        // the last ones that are about it
};

struct AdminWhys {
  std::optional<AdminProblem> problem = {};
  std::vector<AdminWhy> upstreams = {};
  std::string summary = {};  // of all that was asked about: "2 of 3 upstreams take requests"
};

class AdminExplainer {
 public:
  virtual ~AdminExplainer() = default;

  // One upstream, or those of a pool that take no requests; pool "" = of every pool.
  virtual boost::asio::awaitable<AdminWhys> why(std::string pool, std::string upstream) = 0;
};

// `explainer` must outlive the server.
void add_why_api(AdminServer& server, AdminExplainer& explainer);

}  // namespace frontdoor
