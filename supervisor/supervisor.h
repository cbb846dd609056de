// The pools that frontdoor runs itself: how many instances each has, which of them are members, and how a
// change is carried out without losing a request. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "supervisor/instance.h"
#include "supervisor/instance_places.h"

namespace frontdoor {

class Supervisor {
 public:
  Supervisor(boost::asio::io_context& control, Log& log, LauncherClient& launcher, InstanceHost& host,
             OutputSink& output, unsigned usable_cpus);
  ~Supervisor();

  // Makes the instances fit the config: starts what is missing, stops what is no longer named after its last
  // request, and replaces those whose command, directory or variables changed, one after another.
  // `inherited`: what a front door that crashed had running; what fits is taken over.
  void apply(const config::Config& config, std::vector<RunningProcess> inherited = {});
  // What it had left with the launcher; before the first apply().
  void inherit(std::map<std::string, std::vector<OwnedFd>>& kept) { places_.inherit(kept); }
  // All instances, at once; returns when nothing is left of them.
  boost::asio::awaitable<void> stop();

  const InstanceAddresses& members() const { return members_; }
  std::vector<std::shared_ptr<Instance>> instances() const;
  InstanceLogs& logs() { return logs_; }  // what they have written lately; see LineFollower, too

 private:
  struct Group;  // a pool's instances

  boost::asio::awaitable<void> fit(std::shared_ptr<Group> group);
  boost::asio::awaitable<bool> replace(std::shared_ptr<Group> group, std::shared_ptr<Instance> old);
  boost::asio::awaitable<void> retire(std::shared_ptr<Group> group, std::shared_ptr<Instance> instance);
  std::shared_ptr<Instance> add(Group& group, unsigned number,
                                std::optional<Endpoint> place = std::nullopt);
  static InstanceAddress address_of(const Group& group, unsigned number, const Endpoint& place);
  void take_over(Group& group, std::vector<RunningProcess>& inherited);
  void end_strangers(std::vector<RunningProcess> strangers);
  unsigned wanted(const config::Process& process) const;
  void tell_members();

  boost::asio::io_context& control_;
  Log& log_;
  InstancePlaces places_;
  InstanceLogs logs_;
  InstanceContext context_;
  const unsigned usable_cpus_;
  std::map<std::string, std::shared_ptr<Group>> groups_;
  InstanceAddresses members_;
  bool stopping_ = false;
};

}  // namespace frontdoor
