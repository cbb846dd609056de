#include "service/admin/admin_host.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <utility>

#include "admin/events_api.h"
#include "admin/index_api.h"
#include "admin/observation_api.h"
#include "admin/place.h"
#include "admin/steer_api.h"
#include "admin/upkeep_api.h"
#include "admin/utf8.h"
#include "base/unix_time.h"
#include "config/show.h"
#include "proxy/server/port_holder.h"
#include "service/admin/admin_rows.h"
#include "service/admin/own_usage.h"
#include "service/process/stop_time.h"
#include "service/process/version.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kStuck{10'000};  // a worker that has not turned its loop for so long makes the process one to restart

std::uint64_t resident_bytes(pid_t pid) {
  const auto process = read_process(pid);
  return process ? process->resident_bytes : 0;
}

// Asked once, at the start: it may take its time.
std::string own_name() {
  std::array<char, 16 * 1024> room;
  passwd entry{};
  passwd* found = nullptr;
  const bool known = ::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return known ? found->pw_name : "";
}

}  // namespace

AdminHost::AdminHost(asio::io_context& control, Log& log, const ServeOptions& options, View view)
    : control_(control),
      log_(log),
      options_(options),
      view_(std::move(view)),
      started_unix_millis_(unix_now_millis()),
      usage_(control),
      events_(control, view_.events),
      explainer_(*this, view_.snapshot, view_.health,
                 [this](const std::string& id) { return dashboard_.find_request(id); }, view_.events),
      dashboard_(control, log, *this, events_),
      webhook_(control, log, events_, view_.look_up) {}

// What the operator started: with instances that is the launcher, whose child this process is.
pid_t AdminHost::main_pid() const { return options_.launcher ? ::getppid() : ::getpid(); }

namespace {

AdminTcpRules rules_of(const config::Admin& settings) { return {settings.hosts, settings.token}; }

}  // namespace

void AdminHost::start(const config::Admin& settings, AdminAddress address) {
  address_ = std::move(address);
  settings_ = settings;
  webhook_.start(settings);
  if (settings.socket != "off") open_socket(settings);
  if (!socket_.valid() && !address_.valid()) return;
  server_ = std::make_unique<AdminServer>(control_, log_, AdminAccess{::geteuid(), socket_.group(), own_name()});
  add_api(*server_, control_, *this);
  add_events_api(*server_, events_);
  add_steer_api(*server_, view_.steering);
  add_membership_api(*server_, view_.membership);
  add_upkeep_api(*server_, view_.upkeep);
  add_why_api(*server_, explainer_);
  add_observation(*server_, *this);
  dashboard_.add_routes(*server_);
  add_index_api(*server_);
  dashboard_.start();
  may_write_ = !settings.token.empty();
  if (socket_.valid()) {
    server_->start(socket_.fd());
    log_.info("admin socket", {{"path", socket_.path()}});
  }
  if (!address_.valid()) return;
  server_->start_tcp(address_.fd(), rules_of(settings));
  log_.info("admin address", {{"url", "http://" + address_.text()}});
  if (!address_.on_loopback())
    log_.warn("the admin address can be reached from other machines: whoever reaches it sees pools, upstreams, config, metrics, "
              "events, and paths of requests that failed or were slow",
              {{"address", address_.text()}});
}

void AdminHost::apply(const config::Admin& settings) {
  if (server_) server_->set_rules(rules_of(settings));
  may_write_ = !settings.token.empty();
  webhook_.apply(settings);
}

Totals AdminHost::totals() const {
  Totals totals = view_.totals.read();
  totals.webhook = webhook_.totals();
  return totals;
}

std::vector<SeenRequest> AdminHost::take_requests() {
  std::vector<SeenRequest> requests;
  for (NotableRequest& each : view_.server.take_notable_requests())
    requests.push_back({.ended_unix_millis = each.ended_unix_millis,
                        .method = std::move(each.method),
                        .host = std::move(each.host),
                        .path = std::move(each.path),
                        .status = each.status,
                        .outcome = std::move(each.outcome),
                        .detail = std::move(each.detail),
                        .protocol = std::move(each.protocol),
                        .tls = std::move(each.tls),
                        .upstream_protocol = std::move(each.upstream_protocol),
                        .pool = std::move(each.pool),
                        .upstream = std::move(each.upstream),
                        .id = std::move(each.request_id),
                        .retry_rule = each.retry_rule,
                        .tries = each.tries,
                        .failed = each.failed,
                        .held_us = each.held_us,
                        .connect_us = each.connect_us,
                        .first_byte_us = each.first_byte_us,
                        .total_us = each.total_us});
  return requests;
}

