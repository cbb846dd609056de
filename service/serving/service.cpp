#include "service/serving/service.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <new>
#include <thread>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "base/unix_time.h"
#include "proxy/server/kept_listeners.h"
#include "service/admin/loss_reports.h"
#include "service/process/exit_codes.h"
#include "service/process/output_file.h"
#include "service/process/signals.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

constexpr Millis kFirstVerdicts{1'000};  // how long "ready" waits for the first probes at most
constexpr Millis kPoll{10};
constexpr Millis kReadyFileAgain{1'000};
constexpr Millis kStatusLook{1'000};  // how old the service manager's line about us may be

// Sockets that no listener has taken: their clients would wait for nobody.
std::vector<PassedSocket> passed_in_vain(std::vector<PassedSocket> passed,
                                         const std::vector<config::Listener>& listeners) {
  std::erase_if(passed, [&](const PassedSocket& socket) {
    return std::any_of(listeners.begin(), listeners.end(), [&](const config::Listener& listener) {
      return listener.address.kind == Address::Kind::Fd &&
             (listener.address.host == socket.name || listener.address.host == std::to_string(socket.fd));
    });
  });
  return passed;
}

}  // namespace

unsigned workers_wanted(const config::Config& config, const ServeOptions& options) {
  const std::uint32_t wanted = options.workers.value_or(config.workers);
  return wanted != 0 ? wanted : usable_cpus();
}

Service::Service(const config::Config& config, const ServeOptions& options, FromServiceManager given,
                 FromBefore before, std::string program)
    : options_(options),
      log_(STDERR_FILENO, config.log.level, config.log.format),
      access_log_(config.access_log, access_log_error_, &log_),
      ready_file_(options.ready_file),
      registry_(workers_wanted(config, options),
                [this](const config::Pool& pool) { return upstream_contexts_.of(pool); }),
      steering_(control_, log_, registry_,
                {[this] { return snapshot_; }, [this] { members_changed(); },
                 [this] {
                   follow_names();
                   members_changed();
                 },
                 [this] { return own_addresses(); },
                 [](const config::UpstreamTls& tls) {
                   config::LoadOptions looks;
                   look_at_upstream_tls(looks);
                   return looks.upstream_tls_problem(tls);
                 }}),
      snapshot_(registry_.build(config)),
      health_(control_, log_),
      lookups_(control_, config.resolver),
      resolver_(
          control_, log_,
          [this](const std::string& host, NameLookups::Done done) { lookups_.start(host, std::move(done)); },
          [this] { members_changed(); }, {.routable = has_route}),
      server_({time_, ops_, health_, &access_log_, nullptr, &malformed_}, workers_wanted(config, options), snapshot_),
      given_(std::move(given)),
      kept_(before.kept),
      kept_admin_(take_kept_admin(kept_, config.admin.address, config.admin.socket)),
      before_(std::move(before)),
      predecessors_(before_.draining),
      program_(std::move(program)),
      notices_(given_.notify_socket.empty()
                   ? ServiceNotices::Send{}
                   : [this](const std::string& lines) { tell_service_manager(lines); },
               options.launcher ? ::getppid() : ::getpid()),
      totals_({[this] { return snapshot_; }, [this] { return supervision_.get(); }, [this] { return draining_; },
               [this] { return workers_run_; }, server_, health_, access_log_, certificates_, reload_totals_}),
      admin_at_start_(config.admin) {
  reload_totals_.last_success_unix_millis = unix_now_millis();
  log_.set_sink(&events_);
}

int Service::run() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) signals_.add(signal);
  release_signals();
  if (!open()) {
    say_why_not();
    return kExitFailure;
  }
  tell_passed_in_vain();
  for (const OpenListener& listener : server_.listeners()) tell_opened(listener);
  health_.cap_header_bytes(server_.header_bytes_max());
  if (options_.launcher) make_supervision();
  if (!before_.socket) take_orders();
  apply(snapshot_);
  asio::co_spawn(control_, handle_signals(), or_end);
  if (before_.socket) asio::co_spawn(control_, await_turn(), or_end);
  else begin_serving();
  control_.run();
  ready_file_.remove();
  if (admin_) admin_->stop();
  config_watch_.stop();
  certificates_.stop();
  server_.stop();
  report_malformed(log_, malformed_);
  losses_.report_rest(Clock::now());
  lost_lines_.report();
  if (notify_socket_.owes()) note_notified(notify_socket_.send_owed());  // who is the main process now, perhaps
  log_.info("stopped", {{"requests", server_.served()}});
  if (supervision_ && supervision_->yielded()) {
    supervision_->write_out();
    retired_.push_back(std::move(supervision_));
  }
  // Their end would take the instances' sockets away, which are another one's.
  if (!retired_.empty()) [[maybe_unused]] static const auto* const not_ours = new auto(std::move(retired_));
  return exit_status_;
}

