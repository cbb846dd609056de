// The whole program while it serves, in the order in which its parts are built and torn down. Control thread.

#pragma once

#include <boost/asio.hpp>
#include <memory>
#include <string>

#include "admin/upkeep.h"
#include "base/event_history.h"
#include "base/kept_sockets.h"
#include "base/log.h"
#include "config/load.h"
#include "discovery/name_lookup.h"
#include "discovery/resolver.h"
#include "health/monitor.h"
#include "proxy/server/server.h"
#include "service/admin/admin_host.h"
#include "service/admin/kept_admin.h"
#include "service/admin/loss_reports.h"
#include "service/admin/totals_reader.h"
#include "service/files/certificates.h"
#include "service/files/config_watch.h"
#include "service/files/ready_file.h"
#include "service/files/reload.h"
#include "service/orders/steering.h"
#include "service/process/predecessors.h"
#include "service/process/serve_options.h"
#include "service/process/supervision.h"
#include "service/serving/service_notices.h"

namespace frontdoor {

// What a process finds that is not the first one of its kind.
struct FromBefore {
  std::vector<KeptSocket> kept = {};  // what an earlier front door listened on
  // Where it is told that it may serve: the launcher, or a front door that serves still. Nothing: it serves at once.
  std::optional<int> socket = {};
  Predecessors draining = {};  // without a launcher
};

// How many threads carry traffic: the command line's word, or the config's, or one for each CPU.
unsigned workers_wanted(const config::Config& config, const ServeOptions& options);

class Service : private InstanceHost, private AdminUpkeep {
 public:
  // `program`: where this program is, for an upgrade; "" = not known.
  Service(const config::Config& config, const ServeOptions& options, FromServiceManager given, FromBefore before = {},
          std::string program = {});
  int run();  // until a signal ends it; exit status

 private:
  void begin_serving();
  void begin_supervision();
  std::vector<KeptSocket> to_keep() const;
  void watch_health();
  void apply(std::shared_ptr<const Snapshot> snapshot);
  void members_changed();
  void start_workers();  // once
  boost::asio::awaitable<void> start_workers_at_last();
  bool every_routed_pool_has_members() const;
  bool every_upstream_judged() const;
  boost::asio::awaitable<void> become_ready();
  void reload_what_has_changed_meanwhile();
  boost::asio::awaitable<void> handle_signals();
  boost::asio::awaitable<void> handle_signals_with_memory();
  boost::asio::awaitable<void> stop_after_drain();
  bool stop(int signal);  // true: at once
  void begin_drain(std::string_view why, std::string_view hint);
  bool open();
  void say_why_not() const;
  void take_orders();
  void keep_config();
  void note_refused(const std::string& reason);
  bool open_admin_address();  // false: the config names one that can not be had
  void start_admin();
  void make_supervision();
  void run_instances();
  void name_who_serves_there();
  std::vector<Address> own_addresses() const;
  void follow_names();
  AdminReload look_at_file(config::Loaded& loaded) const;
  AdminReload reload();
  AdminReload reload_as_told();
  std::vector<AwaitsRestart> awaiting(const config::Config& next) const;
  void tell_what_is_shown(AdminReload& found) const;
  AdminReload refuse_reload(AdminReload found);
  std::vector<std::string> try_listeners(const config::Loaded& loaded, AdminReload& found) const;
  void refuse_listeners(AdminReload& found, const std::vector<std::string>& faults) const;
  std::vector<std::string> prepare_listeners(const config::Loaded& loaded, std::optional<PreparedListeners>& listeners,
                                             std::optional<Certificates::Prepared>& certificates);
  void take_listeners(const config::Config& config, PreparedListeners listeners, Certificates::Prepared certificates);
  void tell_opened(const OpenListener& listener);
  void tell_passed_in_vain();
  void write_ready_file();
  boost::asio::awaitable<void> write_ready_file_later();
  void watch_config();
  boost::asio::awaitable<void> tell_reloaded(unsigned reload);
  void finish();

