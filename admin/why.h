// What the admin API asks of the program about upstreams that take no requests and about single requests, and GET …:why,
// which tells it. Implemented where everything is wired. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
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
  std::string words = {};   // what its command wrote last
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

// What was asked of a pool's instances, did not come up, and was not asked again.
struct AdminWhyFailed {
  std::string pool = {};
  std::string summary = {};                // a sentence
  std::vector<std::string> advice = {};    // what one can do
};

struct AdminWhys {
  std::optional<AdminProblem> problem = {};
  std::vector<AdminWhyFailed> failed_changes = {};
  std::vector<AdminWhy> upstreams = {};
  std::string summary = {};  // of all that was asked about: "2 of 3 upstreams take requests"
};

// What became of one request.
struct AdminRequestWhy {
  std::string summary = {};  // a sentence
  std::string meaning = {};  // of its outcome
  std::vector<std::string> stages = {};  // where its time went
  std::vector<std::string> advice = {};  // where to look
  boost::json::object request = {};      // as in GET /api/v1/requests
  EventHistory::Events events = {};      // of its pool, while it was under way
};

struct AdminRequestWhys {
  std::optional<AdminProblem> problem = {};
  std::vector<AdminRequestWhy> requests = {};  // an id that clients choose may be that of several
};

class AdminExplainer {
 public:
  virtual ~AdminExplainer() = default;

  // One upstream, or those of a pool that take no requests; pool "" = of every pool.
  virtual boost::asio::awaitable<AdminWhys> why(std::string pool, std::string upstream) = 0;
  // Of those that are kept, since they failed or were slow.
  virtual AdminRequestWhys why_request(const std::string& id) = 0;
};

// `explainer` must outlive the server.
void add_why_api(AdminServer& server, AdminExplainer& explainer);

}  // namespace frontdoor
