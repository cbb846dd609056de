// The processes of this program, where its config has any: the launcher's socket, the supervisor of the instances, where
// the apps' output goes, and the commands of exec checks. Owned by the Service. Control thread.
//
// An upgrade gives all of it to another process. When that one dies before it serves, the instances are ours again: another
// Supervision takes them, as the first one of a process does after a crash, and the one that has let go is silent for ever.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/kept_sockets.h"
#include "base/log.h"
#include "config/config.h"
#include "supervisor/instances/exec_checks.h"
#include "supervisor/instances/instance_host.h"
#include "supervisor/instances/supervisor.h"
#include "supervisor/launcher/front_door_crash.h"
#include "supervisor/launcher/launcher_client.h"
#include "supervisor/output/app_output.h"
#include "supervisor/output/instance_logs.h"
#include "supervisor/triggers/triggers.h"

namespace frontdoor {

class Supervision {
 public:
  Supervision(boost::asio::io_context& control, Log& log, int launcher_socket, InstanceHost& host,
              std::function<void()> launcher_gone);
  // In the place of one that has let go, with its socket, its outputs and the last lines. That one must live as long as the
  // program: its coroutines wait for what never comes.
  Supervision(boost::asio::io_context& control, Log& log, Supervision& before, InstanceHost& host,
              std::function<void()> launcher_gone);

  // Files that frontdoor reads and writes beside its logs, which no `watch` of an app means. Before start().
  void set_own_files(std::vector<std::string> files) { own_files_ = std::move(files); }
  // Takes over what an earlier front door had running, then makes the instances fit.
  void start(const config::Config& config);
  void apply(const config::Config& config);  // a reload
  // The launcher keeps these for a front door after this one, and nothing else; once it is about to stop, none.
  // `inherited`: what it has kept of one before.
  void keep_listeners(const std::vector<KeptSocket>& sockets, const std::vector<KeptSocket>& inherited = {});
  void let_listeners_go();
  void keep_config(const std::string& text);  // likewise
  boost::asio::awaitable<void> stop();       // returns when no instance is left

  // Another program in our place (launcher_client.h).
  void upgrade(const std::string& program, std::chrono::milliseconds within) { launcher_.upgrade(program, within); }
  void on_upgrade(std::function<void(const LauncherMessage&)> told) { launcher_.on_upgrade(std::move(told)); }
  void yield();  // what it has is another front door's now; only its output is still written
  bool yielded() const { return launcher_.yielded(); }
  void prepared() { launcher_.prepared(); }
  boost::asio::awaitable<void> turn() { return launcher_.turn(); }
  void ready(const std::string& version) { launcher_.ready(version); }
  void write_out() { outputs_->output.close(); }

  // What the launcher is told of a stop: how long it takes at most, and that it has begun.
  void stop_within(std::chrono::milliseconds all, std::chrono::milliseconds instances) { launcher_.stop_within(all, instances); }
  void stopping() { launcher_.stopping(); }

  bool reopen_logs() { return outputs_->output.reopen(); }  // false: no pool logs into files
  InstanceLogs& logs() { return outputs_->logs; }
  // By way of the launcher, which is the unit's main process: only from that one systemd takes it by default.
  void tell_service_manager(const std::string& lines) { launcher_.notify(lines); }
  std::vector<PoolStatus> status() const { return supervisor_.status(); }
  bool changing() const;  // something that was asked for, by a reload for instance, is under way
  // Of the config that was applied last; null: it waits for what an earlier front door had running.
  std::shared_ptr<const ConfigFit> fit() const { return config_ ? nullptr : supervisor_.fit(); }
  void count(std::uint64_t& starting, std::uint64_t& crash_loop) const;

  CheckCommands& checks() { return checks_; }
  void apply_checks(const config::Config& config) { checks_.apply(config); }  // of a reload, before its upstreams are checked
  Supervisor& supervisor() { return supervisor_; }
  // Of the front door before this one; none: it has not crashed.
  struct Recovery {
    FrontDoorCrash crash = {};
    TimePoint back_at = {};
    std::size_t instances = 0;  // that ran on
  };
  const std::optional<Recovery>& recovery() const { return recovery_; }
  const InstanceAddresses& members() const { return supervisor_.members(); }

 private:
  // What is read of the instances, and where it goes.
  struct Outputs {
    AppOutput output;
    InstanceLogs logs = {};
  };
  // What the supervisor knows as its host: ours, for as long as the instances are.
  class Host final : public InstanceHost {
   public:
    explicit Host(InstanceHost& host) : host_(&host) {}
    void be_silent() { host_ = nullptr; }

    void instances_changed(const InstanceAddresses& instances) override;
    std::shared_ptr<Upstream> upstream_of(const InstanceAddress& instance) override;
    PoolTraffic traffic_of(const std::string& pool) override;
    std::shared_ptr<PoolMemory> memory_of(const std::string& pool) override;
    void probe_now(const Upstream& upstream) override;
    std::string last_failure(const Upstream& upstream) override;
    void evict(const std::shared_ptr<Upstream>& upstream, const std::string& reason) override;
    void instance_moved(const Instance& instance) override;

   private:
    InstanceHost* host_;
  };

  Supervision(boost::asio::io_context& control, Log& log, std::shared_ptr<Outputs> outputs, int launcher_socket,
              InstanceHost& host, std::function<void()> launcher_gone);
  static std::shared_ptr<Outputs> make_outputs(boost::asio::io_context& control, Log& log);
  int let_go_for_good();

  boost::asio::awaitable<void> begin();
  void note_crash(LauncherClient::Inheritance& inherited);
  std::vector<std::string> own_files(const config::Config& config) const;
  ExecChecks::Instances checked_instances() const;

  boost::asio::io_context& control_;
  Log& log_;
  Host host_;
  LauncherClient launcher_;
  const std::shared_ptr<Outputs> outputs_;
  Supervisor supervisor_;
  ExecChecks checks_;
  std::optional<config::Config> config_;  // until what an earlier front door had running is known
  Triggers triggers_;
  std::vector<std::string> own_files_;
  bool begun_ = false;
  std::optional<Recovery> recovery_;
  std::vector<std::string> kept_listeners_;
};

}  // namespace frontdoor