ScrapeExtras AdminHost::scrape_extras() const {
  ScrapeExtras extras{.version = version_number(), .commit = commit(), .own = own_usage()};
  for (const PoolStatus& pool : pool_statuses())
    for (const InstanceStatus& instance : pool.instances)
      if (instance.pid > 0)
        if (const auto usage = usage_now(instance.pid)) extras.instances.emplace(instance.pid, *usage);
  return extras;
}

std::string AdminHost::unhealthy() {
  const auto stuck = view_.server.stuck_worker(kStuck);
  view_.server.ask_for_a_turn();
  return stuck ? "worker " + std::to_string(*stuck) + " stands still" : "";
}

boost::json::object AdminHost::config() const {
  const auto snapshot = view_.snapshot();
  const std::string& file = options_.config_file;
  return {{"file", file.empty() ? boost::json::value(nullptr) : boost::json::value(to_utf8(file))},
          {"generation", snapshot->generation},
          {"toml", to_utf8(config::show(snapshot->config))}};
}

void AdminHost::add_kept(std::vector<KeptSocket>& kept) const {
  if (address_.valid()) kept.push_back({name_of_admin_address(settings_.address), address_.fd()});
  if (socket_.valid()) kept.push_back({name_of_admin_socket(settings_.socket, socket_.identity()), socket_.fd()});
}

void AdminHost::leave(const std::vector<std::string>& not_taken) {
  if (server_) server_->stop_accepting();
  const std::string name = socket_.valid() ? name_of_admin_socket(settings_.socket, socket_.identity()) : "";
  if (std::find(not_taken.begin(), not_taken.end(), name) != not_taken.end()) socket_.remove();
  else socket_.leave();
  address_.close();
}

void AdminHost::open_socket(const config::Admin& settings) {
  if (kept_socket_) {
    const KeptAdminSocket kept = *std::exchange(kept_socket_, std::nullopt);
    socket_ = AdminSocket::adopt(kept.fd, kept.path, kept.device, kept.inode);
    if (socket_.valid()) return;
  }
  AdminSocketOptions options;
  options.path = settings.socket;
  options.directories = admin_directories(AdminSurroundings::of_this_process());
  options.group = settings.group;
  options.main_pid = main_pid();
  options.is_leaving = [](pid_t pid) { return is_leaving(pid); };
  socket_ = AdminSocket::open(options);
  if (!socket_.valid()) {
    log_.warn("there is no admin socket: status, restart and the like will not find this process",
              {{"path", settings.socket}, {"reason", socket_.error()}});
    return;
  }
  if (!socket_.warning().empty())
    log_.warn("the admin socket is only for this user", {{"path", socket_.path()}, {"reason", socket_.warning()}});
}

void AdminHost::stop() {
  webhook_.stop();
  dashboard_.stop();
  if (server_) server_->stop();
  socket_.remove();
  address_.close();
}

void AdminHost::shut_down(const std::string& by) {
  log_.info("operator", {{"action", "shutdown"}, {"by", by}});
  view_.shut_down();
}

