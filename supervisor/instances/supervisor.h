// The pools that frontdoor runs itself: how many instances each has, which of them are members, and how what is asked
// of them is carried out without losing a request. Each pool has its own queue of operations (pool_plan.h), so that one
// may roll while another is scaled. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "supervisor/instances/instance.h"
#include "supervisor/instances/instance_group.h"
#include "supervisor/instances/instance_places.h"
#include "supervisor/instances/instance_status.h"
#include "supervisor/instances/operation.h"
#include "supervisor/output/instance_logs.h"

namespace frontdoor {

class Supervisor {
 public:
  Supervisor(boost::asio::io_context& control, Log& log, LauncherClient& launcher, InstanceHost& host,
             AppOutput& output, InstanceLogs& logs, unsigned usable_cpus);
  ~Supervisor();

  // Makes the instances fit the config: starts what is missing, stops what is no longer named after its last
  // request, and replaces those that were started with something else, in turn.
  // `inherited`: what a front door that crashed had running. It is taken over, and what does not fit replaced or ended.
  void apply(const config::Config& config, std::vector<RunningProcess> inherited = {});

  // Of the config that was applied last.
  std::shared_ptr<const ConfigFit> fit() const { return fit_; }

  // What that had left with the launcher; before the first apply().
  void inherit(std::map<std::string, std::vector<OwnedFd>>& kept);

  // Operations. They may overlap: what was asked last is where it ends. `number`: one instance, or the whole pool.
  // `reason`: for the event log and `status`. `with`: where a change of the config has failed, whether it is tried again.
  boost::asio::awaitable<OperationResult> restart(std::string pool, std::optional<unsigned> number, RestartHow how,
                                                  std::string reason, RestartWith with = RestartWith::Config);
  // Stays stopped until `start`, or a restart of it, whatever the config says meanwhile.
  boost::asio::awaitable<OperationResult> stop(std::string pool, std::optional<unsigned> number,
                                               std::optional<OrderedBy> by = {});
  boost::asio::awaitable<OperationResult> start(std::string pool, std::optional<unsigned> number,
                                                std::optional<OrderedBy> by = {});
  // Stopped until the next request, by `idle_stop`: any operation on the pool ends that, and all of them but a `stop`
  // start it again.
  void sleep(const std::string& pool);
  bool asleep(const std::string& pool) const { return asleep_.contains(pool); }
  // Until the config names another number than it did.
  boost::asio::awaitable<OperationResult> scale(std::string pool, unsigned instances,
                                                std::optional<OrderedBy> by = {});

  // Another front door has them from now on: nothing more is done to them or read of them here.
  void yield();

  // All instances, at once; returns when nothing is left of them.
  boost::asio::awaitable<void> shut_down();

  const InstanceAddresses& members() const { return members_; }
  std::vector<std::shared_ptr<Instance>> instances() const;
  std::vector<PoolStatus> status() const;  // by name
  std::optional<PoolStatus> status_of(const std::string& pool) const;

 private:
  std::shared_ptr<InstanceGroup> group_of(const std::string& pool);
  void adopt(std::vector<RunningProcess> inherited);
  boost::asio::awaitable<void> make_fit(std::shared_ptr<InstanceGroup> group, bool asked, std::shared_ptr<ConfigFit> fit);
  boost::asio::awaitable<void> keep(std::shared_ptr<InstanceGroup> group);
  boost::asio::awaitable<OperationResult> ask(std::string pool, Wish wish);
  std::string objection(const std::string& pool, const Wish& wish) const;
  void tell_members();

  boost::asio::io_context& control_;
  Log& log_;
  InstancePlaces places_;
  InstanceContext context_;
  const unsigned usable_cpus_;
  std::map<std::string, std::shared_ptr<InstanceGroup>> groups_;
  std::set<std::string> asleep_;  // pools
  std::map<std::string, std::string> asked_before_;  // by pool: of a front door that crashed, until the first apply()
  InstanceAddresses members_;
  std::shared_ptr<ConfigFit> fit_ = std::make_shared<ConfigFit>();
  bool stopping_ = false;
};

}  // namespace frontdoor
