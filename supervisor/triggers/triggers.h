// What makes instances be replaced or stopped by themselves: max_memory, cron_restart, watch, idle_stop. Keeps a trigger
// for each of these keys that a pool has set. Control thread; beside the Supervisor that carries out what they ask for.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/triggers/trigger.h"

namespace frontdoor {

class Triggers {
 public:
  Triggers(boost::asio::io_context& control, Log& log, Supervisor& supervisor, InstanceHost& host);
  ~Triggers();

  // After Supervisor::apply(). What is still said as before goes on undisturbed. `own_files`: those that frontdoor itself
  // writes; they are nobody's change.
  void apply(const config::Config& config, std::vector<std::string> own_files);
  void stop();

 private:
  using Name = std::pair<std::string, std::string>;  // pool, key
  struct Running {
    std::string settings;  // all that it depends on
    std::shared_ptr<Trigger> trigger;
  };

  TriggerContext context_;
  std::map<Name, Running> running_;
};

}  // namespace frontdoor