// All of what it needs, or it says in the log what is missing.
bool Service::open() {
  if (!access_log_error_.empty()) {
    log_.error("cannot open the access log", {{"reason", access_log_error_}});
    return false;
  }
  if (!certificates_.open(snapshot_->config)) return false;
  if (before_.socket) server_.share_sockets();
  const auto errors = server_.listen(snapshot_->config.listeners, given_.sockets, kept_, certificates_.servers());
  if (!errors.empty()) {
    for (const auto& error : errors) log_.error(error);
    name_who_serves_there();
    return false;
  }
  return open_admin_address();
}

void Service::begin_serving() {
  serving_ = true;
  if (!options_.refused.empty()) {
    log_.error("reload refused, what served before the crash serves on", {{"file", options_.config_file}, {"reason", options_.refused}});
    note_refused(options_.refused);
  }
  if (!options_.launcher) start_workers();
  if (options_.on_start) options_.on_start(control_);
  certificates_.watch();
  if (options_.watch_config) watch_config();
  start_admin();
  if (options_.launcher) begin_supervision();
  if (!options_.output_file.empty())
    asio::co_spawn(control_, keep_output_small(control_, options_.output_file, kMostOutputBytes),
                   OrTell(log_, "keeping the output file small"));
  asio::co_spawn(control_, become_ready(), or_end);
  asio::co_spawn(control_, watch_lost_lines(lost_lines_), OrTell(log_, "telling of lost lines"));
  asio::co_spawn(control_, watch_malformed(log_, malformed_), OrTell(log_, "telling of malformed requests"));
  asio::co_spawn(control_, watch_traffic_losses(losses_), OrTell(log_, "telling of losses"));
  if (notices_.wanted()) asio::co_spawn(control_, follow_status(), OrTell(log_, "the status line"));
}

// The launcher's for a front door after this one, or that one's itself.
std::vector<KeptSocket> Service::to_keep() const {
  std::vector<KeptSocket> kept = server_.to_keep();
  if (admin_) admin_->add_kept(kept);
  return kept;
}

void Service::tell_opened(const OpenListener& listener) {
  log_.info("connection limit", {{"listener", listener.bound.to_string()},
                                 {"max_connections", listener.settings->places->limit()},
                                 {"open_files", server_.budget().plan().descriptors}});
}

void Service::tell_passed_in_vain() {
  for (const PassedSocket& socket : passed_in_vain(given_.sockets, server_.listener_configs()))
    log_.warn("a passed socket is used by no listener", {{"name", socket.name}, {"number", socket.fd}});
}

// The commonest reason is a frontdoor that was forgotten.
void Service::name_who_serves_there() {
  if (!options_.find_other_frontdoor) return;
  for (const config::Listener& listener : snapshot_->config.listeners) {
    if (listener.address.kind != Address::Kind::Tcp || listener.address.port == 0) continue;
    const auto other = options_.find_other_frontdoor(listener.address.port);
    if (!other) continue;
    log_.error("another frontdoor serves there", {{"pid", other->pid},
                                                  {"command", other->command},
                                                  {"directory", other->directory},
                                                  {"end_it_with", other->stop}});
  }
}

// What operators had ordered before this process was.
void Service::take_orders() {
  std::error_code unknown;
  const bool is_file = !options_.config_file.empty() && options_.config_file != "-";
  const std::string file = is_file ? std::filesystem::absolute(options_.config_file, unknown).string() : "";
  steering_.open(order_file_place(AdminSurroundings::of_this_process(), snapshot_->config.admin.state_file, file));
  steering_.settle(snapshot_->config);
  if (registry_.orders().empty()) return;
  snapshot_ = registry_.rebuild(*snapshot_, {});
  server_.publish(snapshot_);
}

