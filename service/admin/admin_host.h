// The admin socket and the admin address of the running program: opens the one, serves both, and answers what the API
// asks by looking at the service's parts. Owned by the Service, which it never outlives. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/api.h"
#include "admin/event_feed.h"
#include "admin/membership.h"
#include "admin/socket.h"
#include "admin/steering.h"
#include "admin/target.h"
#include "admin/upkeep.h"
#include "balancer/snapshot.h"
#include "base/log.h"
#include "dashboard/dashboard.h"
#include "proxy/server/server.h"
#include "service/admin/admin_address.h"
#include "service/admin/explainer.h"
#include "service/admin/kept_admin.h"
#include "service/admin/totals_reader.h"
#include "service/admin/usage_sampler.h"
#include "service/admin/webhook.h"
#include "service/orders/steering.h"
#include "service/process/serve_options.h"
#include "service/process/supervision.h"

namespace frontdoor {

class AdminHost : private AdminTarget, private DashboardSource {
 public:
  // What it looks at and what it may do.
  struct View {
    std::function<std::shared_ptr<const Snapshot>()> snapshot;
    std::function<Supervision*()> supervision;  // null: there are no instances
    std::function<bool()> draining;
    std::function<void()> shut_down;
    Server& server;
    EventHistory& events;
    AdminSteering& steering;
    AdminMembership& membership;
    std::function<Orders()> orders;
    std::function<std::vector<LeavingMember>()> leaving;
    AdminUpkeep& upkeep;
    Explainer::Health health;
    const TotalsReader& totals;
    std::function<std::optional<AdminStatus::RefusedFile>()> refused;
    Webhook::LookUp look_up;
  };

  AdminHost(boost::asio::io_context& control, Log& log, const ServeOptions& options, View view);

  // A socket that can not be had is told and done without.
  void start(const config::Admin& settings, AdminAddress address);
  // An upgrade. Before start(): what the process of before has left. Its socket's file is ours when that one has left.
  void adopt(std::optional<KeptAdminSocket> socket) { kept_socket_ = std::move(socket); }
  void own_socket() { socket_.own(); }
  void refuse_changes(const std::string& why) {
    if (server_) server_->refuse_changes(why);
  }
  void add_kept(std::vector<KeptSocket>& kept) const;  // what a new process is to adopt
  // That one has it from now on, but for what it has not taken, by their names.
  void leave(const std::vector<std::string>& not_taken);
  void end_connections() {
    if (server_) server_->stop();
  }

  void apply(const config::Admin& settings);  // a reload
  // The program ends: who is told what happens hears the last of it. Ends within a moment.
  boost::asio::awaitable<void> tell_the_rest() { return webhook_.tell_the_rest(kLastWords); }
  void stop();
  const std::string& path() const { return socket_.path(); }
  std::string address() const { return address_.text(); }  // "" = there is none

 private:
  static constexpr Millis kLastWords{2'000};

  boost::asio::awaitable<AdminStatus> status() override;
  Totals totals() const override;
  bool may_write() const override { return may_write_; }
  std::vector<SeenRequest> take_requests() override;
  ScrapeExtras scrape_extras() const override;
  std::string unhealthy() override;
  boost::json::object config() const override;
  std::optional<AdminProblem> why_not(const AdminOperation& operation) const override;
  boost::asio::awaitable<AdminOutcome> carry_out(AdminOperation operation) override;
  std::vector<AdminGlance> glance(const std::string& pool) const override;
  std::optional<AdminProblem> why_not(const AdminLogFilter& filter) const override;
  std::unique_ptr<AdminLogFollower> follow(const AdminLogFilter& filter, std::size_t count,
                                           std::vector<AdminLogLine>& last) override;
  void shut_down(const std::string& by) override;

  void open_socket(const config::Admin& settings);
  std::vector<std::string> pool_names() const;
  std::vector<PoolStatus> pool_statuses() const;
  // What all pools are told from, read once for each status.
  struct Looks {
    const std::vector<PoolStatus>& instances;
    const SampledUsages& usages;
    const Orders& orders;
    const std::vector<LeavingMember>& leaving;
  };
  void add_pool(AdminStatus& status, const Pool& pool, const config::Pool& configured, const Looks& looks) const;
  pid_t main_pid() const;

  boost::asio::io_context& control_;
  Log& log_;
  const ServeOptions& options_;
  const View view_;
  const std::int64_t started_unix_millis_;
  UsageSampler usage_;
  EventFeed events_;
  Explainer explainer_;
  Dashboard dashboard_;
  Webhook webhook_;
  bool may_write_ = false;  // over the address
  std::optional<KeptAdminSocket> kept_socket_;
  config::Admin settings_;  // as its places were opened
  AdminSocket socket_;
  AdminAddress address_;
  std::unique_ptr<AdminServer> server_;
};

}  // namespace frontdoor
