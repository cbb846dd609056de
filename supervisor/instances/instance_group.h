// The instances of one pool: carries out what its plan says, one step for each place at a time, and tells whoever asked
// for something what became of it. A place is "app.1"; while it is being replaced it has two instances, or three.
// Owned by the supervisor, lives on in its coroutine until the pool is gone and its last instance with it. Control
// thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/pool_traffic.h"
#include "config/config.h"
#include "supervisor/instances/adopted_roles.h"
#include "supervisor/instances/ended_instances.h"
#include "supervisor/instances/hung_watch.h"
#include "supervisor/instances/instance.h"
#include "supervisor/instances/instance_memo.h"
#include "supervisor/instances/instance_status.h"
#include "supervisor/instances/operation.h"
#include "supervisor/instances/pool_plan.h"

namespace frontdoor {

inline constexpr std::string_view kAskedOf = "asked of ";  // what the launcher keeps: this, and the pool

// What somebody waits for, and what has happened since.
struct PendingWish {
  explicit PendingWish(Wish what) : wish(std::move(what)) {}

  Wish wish;
  TimePoint began = Clock::now();
  PoolTraffic before = {};
  unsigned replaced = 0;
  unsigned failed = 0;
  std::optional<OperationResult> result = {};
};

class InstanceGroup : public std::enable_shared_from_this<InstanceGroup> {
 public:
  struct Surroundings {
    InstanceContext& context;
    unsigned usable_cpus;
    std::function<void()> members_changed;  // before they are started, and when they leave
  };

  InstanceGroup(Surroundings surroundings, std::string pool);
  ~InstanceGroup();

  // What the config says of the pool; without a command it is gone from it, and its instances end after their last
  // request. Whether it asks for other instances than before.
  bool configure(const config::Process& settings, Millis drain);
  // What was asked of the pool before the front door crashed, as it was left with the launcher. Before configure().
  void recall(const std::string& asked);
  // A process that a front door has left that crashed gets its place. When all have theirs and the members have been told,
  // they are taken over, and a roll that was under way goes on.
  void adopt(RunningProcess process, const InstanceMemo& memo);
  void take_over_adopted();
  // Once, after the first configure(): until there is nothing left to do for it.
  boost::asio::awaitable<void> run(std::shared_ptr<InstanceGroup> self);

  // Until it has come true, has failed, or was overtaken by another wish.
  boost::asio::awaitable<OperationResult> fulfil(Wish wish);
  // The front door ends: all instances at once.
  boost::asio::awaitable<void> shut_down();

  const std::string& pool() const { return pool_; }
  const config::Process& settings() const { return settings_; }
  unsigned wanted() const { return plan_.count(); }
  bool gone() const { return settings_.command.empty(); }  // from the config
  std::vector<InstanceAddress> members() const;
  std::vector<std::shared_ptr<Instance>> instances() const;  // those that leave included
  PoolStatus status() const;

 private:
  struct Adopted {
    std::shared_ptr<Instance> instance;
    RunningProcess process;
    std::string launch;  // what it was started with
    AdoptedRole role = AdoptedRole::Leaves;
  };
  struct Place {
    std::shared_ptr<Instance> serving = {};  // a member of the pool
    std::shared_ptr<Instance> next = {};     // also a member, proves itself
    std::vector<std::shared_ptr<Instance>> leaving = {};
    std::vector<Adopted> adopted = {};  // and not taken over yet; members
    std::shared_ptr<PlaceHistory> history = std::make_shared<PlaceHistory>();
    std::string no_place = {};  // why what was to start here last has none to listen; "" = it has
    TimePoint no_place_told{};

    bool empty() const { return !serving && !next && leaving.empty(); }
  };

  std::shared_ptr<PendingWish> pend(Wish wish);
  std::vector<PlaceView> look() const;
  bool remember();
  EndedInstances ended_for_good() const;
  void take_steps();
  bool is_proved() const;
  config::Process as_launched(const config::Launch& launch) const;
  // Of what is started now in the place of this one; null: in one that is empty.
  config::Process settings_of_next(const Instance* serving) const;
  void hand_on(const std::string& reason);
  std::optional<config::Launch> what_served(unsigned number) const;
  void roll_failed(const Instance& next, const std::string& reason);
  void roll_failed_nowhere(unsigned number);
  void note_failed_roll(unsigned number, Tick born, const std::string& reason, const std::string& why);
  void note_no_place(unsigned number, const std::string& reason);
  std::optional<FailedRoll> failed_roll() const;
  std::shared_ptr<Instance> add(unsigned number, const config::Process& settings,
                                std::optional<Endpoint> where = std::nullopt);
  Place& place(unsigned number);
  InstanceAddress address_of(unsigned number, const Endpoint& where) const;
  boost::asio::awaitable<void> replace(std::shared_ptr<InstanceGroup> self, unsigned number);
  boost::asio::awaitable<void> prove(std::shared_ptr<InstanceGroup> self, unsigned number, std::string reason);
  boost::asio::awaitable<void> retire(std::shared_ptr<InstanceGroup> self, unsigned number,
                                      std::shared_ptr<Instance> instance);
  boost::asio::awaitable<void> watch_hung(std::shared_ptr<InstanceGroup> self);
  void answer();
  OperationResult result_of(const PendingWish& pending, const Fulfilment& found) const;
  StartFailure why_not_up(unsigned number) const;
  void tell(const PendingWish& pending, const OperationResult& result);
  void note_replaced(unsigned number);
  void forget_empty_places();
  void spawn(boost::asio::awaitable<void> coroutine);
  InstanceStatus status_of(const Instance& instance, const Place& place) const;

  const Surroundings surroundings_;
  InstanceContext& context_;
  const std::string pool_;
  const std::shared_ptr<Notice> changed_;
  const std::shared_ptr<StartGate> gate_;
  PoolPlan plan_;
  std::string remembered_;  // by the launcher
  EndedInstances ended_before_;  // for good, under the front door before this one, and not in their places yet
  config::Process settings_;
  Millis drain_{};
  std::map<unsigned, Place> places_;
  std::list<std::shared_ptr<PendingWish>> pending_;
  StartFailure replacement_failure_;
  std::optional<FailedRoll> failed_roll_;
  Tick failed_born_ = 0;  // what that had started
  std::optional<config::Launch> served_;  // then; for places where nothing has
  bool stopping_ = false;
  bool over_ = false;  // run() is
  bool out_of_places_ = false;
};

}  // namespace frontdoor