// Behind the listeners: what the config names for clients is theirs.
bool Service::open_admin_address() {
  const std::string& configured = snapshot_->config.admin.address;
  for (const KeptSocket& other : kept_admin_.others) {
    if (!before_.socket) stop_listening(other.fd);
    ::close(other.fd);
  }
  if (kept_admin_.address) {
    admin_address_ = AdminAddress::adopt(*kept_admin_.address);
    return true;
  }
  admin_address_ = AdminAddress::open(configured);
  if (admin_address_.valid()) {
    if (!admin_address_.warning().empty())
      log_.warn("the usual admin address is in use, another port is taken",
                {{"reason", admin_address_.warning()}, {"address", admin_address_.text()}});
    return true;
  }
  if (admin_address_.error().empty()) return true;
  const bool wanted = !configured.empty();
  const Log::Fields fields = {{"reason", admin_address_.error()}};
  if (wanted) log_.error("cannot open the admin address", fields);
  else log_.warn("there is no admin address: no metrics, no /readyz", fields);
  return !wanted;
}

void Service::start_admin() {
  AdminHost::View view{[this] { return snapshot_; },
                       [this] { return supervision_.get(); },
                       [this] { return draining_; },
                       [this] {
                         if (!draining_) begin_drain("frontdoor shutdown", "a signal stops at once");
                       },
                       server_,
                       events_,
                       steering_,
                       steering_,
                       [this] { return registry_.orders(); },
                       [this] { return steering_.leaving(); },
                       *this,
                       [this](const Upstream& upstream) { return health_.detail(upstream); },
                       totals_,
                       [this] { return refused_; },
                       [this](const std::string& host, NameLookups::Done done) { lookups_.start(host, std::move(done)); }};
  admin_ = std::make_unique<AdminHost>(control_, log_, options_, std::move(view));
  if (options_.on_admin_address && admin_address_.valid()) options_.on_admin_address(admin_address_.text());
  admin_->adopt(kept_admin_.socket);
  admin_->start(snapshot_->config.admin, std::move(admin_address_));
  if (!before_.socket) admin_->own_socket();
}

void Service::apply(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  if (supervision_) supervision_->stop_within(longest_stop(), longest_instance_stop());
  watch_health();
  lookups_.set_servers(snapshot_->config.resolver);
  follow_names();
  resolver_.watch(*snapshot_);
}

// Also of upstreams that were added at run time.
void Service::follow_names() { resolver_.follow(registry_.orders().members().joined(snapshot_->config)); }

// For clients and for operators: what leads there is no upstream.
std::vector<Address> Service::own_addresses() const {
  std::vector<std::string> texts;
  std::vector<Address> addresses;
  for (const OpenListener& listener : server_.listeners()) {
    Address address = listener.config.address;  // ":8080" is more than the one address that is bound
    if (address.kind == Address::Kind::Tcp) {
      address.port = listener.bound.port();
      addresses.push_back(std::move(address));
    } else {
      texts.push_back(listener.bound.to_string());
    }
  }
  if (admin_) {
    texts.push_back(admin_->address());
    texts.push_back("unix:" + admin_->path());
  }
  for (const std::string& text : texts) {
    AddressError none;
    if (auto address = parse_address(text, none)) addresses.push_back(std::move(*address));
  }
  return addresses;
}

// Names have other addresses, or instances came or went.
void Service::members_changed() {
  for (;;) {
    try {
      snapshot_ = registry_.rebuild(*snapshot_, resolver_.addresses(), instances_);
      server_.publish(snapshot_);
      watch_health();
      resolver_.watch(*snapshot_);
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kPoll);  // nothing that this thread does would go well now
    }
  }
}

void Service::start_workers() {
  if (!std::exchange(workers_run_, true)) server_.start();
}

// Clients that come before an instance has been named wait in the listener's queue: a pool without members would
// refuse them. Not for ever: other pools may be up.
asio::awaitable<void> Service::start_workers_at_last() {
  asio::steady_timer pause(control_, kFirstVerdicts);
  co_await pause.async_wait(quietly);
  start_workers();
}

