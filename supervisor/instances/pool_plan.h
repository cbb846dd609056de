// What is to be done with a pool's instances: compares what was asked for (by the config, an operator, a trigger) with
// what is there, and names the next steps. However operations overlap, what was asked last is where it ends, so it ends
// with as many processes as were asked for. A restart asks for processes that are younger than it; one that comes
// while another is under way waits for its turn, and is joined by those that come meanwhile. Pure.

#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "balancer/ordered_by.h"
#include "supervisor/instances/operation.h"

namespace frontdoor {

// Orders operations and starts of processes in time.
using Tick = std::uint64_t;
inline constexpr Tick kNotBornYet = std::numeric_limits<Tick>::max();  // it will be younger than whatever is asked now

// One place of the pool ("app.1"), as it is.
struct PlaceView {
  unsigned number = 0;
  bool serving = false;  // an instance is there, in the pool, whether it is up or not
  bool proving = false;  // another one that is to take its place is starting
  bool leaving = false;  // an old one finishes its requests, or is being stopped
  // Of the serving one:
  bool current = true;   // it was started as the config says now
  bool idle = false;     // without a process: it pauses, or has ended for good; by itself it comes back as what it was
  bool was_up = false;   // this process has been up
  bool done = false;     // it has ended well, and is not to come back
  bool failed = false;   // the last start did not come up
  // Nothing serves, since what was to start has no place to listen; it is tried again:
  bool nowhere = false;
  Tick born = 0;         // when its process was started
};

struct PlanStep {
  enum class What : std::uint8_t {
    Start,       // a new instance in an empty place
    Replace,     // a new one beside the old one; then the old one retires
    RestartNow,  // the same instance gets a new process
    Retire,      // out of the pool, its requests finished, stopped
  };
  What what = What::Start;
  unsigned number = 0;

  bool operator==(const PlanStep&) const = default;
};

// What somebody asked for and waits for.
struct Wish {
  enum class What : std::uint8_t { Restart, Start, Stop, Scale, Fit };  // Fit: a config was read
  What what = What::Fit;
  std::optional<unsigned> number = {};  // none: the whole pool
  RestartHow how = RestartHow::Rolling;
  RestartWith with = RestartWith::Config;
  unsigned count = 0;  // Scale
  bool sleep = false;  // Stop: by `idle_stop`, until the next request
  std::string reason = {};
  std::optional<OrderedBy> by = {};  // Start, Stop, Scale: an operator
  Tick asked = 0;
};

struct Fulfilment {
  enum class What : std::uint8_t { Pending, Done, Failed, Overtaken };
  What what = What::Pending;
  unsigned number = 0;    // Failed: which place does not come up; 0: the replacement that ended the rollout
  const char* by = "";    // Overtaken: by what
};

class PoolPlan {
 public:
  // A config was read. Another number of instances than before ends what `scale` has asked for. `share`: how much of
  // the pool may be replaced at a time.
  void configure(unsigned instances, double share, Tick now);

  Tick config_read() const { return config_read_; }

  void ask(const Wish& wish);
  // Why this place's process is to be a new one; what was asked last counts.
  std::string reason_for(unsigned number) const;

  // What operators have asked for and what outlives a crash of the front door: `stop` and `scale`. "" = nothing.
  // recall() comes before the first configure().
  std::string to_remember() const;
  void recall(const std::string& text);

  // The new instance that was started at `born` did not come up: what was asked before that ends here, and the old
  // ones stay.
  void replacement_failed(Tick born);
  // Whether what is started is to be what served: what the config says has failed, and nobody has asked for it since, by
  // a config that was read or a restart.
  bool keeps_what_served() const { return wanted_as_configured_ < given_up_; }

  unsigned count() const { return scaled_.value_or(configured_); }
  bool scaled() const { return scaled_.has_value(); }
  bool stopped() const { return all_stopped_; }
  // By whom; nothing: by nobody, or by frontdoor itself.
  const std::optional<OrderedBy>& scaled_by() const { return scaled_by_; }
  const std::optional<OrderedBy>& stopped_by() const { return all_stopped_by_; }
  std::optional<OrderedBy> stopped_by(unsigned number) const;  // that one alone
  bool wanted(unsigned number) const;
  bool none_wanted() const;
  unsigned at_a_time() const;  // how many may be replaced; never less than one

  std::vector<PlanStep> next(std::span<const PlaceView> places) const;
  Fulfilment look(const Wish& wish, std::span<const PlaceView> places) const;

 private:
  struct Mark {
    Tick asked = 0;
    std::string reason;
  };
  bool wants_newer(const std::map<unsigned, Mark>& marks, const PlaceView& place) const;
  bool to_be_replaced(const PlaceView& place) const;
  void mark(std::map<unsigned, Mark>& marks, const Wish& wish);
  void start(std::optional<unsigned> number);
  void stop(std::optional<unsigned> number, const std::optional<OrderedBy>& by);
  void unscale();
  void recall_author(const std::string& line);
  void forget_beyond();
  Fulfilment look_at(const Wish& wish, unsigned number, const PlaceView* place) const;

  unsigned configured_ = 0;
  double share_ = 0;
  std::optional<unsigned> scaled_;
  std::optional<OrderedBy> scaled_by_;
  bool all_stopped_ = false;
  std::optional<OrderedBy> all_stopped_by_;
  bool sleeping_ = false;  // stopped by nobody who would want that remembered
  std::map<unsigned, std::optional<OrderedBy>> stopped_;
  std::map<unsigned, Mark> rolling_;  // by number; 0 = all of them
  std::map<unsigned, Mark> now_;
  std::map<unsigned, Mark> start_;  // for what has no process
  Tick config_read_ = 0;
  Tick wanted_as_configured_ = 0;  // by a config that was read, or by a restart
  Tick given_up_ = 0;  // what was asked until then
};

}  // namespace frontdoor
