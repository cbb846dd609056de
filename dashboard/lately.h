// What the last five minutes were like, in a sentence or two below the first: who went down, and what became of the
// requests meanwhile. The first sentence is about now and forgets; this one is for whoever comes a minute too late, and
// says whether it has cost anybody anything. Fed with each event, and once a second with what was counted. No clock.
// Control thread.
//
//   In the last 5 minutes app.3 crashed twice (SIGABRT). 2 of 12 345 requests failed, each of them POST /crash, and
//   no other; 14 were sent again, 5 had to wait.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/event_history.h"
#include "dashboard/request_log.h"
#include "dashboard/ring.h"
#include "observe/totals.h"

namespace frontdoor {

class Lately {
 public:
  static constexpr std::int64_t kSeconds = 300;
  static constexpr std::size_t kFalls = 500;  // that are remembered: of an upstream that flaps the first are forgotten

  void add(const Event& event);

  // The second (of a clock that never jumps) in which this was counted, and the wall clock's moment of it. What comes in no
  // later one than the last is left for the next.
  void add(std::int64_t second, std::int64_t unix_millis, const Totals& totals);

  // `failed`: those that are remembered (RequestLog), so that it can say which.
  std::string sentence(const std::vector<SeenRequest>& failed) const;

 private:
  // Of one upstream: its process ended, or it was found to be down.
  struct Fall {
    std::int64_t unix_micros = 0;
    std::string name = {};
    std::string how = {};  // "crashed (SIGABRT)", "went down"
    bool is_end = false;   // of its process
  };
  struct Counted {
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::uint64_t sent_again = 0;
    std::uint64_t held = 0;  // that have waited for an upstream
  };
  struct Second {
    std::int64_t second = 0;
    Counted more = {};  // than in the one before
  };

  static Counted count(const Totals& totals);
  bool told_already(const Fall& fall);
  std::string falls() const;
  std::vector<SeenRequest> recent(const std::vector<SeenRequest>& failed) const;
  std::string requests(const std::vector<SeenRequest>& failed) const;

  Ring<Second> seconds_{static_cast<std::size_t>(kSeconds)};
  std::vector<Fall> falls_;  // oldest first
  Counted counted_ = {};
  std::int64_t first_second_ = 0;  // 0: there was none
  std::int64_t last_second_ = 0;
  std::int64_t unix_millis_ = 0;
};

}  // namespace frontdoor