bool Service::every_routed_pool_has_members() const {
  return std::all_of(snapshot_->routes.begin(), snapshot_->routes.end(),
                     [this](const Route& route) { return !snapshot_->pools[route.pool].members.empty(); });
}

bool Service::every_upstream_judged() const {
  for (const auto& pool : snapshot_->pools)
    for (const auto& member : pool.members)
      if (member.upstream->seen().state == UpstreamState::Unknown) return false;
  return true;
}

// Ready = listening, and every upstream has been judged or had its second: a client that waits for the ready file
// gets no start-up 503.
asio::awaitable<void> Service::become_ready() {
  asio::steady_timer pause(control_);
  const TimePoint latest = Clock::now() + kFirstVerdicts;
  while ((!workers_run_ || !every_upstream_judged()) && Clock::now() < latest) {
    pause.expires_after(kPoll);
    co_await pause.async_wait(quietly);
    if (draining_) co_return;  // too late: nobody is to come any more
  }
  for (const auto& endpoint : server_.endpoints())
    log_.info("listening", {{"address", endpoint.to_string()}});
  write_ready_file();
  if (before_.socket) {
    co_await tell_that_it_serves();
    server_.own_sockets();
    admin_->own_socket();
    if (supervision_) supervision_->keep_listeners(to_keep());
  }
  took_over_ = true;
  keep_config();
  notices_.ready(status_line(census()));
  if (notices_.wanted() && given_.watchdog.count() != 0)
    asio::co_spawn(control_, watch_workers(server_, log_, notices_, given_.watchdog), or_end);
  if (options_.on_ready) options_.on_ready(server_.endpoints());
  if (options_.watch_config) reload_what_has_changed_meanwhile();
}

// For a front door behind a crash of this one; what has not served is not what it should begin with.
void Service::keep_config() {
  const bool from_file = !options_.config_file.empty() && options_.config_file != "-";
  if (supervision_ && took_over_ && from_file) supervision_->keep_config(files_read_);
}

void Service::note_refused(const std::string& reason) {
  refused_ = AdminStatus::RefusedFile{reason, unix_now_millis()};
  reload_totals_.note_failure();
}

void Service::write_ready_file() {
  const auto error = ready_file_.write(server_.listener_configs(), server_.endpoints());
  if (error.empty() || std::exchange(ready_file_awaited_, true)) return;
  log_.warn("cannot write the ready file, and it is tried again", {{"path", options_.ready_file}, {"reason", error}});
  asio::co_spawn(control_, write_ready_file_later(), OrTell(log_, "the ready file"));
}

// It is tried again: what waits for that file would do so for ever.
asio::awaitable<void> Service::write_ready_file_later() {
  asio::steady_timer pause(control_);
  for (std::string error = "not yet"; !error.empty() && !draining_;) {
    pause.expires_after(kReadyFileAgain);
    co_await pause.async_wait(quietly);
    if (!draining_) error = ready_file_.write(server_.listener_configs(), server_.endpoints());
    if (!draining_ && error.empty()) log_.info("the ready file is written", {{"path", options_.ready_file}});
  }
  ready_file_awaited_ = false;
}

void Service::tell_service_manager(const std::string& lines) {
  if (options_.launcher) {
    if (supervision_) supervision_->tell_service_manager(lines);
    return;
  }
  note_notified(notify_socket_.send(lines));
}

void Service::note_notified(const std::string& failure) {
  if (!failure.empty() && !std::exchange(notify_failed_, true))
    log_.warn("the service manager cannot be told", {{"reason", failure}});
  if (failure.empty()) notify_failed_ = false;
}

Census Service::census() const {
  Census census;
  for (const Pool& pool : snapshot_->pools) {
    census.members += pool.members.size();
    for (const Member& member : pool.members) census.up += member.upstream->available() ? 1 : 0;
  }
  if (supervision_) supervision_->count(census.starting, census.crash_loop);
  return census;
}

asio::awaitable<void> Service::follow_status() {
  asio::steady_timer pause(control_);
  for (;;) {
    pause.expires_after(kStatusLook);
    co_await pause.async_wait(quietly);
    if (notify_socket_.owes()) note_notified(notify_socket_.send_owed());
    if (!draining_) notices_.status(status_line(census()));
    upstream_contexts_.remind();
  }
}

}  // namespace frontdoor
