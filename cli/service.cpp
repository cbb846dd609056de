#include "admin/event.h"
#include "cli/service.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <new>
#include <thread>
#include <utility>

#include "base/quietly.h"
#include "base/unix_time.h"
#include "cli/config_diff.h"
#include "cli/drain.h"
#include "cli/exit_codes.h"
#include "cli/find_running.h"
#include "cli/loss_reports.h"
#include "cli/output_file.h"
#include "cli/read_config.h"
#include "cli/roles.h"
#include "cli/signals.h"
#include "config/load.h"
#include "config/units.h"
#include "proxy/server/kept_listeners.h"
#include "supervisor/exit_status.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

constexpr Millis kFirstVerdicts{1'000};  // how long "ready" waits for the first probes at most
constexpr Millis kPoll{10};
constexpr std::size_t kMostOfAReload = 1'000;   // events that are looked through for what did not come up
constexpr std::size_t kLongestChanges = 1'000;  // in the event log, as text
constexpr Millis kStatusLook{1'000};  // how old the service manager's line about us may be

unsigned thread_count(const config::Config& config, const ServeOptions& options) {
  const std::uint32_t wanted = options.workers.value_or(config.workers);
  return wanted != 0 ? wanted : usable_cpus();
}

bool always_started_again(const config::Config& config) {
  return std::all_of(config.pools.begin(), config.pools.end(), [](const config::Pool& pool) {
    return pool.process.command.empty() || pool.process.restart.policy == config::Restart::Policy::Always;
  });
}

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

Service::Service(const config::Config& config, const ServeOptions& options, FromServiceManager given,
                 FromBefore before, std::string program)
    : options_(options),
      log_(STDERR_FILENO, config.log.level, config.log.format),
      access_log_(config.access_log, access_log_error_, &log_),
      ready_file_(options.ready_file),
      registry_(thread_count(config, options),
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
      server_({time_, ops_, health_, &access_log_, nullptr, &malformed_}, thread_count(config, options), snapshot_),
      given_(std::move(given)),
      kept_(before.kept),
      kept_admin_(take_kept_admin(kept_, config.admin.address, config.admin.socket)),
      before_(std::move(before)),
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
  if (!access_log_error_.empty()) {
    log_.error("cannot open the access log", {{"reason", access_log_error_}});
    return cli::kExitFailure;
  }
  if (!certificates_.open(snapshot_->config)) return cli::kExitFailure;
  if (before_.socket) server_.share_sockets();
  const auto errors = server_.listen(snapshot_->config.listeners, given_.sockets, kept_, certificates_.servers());
  if (!errors.empty()) {
    for (const auto& error : errors) log_.error(error);
    name_who_serves_there();
    return cli::kExitFailure;
  }
  if (!open_admin_address()) return cli::kExitFailure;
  tell_passed_in_vain();
  for (const OpenListener& listener : server_.listeners()) tell_opened(listener);
  health_.cap_header_bytes(server_.header_bytes_max());
  if (options_.launcher) make_supervision();
  if (!before_.socket) take_orders();
  apply(snapshot_);
  asio::co_spawn(control_, handle_signals(), asio::detached);
  if (before_.socket) asio::co_spawn(control_, await_turn(), asio::detached);
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
  log_.info("stopped", {{"requests", server_.served()}});
  if (supervision_ && supervision_->yielded()) {
    supervision_->write_out();
    // Its end would take the instances' sockets away, which are another process's.
    [[maybe_unused]] static const Supervision* const not_ours = supervision_.release();
  }
  return exit_status_;
}

void Service::begin_serving() {
  serving_ = true;
  if (!options_.launcher) start_workers();
  if (options_.on_start) options_.on_start(control_);
  certificates_.watch();
  if (options_.watch_config) watch_config();
  start_admin();
  if (options_.launcher) begin_supervision();
  if (!options_.output_file.empty())
    asio::co_spawn(control_, keep_output_small(control_, options_.output_file, kMostOutputBytes), asio::detached);
  asio::co_spawn(control_, become_ready(), asio::detached);
  asio::co_spawn(control_, watch_lost_lines(lost_lines_), asio::detached);
  asio::co_spawn(control_, watch_malformed(log_, malformed_), asio::detached);
  asio::co_spawn(control_, watch_traffic_losses(losses_), asio::detached);
  if (notices_.wanted()) asio::co_spawn(control_, follow_status(), asio::detached);
}

void Service::begin_supervision() {
  supervision_->stop_within(longest_stop(), longest_instance_stop());
  supervision_->keep_listeners(to_keep(), before_.kept);
  std::vector<std::string> own_files;
  for (const std::string& file : {options_.ready_file, options_.config_file})
    if (!file.empty() && file != "-") own_files.push_back(file);
  supervision_->set_own_files(std::move(own_files));
  supervision_->start(snapshot_->config);
  if (!cli::has_instances(snapshot_->config)) start_workers();  // nobody has to be named before a request comes
  asio::co_spawn(control_, start_workers_at_last(), asio::detached);
  if (options_.exit_with_child && always_started_again(snapshot_->config))
    log_.warn("--exit-with-child waits for ever: every pool's restart.policy is always");
}

// The launcher's for a front door after this one, or that one's itself.
std::vector<KeptSocket> Service::to_keep() const {
  std::vector<KeptSocket> kept = server_.to_keep();
  if (admin_) admin_->add_kept(kept);
  return kept;
}

// What another process has is not checked here any more, neither its instances nor by processes that only it may start.
// What is known of them stays, and what the traffic finds.
void Service::watch_health() {
  if (!supervision_ || !supervision_->yielded()) return health_.apply(snapshot_);
  auto others = std::make_shared<Snapshot>(*snapshot_);
  std::vector<std::string> by_processes;
  for (const config::Pool& pool : snapshot_->config.pools)
    if (pool.has_exec_check()) by_processes.push_back(pool.name);
  for (Pool& pool : others->pools) {
    const bool by_process = std::find(by_processes.begin(), by_processes.end(), pool.name) != by_processes.end();
    std::erase_if(pool.members, [&](const Member& member) {
      return by_process || std::any_of(instances_.begin(), instances_.end(), [&](const InstanceAddress& instance) {
        return instance.pool == pool.name && instance.upstream_name() == member.upstream->name();
      });
    });
  }
  health_.apply(std::move(others));
}

void Service::make_supervision() {
  InstanceHost& host = *this;
  supervision_ = std::make_unique<Supervision>(control_, log_, *options_.launcher, host, [this] {
    log_.error(draining_ ? "the launcher has gone: no instance is started any more while this one drains"
                         : "the launcher has gone: stopping");
    if (!draining_) stop(SIGTERM);
  });
  health_.run_commands_with(supervision_->checks());
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
  for (const config::Listener& listener : snapshot_->config.listeners) {
    if (listener.address.kind != Address::Kind::Tcp || listener.address.port == 0) continue;
    const auto other = cli::frontdoor_on_port(listener.address.port);
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
  notices_.ready(status_line(census()));
  if (notices_.wanted() && given_.watchdog.count() != 0)
    asio::co_spawn(control_, watch_workers(server_, log_, notices_, given_.watchdog), asio::detached);
  if (options_.on_ready) options_.on_ready(server_.endpoints());
}

void Service::write_ready_file() {
  if (const auto error = ready_file_.write(server_.listener_configs(), server_.endpoints()); !error.empty())
    log_.warn("cannot write the ready file", {{"path", options_.ready_file}, {"reason", error}});
}

// Without memory too: a process that cannot be stopped in order would be worse than one that is slow to say so.
asio::awaitable<void> Service::handle_signals() {
  for (;;) {
    try {
      co_await handle_signals_with_memory();
      co_return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kPoll);
    }
  }
}

asio::awaitable<void> Service::handle_signals_with_memory() {
  for (;;) {
    auto [error, signal] = co_await signals_.async_wait(quietly);
    if (error) co_return;
    // Without a file there is nothing to read again: its terminal has been closed.
    const bool terminal_closed = signal == SIGHUP && options_.launcher && options_.config_file.empty();
    if (terminal_closed && draining_) continue;
    if (signal == SIGUSR2) {
      upgrade_by_signal();
    } else if (signal == SIGHUP && !terminal_closed) {
      reload_as_told();
    } else if (signal == SIGUSR1) {  // after a log rotation
      if (!reopen_logs()) log_.info("nothing to reopen: the access log is no file");
    } else if (stop(signal)) {
      co_return;
    }
  }
}

bool Service::stop(int signal) {
  if (!serving_) {  // nobody has come to us yet, and another process serves
    finish();
    return true;
  }
  if (left_ && !std::exchange(told_to_stop_, true)) return false;  // as it does already
  if (upgrade_.successor > 0 && !left_) ::kill(upgrade_.successor, SIGKILL);  // it has served nobody
  const std::string_view name = signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
  if (!draining_) {
    begin_drain(name, signal == SIGINT ? "a second Ctrl-C stops at once" : "a second one stops at once");
    return false;
  }
  log_.warn("stopping at once", {{"signal", name}, {"connections", server_.open_connections()}});
  // Nobody waits for the app's own status any more: a shell's word for an end by this signal.
  if (options_.exit_with_child && !all_ended_) exit_status_ = 128 + signal;
  finish();
  return true;
}

void Service::begin_drain(std::string_view why, std::string_view hint) {
  start_workers();  // they are needed to end in order, too
  draining_ = true;
  if (supervision_) {
    supervision_->stopping();
    supervision_->let_listeners_go();
  }
  ready_file_.remove();  // before anything else: whoever sends traffic by it goes elsewhere
  // And a moment for the launcher to end the instances of a front door that has hung until then.
  notices_.stopping("draining", longest_stop() + longest_instance_stop() + Millis{5'000});
  log_.info("draining", {{"signal", why},
                         {"connections", server_.open_connections()},
                         {"drain", config::format_duration(snapshot_->config.timeouts.drain)},
                         {"hint", hint}});
  asio::co_spawn(control_, stop_after_drain(), asio::detached);
}

asio::awaitable<void> Service::stop_after_drain() {
  co_await drain(server_, log_, snapshot_->config.timeouts);
  if (supervision_ && !supervision_->yielded()) co_await supervision_->stop();  // not before the last request that they served
  if (supervision_ && options_.exit_with_child && !all_ended_) exit_status_ = exit_status_of(supervision_->status());
  if (admin_) co_await admin_->tell_the_rest();
  finish();
}

// ---- The instances of this program

void Service::instances_changed(const InstanceAddresses& instances) {
  instances_ = instances;
  members_changed();
  if (every_routed_pool_has_members()) start_workers();
}

std::shared_ptr<Upstream> Service::upstream_of(const InstanceAddress& instance) {
  for (const Pool& pool : snapshot_->pools) {
    if (pool.name != instance.pool) continue;
    for (const Member& member : pool.members)
      if (member.upstream->name() == instance.upstream_name()) return member.upstream;
  }
  return nullptr;
}

std::shared_ptr<PoolMemory> Service::memory_of(const std::string& pool) {
  for (const Pool& each : snapshot_->pools)
    if (each.name == pool) return each.memory;
  return nullptr;
}

PoolTraffic Service::traffic_of(const std::string& pool) {
  for (const Pool& each : snapshot_->pools)
    if (each.name == pool) return each.memory->traffic.read();
  return {};
}

void Service::evict(const std::shared_ptr<Upstream>& upstream, const std::string& reason) {
  // It is being replaced by the process that has it now, whose instances this one does not know.
  if (left_) server_.close_idle();
  const Upstream::Seen seen = upstream->seen();
  const bool was_up = seen.state == UpstreamState::Up;
  if (!upstream->change(seen, UpstreamState::Down, reason, Clock::now(), DownCause::Dead)) return;
  if (was_up) health_.upstream_refused(upstream, reason);
}

void Service::instance_moved(const Instance& instance) {
  if (options_.on_instance) options_.on_instance(instance);
  // Not from inside of what is moving it.
  if (options_.exit_with_child) asio::post(control_, [this] { look_whether_all_ended(); });
}

// Nobody is left who could answer, so there is nothing to drain for but what is on its way out.
void Service::look_whether_all_ended() {
  if (draining_ || !supervision_ || supervision_->yielded() || !ended_for_good(supervision_->status())) return;
  all_ended_ = true;
  exit_status_ = exit_status_of(supervision_->status());
  log_.info("the app has ended, and so does frontdoor", {{"status", exit_status_}});
  begin_drain("the app has ended", "a signal stops at once");
}

// ---- The service manager

void Service::tell_service_manager(const std::string& lines) {
  if (options_.launcher) {
    if (supervision_) supervision_->tell_service_manager(lines);
    return;
  }
  const std::string reason = notify_socket_.send(lines);
  if (!reason.empty() && !std::exchange(notify_failed_, true))
    log_.warn("the service manager cannot be told", {{"reason", reason}});
  if (reason.empty()) notify_failed_ = false;
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

Millis Service::longest_instance_stop() const {
  Millis longest{0};
  for (const config::Pool& pool : snapshot_->config.pools)
    if (!pool.process.command.empty()) longest = std::max(longest, pool.process.stop_timeout);
  return longest;
}

// Until a drain is over and the last instance is killed; and a moment.
Millis Service::longest_stop() const {
  return snapshot_->config.timeouts.drain + longest_instance_stop() + Millis{10'000};
}

asio::awaitable<void> Service::follow_status() {
  asio::steady_timer pause(control_);
  for (;;) {
    pause.expires_after(kStatusLook);
    co_await pause.async_wait(quietly);
    if (!draining_) notices_.status(status_line(census()));
    upstream_contexts_.remind();
  }
}

void Service::finish() {
  if (control_.stopped()) return;
  if (options_.on_stop) options_.on_stop();
  health_.stop();
  resolver_.stop();
  control_.stop();
}

// Which files there are beside the first one, only reading them tells.
void Service::watch_config() {
  const cli::ConfigText source = cli::read_config(options_.config_file, std::cin);
  std::vector<std::string> files{options_.config_file};
  if (source.error.empty()) {
    auto load_options = config::options_of_this_process(source.name);
    load_options.profile = options_.profile;
    files = config::load(source.text, source.name, load_options).files;
  }
  config_watch_.start(std::move(files), [this] {
    asio::post(control_, [this] {
      if (draining_) return;
      log_.info("the config has changed", {{"file", options_.config_file}});
      reload_as_told();
    });
  });
}

AdminReload Service::reload_as_told() {
  if (upgrade_.under_way && !draining_) {
    upgrade_.reload_later = true;
    log_.warn("reload later: an upgrade is under way", {{"file", options_.config_file}});
    return {.error = "upgrading", .message = "an upgrade is under way", .file = options_.config_file};
  }
  notices_.reloading();
  AdminReload done;
  try {
    done = reload();
  } catch (const std::bad_alloc&) {
    log_.error("reload refused, the old config stays",
               {{"file", options_.config_file}, {"reason", "out of memory"}});
    done.error = "out_of_memory";
    done.message = "out of memory";
    reload_totals_.note_failure();
  }
  asio::co_spawn(control_, tell_reloaded(++reloads_), asio::detached);
  return done;
}

asio::awaitable<AdminReload> Service::reload(std::string by) {
  log_.info("operator", {{"action", "reload"}, {"by", by}});
  const std::uint64_t before = events_.last_number();
  AdminReload done = reload_as_told();
  const unsigned mine = reloads_;
  asio::steady_timer pause(control_);
  while (supervision_ && done.error.empty() && !draining_ && mine == reloads_) {
    pause.expires_after(kPoll);
    co_await pause.async_wait(quietly);
    if (!supervision_->changing()) break;
  }
  if (!done.error.empty()) co_return done;
  // What it has started and what did not come up has been told while it was waited for.
  for (const auto& event : events_.behind(before, kMostOfAReload).events) {
    // Another pool's crash loop is none of its business.
    if (event->text != "instance cannot be started" && event_kind(*event) != "roll_failed") continue;
    done.error = "instances_failed";
    done.message = "the config is applied, but not every instance comes up as it says";
    done.diagnostics.push_back(event->pool + ": " + event->text + ' ' + std::string(event->field("error")) +
                               std::string(event->field("reason")));
  }
  co_return done;
}

AdminReload Service::compare() {
  config::Loaded loaded;
  return look_at_file(loaded);
}

bool Service::reopen_logs(const std::string& by) {
  log_.info("operator", {{"action", "reopen logs"}, {"by", by}});
  return reopen_logs();
}

bool Service::reopen_logs() {
  const bool instances_too = supervision_ && supervision_->reopen_logs();
  return access_log_.reopen() || instances_too;
}

// Applied, and not only read: what a changed command replaces has been replaced, or has not come up.
asio::awaitable<void> Service::tell_reloaded(unsigned reload) {
  asio::steady_timer pause(control_);
  do {
    pause.expires_after(kPoll);
    co_await pause.async_wait(quietly);
    if (draining_ || reload != reloads_) co_return;  // a later word holds
  } while (supervision_ && supervision_->changing());
  notices_.reloaded(status_line(census()));
}

// Read and checked, and compared with what runs; nothing is changed.
AdminReload Service::look_at_file(config::Loaded& loaded) const {
  AdminReload found;
  found.file = options_.config_file;
  found.generation = snapshot_->generation;
  const auto refuse = [&](std::string error, std::string message) {
    found.error = std::move(error);
    found.message = std::move(message);
    return found;
  };
  if (options_.config_file.empty() || options_.config_file == "-")
    return refuse("no_config_file", "there is nothing to read again: the config was not read from a file");
  const cli::ConfigText source = cli::read_config(options_.config_file, std::cin);
  if (!source.error.empty()) return refuse("unreadable", source.error);
  auto load_options = config::options_of_this_process(source.name);
  load_options.profile = options_.profile;
  look_at_certificates(load_options);
  loaded = config::load(source.text, source.name, load_options);
  for (const auto& diagnostic : loaded.diagnostics) found.diagnostics.push_back(diagnostic.to_string());
  if (!loaded.ok()) return refuse("config_has_errors", "the file has errors");
  found.changes = cli::config_changes(snapshot_->config, loaded.config);
  found.at_run_time = members_under(registry_.orders().members(), loaded.config);
  for (const AwaitsRestart& key : awaiting(loaded.config)) found.waiting.push_back(key.key + ": " + key.runs + " -> " + key.file);
  return found;
}

std::vector<AwaitsRestart> Service::awaiting(const config::Config& next) const {
  const Running running{server_.workers(), server_.header_bytes_max(), admin_at_start_, supervision_ != nullptr};
  return awaits_restart(running, next, thread_count(next, options_));
}

AdminReload Service::refuse_reload(AdminReload found) {
  log_.error("reload refused, the old config stays", {{"file", options_.config_file}, {"reason", found.message}});
  reload_totals_.note_failure();
  return found;
}

// What is wrong, each with its place in the file. Nothing has changed yet.
std::vector<std::string> Service::prepare_listeners(const config::Loaded& loaded, std::optional<PreparedListeners>& listeners,
                                                    std::optional<Certificates::Prepared>& certificates) {
  std::vector<std::string> faults;
  const auto add = [&](const auto& failures) {
    for (const auto& failure : failures) faults.push_back(loaded.listener_places[failure.listener] + ": " + failure.reason);
  };
  const auto changes = compare_listeners(server_.listener_configs(), loaded.config.listeners);
  certificates = certificates_.prepare(loaded.config, changes.before);
  add(certificates->failures());
  if (!faults.empty()) return faults;
  listeners.emplace(server_.prepare(loaded.config.listeners, given_.sockets));
  add(listeners->failures());
  return faults;
}

void Service::take_listeners(const config::Config& config, PreparedListeners listeners, Certificates::Prepared certificates) {
  certificates_.take(std::move(certificates));
  const auto taken = server_.take(std::move(listeners), certificates_.servers(), config.timeouts.drain);
  for (const OpenListener& listener : taken.opened) {
    tell_opened(listener);
    log_.info("listening", {{"address", listener.bound.to_string()}});
  }
  for (const OpenListener& listener : taken.changed) log_.info("listener changed", {{"listener", listener.title()}});
  for (const OpenListener& listener : taken.closed)
    log_.info("listener closed", {{"listener", listener.title()},
                                  {"address", listener.bound.to_string()},
                                  {"connections", listener.settings->places->taken()},
                                  {"drain", config::format_duration(config.timeouts.drain)}});
  if (!taken.opened.empty() || !taken.closed.empty()) tell_passed_in_vain();
  if (ready_file_.written()) write_ready_file();
  if (supervision_) supervision_->keep_listeners(to_keep());
}

AdminReload Service::reload() {
  config::Loaded loaded;
  AdminReload found = look_at_file(loaded);
  if (found.error == "no_config_file") {
    log_.warn("nothing to reload: the config was not read from a file");
    return found;
  }
  for (const auto& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Diagnostic::Severity::Error)
      log_.error(diagnostic.to_string());
    else
      log_.warn(diagnostic.to_string());
  }
  if (draining_) {
    found.error = "draining";
    found.message = "this frontdoor is stopping";
  }
  if (!found.error.empty()) return refuse_reload(std::move(found));
  std::optional<PreparedListeners> listeners;
  std::optional<Certificates::Prepared> certificates;
  if (auto faults = prepare_listeners(loaded, listeners, certificates); !faults.empty()) {
    for (const std::string& fault : faults) log_.error(fault);
    found.diagnostics.insert(found.diagnostics.end(), faults.begin(), faults.end());
    found.error = "cannot_listen";
    found.message = "not every listener can be as the file says";
    return refuse_reload(std::move(found));
  }
  config_watch_.set_files(loaded.files);
  for (const AwaitsRestart& key : awaiting(loaded.config))
    log_.warn("waits for an upgrade or a restart", {{"key", key.key}, {"runs", key.runs}, {"file", key.file}});
  log_.set_level(loaded.config.log.level);
  log_.set_format(loaded.config.log.format);
  access_log_.apply(loaded.config.access_log);
  if (admin_) admin_->apply(loaded.config.admin);
  upstream_contexts_.forget_changed();
  steering_.settle(loaded.config);
  auto next = registry_.build(loaded.config, resolver_.addresses(), instances_);
  if (supervision_) supervision_->apply_checks(loaded.config);  // the first check of a new pool is under way at once
  server_.publish(next);
  apply(std::move(next));
  take_listeners(loaded.config, std::move(*listeners), std::move(*certificates));
  if (supervision_) supervision_->apply(loaded.config);
  reload_totals_.note_success(unix_now_millis());
  std::string changes;
  for (const std::string& change : found.changes) changes += (changes.empty() ? "" : "; ") + change;
  if (changes.size() > kLongestChanges) changes = std::to_string(found.changes.size()) + " of them";
  log_.info("reloaded",
            {{"file", options_.config_file}, {"generation", snapshot_->generation}, {"changes", changes}});
  found.generation = snapshot_->generation;
  return found;
}

}  // namespace frontdoor
