// What the admin API needs of the program, which it does not know: implemented where everything is wired. Control
// thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/exposition.h"
#include "admin/log_line.h"
#include "admin/reply.h"
#include "admin/status.h"
#include "base/time.h"
#include "observe/totals.h"

namespace frontdoor {

// What is asked of a pool that frontdoor runs, or of one instance of it.
struct AdminOperation {
  enum class Kind : std::uint8_t { Restart, Stop, Start, Scale };
  Kind kind = Kind::Restart;
  std::string pool = {};
  std::optional<unsigned> number = {};
  bool now = false;           // Restart: without waiting for requests
  std::int64_t instances = 0; // Scale
  bool relative = false;      // Scale: so many more (or fewer)
  std::string by = {};        // who asks for it
};

struct AdminOutcome {
  bool ok = true;
  std::string error = {};  // one sentence, of a new instance that did not come up with its last words
  unsigned replaced = 0, failed = 0;
  std::uint64_t served = 0, held = 0, replayed = 0, lost = 0;
  Duration took{};
};

// One instance while an operation is under way.
struct AdminGlance {
  std::string instance;  // "app.1"
  std::string state;
  pid_t pid = -1;
  bool operator==(const AdminGlance&) const = default;
};

// Follows what instances write; keeps nothing, so that a slow one costs nothing.
class AdminLogFollower {
 public:
  virtual ~AdminLogFollower() = default;
  virtual boost::asio::awaitable<AdminLogBatch> next(std::size_t most, Millis patience) = 0;
};

class AdminTarget {
 public:
  virtual ~AdminTarget() = default;

  virtual boost::asio::awaitable<AdminStatus> status() = 0;
  // All that is counted and known without asking anybody: observe/totals.h says what it costs.
  virtual Totals totals() const = 0;
  // What else a scrape tells: asks the kernel, so not for each request.
  virtual ScrapeExtras scrape_extras() const = 0;
  // Why this process is of no use and should be started anew; "" = it lives.
  virtual std::string unhealthy() = 0;
  // The running config: where it is from, and its text, in which secrets are ***.
  virtual boost::json::object config() const = 0;

  // Why it can not even be begun.
  virtual std::optional<AdminProblem> why_not(const AdminOperation& operation) const = 0;
  virtual boost::asio::awaitable<AdminOutcome> carry_out(AdminOperation operation) = 0;
  virtual std::vector<AdminGlance> glance(const std::string& pool) const = 0;

  virtual std::optional<AdminProblem> why_not(const AdminLogFilter& filter) const = 0;
  // The last `count` lines, and all that come later.
  virtual std::unique_ptr<AdminLogFollower> follow(const AdminLogFilter& filter, std::size_t count,
                                                   std::vector<AdminLogLine>& last) = 0;

  virtual void shut_down(const std::string& by) = 0;  // finishes the requests, stops the instances and ends; a second time: nothing
};

}  // namespace frontdoor