  // An upgrade: service_upgrade.cpp
  static constexpr Millis kUpgradeTime{60'000};
  struct Upgrade {
    bool under_way = false;
    bool reload_later = false;
    pid_t successor = -1;  // without a launcher
    std::vector<std::string> not_taken = {};  // names of kept sockets that the new one does not have
    std::optional<AdminUpgrade> result = {};
  };
  AdminUpgrade why_not_upgrade() const;
  boost::asio::awaitable<AdminUpgrade> upgrade(std::string by, Millis within) override;
  void upgrade_by_signal();
  void begin_upgrade(Millis within);
  void upgrade_message(const LauncherMessage& message);
  boost::asio::awaitable<void> yield_at_rest(unsigned upgrade);
  void upgrade_failed(const std::string& reason);
  void take_back(const std::string& reason);
  void leave(const std::string& version, pid_t to);
  boost::asio::awaitable<void> leave_after_drain();
  boost::asio::awaitable<void> run_successor(Millis within);
  boost::asio::awaitable<void> watch_successor(pid_t pid);
  boost::asio::awaitable<void> await_turn();
  boost::asio::awaitable<void> await_word();
  boost::asio::awaitable<void> tell_that_it_serves();

  // AdminUpkeep
  boost::asio::awaitable<AdminReload> reload(std::string by) override;
  AdminReload compare() override;
  bool reopen_logs(const std::string& by) override;
  bool reopen_logs();

  // The service manager
  void tell_service_manager(const std::string& lines);
  void note_notified(const std::string& failure);
  Census census() const;
  Millis longest_instance_stop() const;
  Millis longest_stop() const;
  boost::asio::awaitable<void> follow_status();

  // InstanceHost
  void instances_changed(const InstanceAddresses& instances) override;
  std::shared_ptr<Upstream> upstream_of(const InstanceAddress& instance) override;
  std::shared_ptr<PoolMemory> memory_of(const std::string& pool) override;
  PoolTraffic traffic_of(const std::string& pool) override;
  void probe_now(const Upstream& upstream) override { health_.look_now(upstream); }
  std::string last_failure(const Upstream& upstream) override { return health_.last_failure(upstream); }
  void evict(const std::shared_ptr<Upstream>& upstream, const std::string& reason) override;
  void instance_moved(const Instance& instance) override;

  // --exit-with-child
  void look_whether_all_ended();

  const ServeOptions& options_;
  EventHistory events_;
  Log log_;
  std::string access_log_error_;
  AccessLog access_log_;
  LostLines lost_lines_{log_, access_log_};
  MalformedMessages malformed_;
  ReadyFile ready_file_;
  bool ready_file_awaited_ = false;  // it could not be written yet
  boost::asio::io_context control_{1};
  boost::asio::signal_set signals_{control_};
  TimeSource time_;
  KernelSocketOps ops_;
  UpstreamContexts upstream_contexts_{log_};
  UpstreamRegistry registry_;
  Steering steering_;
  std::shared_ptr<const Snapshot> snapshot_;
  HealthMonitor health_;
  NameLookups lookups_;
  Resolver resolver_;
  Certificates certificates_{log_};
  ConfigWatch config_watch_;
  Server server_;
  TrafficLosses losses_{log_, server_};
  InstanceAddresses instances_;
  std::unique_ptr<Supervision> supervision_;  // null: this program runs no instances
  std::vector<std::unique_ptr<Supervision>> retired_;  // have let go of what the one in use has again
  bool workers_run_ = false;
  const FromServiceManager given_;
  std::vector<KeptSocket> kept_;  // of listeners
  KeptAdmin kept_admin_;
  const FromBefore before_;
  mutable Predecessors predecessors_;  // asking forgets those that have gone
  const std::string program_;
  bool serving_ = false;
  bool took_over_ = false;  // from the one before, if there was one
  bool left_ = false;  // another process serves
  bool told_to_stop_ = false;  // since then
  Upgrade upgrade_;
  unsigned upgrades_ = 0;  // that have begun
  NotifySocket notify_socket_{given_.notify_socket};
  bool notify_failed_ = false;
  ServiceNotices notices_;
  bool draining_ = false;
  unsigned reloads_ = 0;
  bool all_ended_ = false;  // of their own accord (--exit-with-child)
  int exit_status_ = 0;
  ReloadTotals reload_totals_;
  std::string files_read_{options_.files_read};  // of the config that serves
  std::optional<AdminStatus::RefusedFile> refused_;  // what the file says now
  TotalsReader totals_;
  AdminAddress admin_address_;
  std::unique_ptr<AdminHost> admin_;
  const config::Admin admin_at_start_;
};

}  // namespace frontdoor