asio::awaitable<AdminStatus> AdminHost::status() {
  std::vector<pid_t> pids;
  const std::vector<PoolStatus> before = pool_statuses();
  for (const PoolStatus& pool : before)
    for (const InstanceStatus& instance : pool.instances)
      if (instance.pid > 0) pids.push_back(instance.pid);
  SampledUsages usages;
  if (!pids.empty()) usages = co_await usage_.of(std::move(pids));

  AdminStatus status;
  const auto snapshot = view_.snapshot();
  status.version = version_number();
  status.pid = ::getpid();
  status.main_pid = main_pid();
  status.state = view_.draining() ? "draining" : "running";
  status.since_unix_millis = started_unix_millis_;
  status.now_unix_millis = unix_now_millis();
  status.command_line = options_.command_line;
  std::error_code unknown;
  status.directory = std::filesystem::current_path(unknown).string();
  status.config_file = options_.config_file;
  status.refused_file = view_.refused();
  status.socket = socket_.path();
  status.address = address_.text();
  status.memory_bytes = resident_bytes(::getpid());
  status.connections = view_.server.open_connections();
  status.requests = view_.server.served();
  status.generation = snapshot->generation;
  status.drain_millis = static_cast<std::uint64_t>(longest_stop(snapshot->config).count());
  if (const Supervision* const supervision = view_.supervision(); supervision != nullptr && supervision->recovery())
    status.crashed = to_admin(*supervision->recovery(), RowMoment{Clock::now(), status.now_unix_millis});
  for (const OpenListener& listener : view_.server.listeners())
    status.listeners.push_back({listener.config.name, listener.bound.to_string()});
  const std::vector<PoolStatus> instances = pool_statuses();
  const Orders orders = view_.orders();
  const std::vector<LeavingMember> leaving = view_.leaving();
  const Looks looks{instances, usages, orders, leaving};
  for (std::size_t i = 0; i < snapshot->pools.size(); ++i)
    add_pool(status, snapshot->pools[i], snapshot->config.pools[i], looks);
  dashboard_.add_pace(status);
  co_return status;
}

void AdminHost::add_pool(AdminStatus& status, const Pool& pool, const config::Pool& configured, const Looks& looks) const {
  const RowMoment moment{Clock::now(), status.now_unix_millis};
  AdminPool row;
  row.name = pool.name;
  row.protocol = config::word_of(pool.protocol);
  const Orders& orders = looks.orders;
  row.command = configured.process.command;
  if (!row.command.empty() && row.command.front() == "/proc/self/exe") row.command.front() = "frontdoor";  // the demo's instances
  row.directory = configured.process.directory;
  if (pool.maintenance)
    row.maintenance = AdminPool::Maintenance{to_admin(pool.maintenance->by), pool.maintenance->retry_after_seconds,
                                             !pool.maintenance->page.empty()};
  std::vector<std::shared_ptr<const Upstream>> instances;
  for (const PoolStatus& supervised : looks.instances) {
    if (supervised.pool != pool.name) continue;
    row.wanted = supervised.wanted;
    row.stopped = supervised.stopped;
    if (supervised.stopped_by) row.stopped_by = to_admin(*supervised.stopped_by);
    if (supervised.scaled_by) row.scaled_by = to_admin(*supervised.scaled_by);
    row.operation = supervised.operation;
    if (supervised.failed_roll) row.failed_change = to_admin(*supervised.failed_roll, moment);
    for (const InstanceStatus& instance : supervised.instances) {
      row.upstreams.push_back(row_of(instance, looks.usages, moment));
      add_order(row.upstreams.back(), orders, pool.name, instance.instance);
      instances.push_back(instance.upstream);
    }
  }
  for (const Member& member : pool.members) {
    if (std::find(instances.begin(), instances.end(), member.upstream) != instances.end()) continue;
    AdminUpstream& upstream = row.upstreams.emplace_back(row_of(*member.upstream, moment));
    upstream.weight = member.weight;
    add_order(upstream, orders, pool.name, upstream.name);
    const auto& added = orders.members().added();
    if (const auto own = added.find({pool.name, member.upstream->address().to_string()}); own != added.end())
      upstream.added = to_admin(own->second.by);
  }
  for (const LeavingMember& member : looks.leaving) {
    if (member.pool != pool.name) continue;
    AdminUpstream& upstream = row.upstreams.emplace_back(row_of(*member.upstream, moment));
    upstream.reason = "removed by " + member.by.name;
    upstream.leaving = true;
  }
  for (const auto& [key, by] : orders.members().removed())
    if (key.first == pool.name) row.removed.push_back({key.second, to_admin(by)});
  status.pools.push_back(std::move(row));
}

std::vector<std::string> AdminHost::pool_names() const {
  std::vector<std::string> names;
  for (const Pool& pool : view_.snapshot()->pools) names.push_back(pool.name);
  return names;
}

}  // namespace frontdoor
