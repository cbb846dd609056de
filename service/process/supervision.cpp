#include "service/process/supervision.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/detached.h"
#include "base/style.h"
#include "proxy/server/kept_listeners.h"
#include "proxy/server/server.h"
#include "supervisor/launcher/launcher.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLongestWordOfACrash = 1'024;

}  // namespace

Supervision::Supervision(asio::io_context& control, Log& log, int launcher_socket, InstanceHost& host,
                         std::function<void()> launcher_gone)
    : Supervision(control, log, make_outputs(control, log), launcher_socket, host, std::move(launcher_gone)) {}

Supervision::Supervision(asio::io_context& control, Log& log, Supervision& before, InstanceHost& host,
                         std::function<void()> launcher_gone)
    : Supervision(control, log, before.outputs_, before.let_go_for_good(), host, std::move(launcher_gone)) {}

Supervision::Supervision(asio::io_context& control, Log& log, std::shared_ptr<Outputs> outputs, int launcher_socket,
                         InstanceHost& host, std::function<void()> launcher_gone)
    : control_(control),
      log_(log),
      host_(host),
      launcher_(control, launcher_socket, std::move(launcher_gone)),
      outputs_(std::move(outputs)),
      supervisor_(control, log, launcher_, host_, outputs_->output, outputs_->logs, usable_cpus()),
      checks_(control, log, launcher_, checked_instances()),
      triggers_(control, log, supervisor_, host_) {}

std::shared_ptr<Supervision::Outputs> Supervision::make_outputs(asio::io_context& control, Log& log) {
  const StandardOutput kind{.terminal = ::isatty(STDOUT_FILENO) == 1, .coloured = style_for(STDOUT_FILENO).coloured()};
  return std::shared_ptr<Outputs>(new Outputs{.output = AppOutput(control, log, STDOUT_FILENO, kind)});
}

int Supervision::let_go_for_good() {
  host_.be_silent();
  return launcher_.release_socket();
}

void Supervision::start(const config::Config& config) {
  config_ = config;
  checks_.apply(config);
  asio::co_spawn(control_, begin(), or_end);
}

asio::awaitable<void> Supervision::begin() {
  auto inherited = co_await launcher_.inherit();
  begun_ = true;
  std::erase_if(inherited.processes, [this](RunningProcess& process) {
    const bool is_check = ExecChecks::is_check(process.memo);
    if (is_check) checks_.end(std::move(process));
    return is_check;
  });
  note_crash(inherited);
  checks_.open();
  outputs_->output.apply(*config_);
  supervisor_.inherit(inherited.kept);
  supervisor_.apply(*config_, std::move(inherited.processes));
  triggers_.apply(*config_, own_files(*config_));
  config_.reset();
}

// The log of before has it from the launcher; events and status are this process's.
void Supervision::note_crash(LauncherClient::Inheritance& inherited) {
  const auto word = inherited.kept.extract(std::string(kFrontDoorCrash));
  if (!word) return;
  launcher_.drop(word.key());
  const auto text = word.mapped().size() == 1 ? from_memory_file(word.mapped().front().get(), kLongestWordOfACrash) : std::nullopt;
  const auto crash = text ? parse_crash(*text) : std::nullopt;
  if (!crash) return;
  recovery_ = Recovery{*crash, Clock::now(), inherited.processes.size()};
  log_.error("the serving process died and was started anew",
             {{"end", to_string(crash->end)},
              {"lived_ms", crash->lived.count()},
              {"away_ms", std::chrono::duration_cast<Millis>(recovery_->back_at - crash->away_since).count()},
              {"instances_kept", static_cast<std::uint64_t>(recovery_->instances)},
              {"crashes", static_cast<std::uint64_t>(crash->crashes)}});
}

void Supervision::apply(const config::Config& config) {
  if (!begun_) {
    config_ = config;  // begin() applies it
    return;
  }
  outputs_->output.apply(config);
  supervisor_.apply(config);
  triggers_.apply(config, own_files(config));
}

void Supervision::keep_listeners(const std::vector<KeptSocket>& sockets, const std::vector<KeptSocket>& inherited) {
  std::vector<std::string> before = std::exchange(kept_listeners_, {});
  for (const KeptSocket& socket : inherited) before.push_back(socket.name);
  for (const KeptSocket& socket : sockets) {
    if (!launcher_.keep(socket.name, {socket.fd}))
      log_.warn("a listener will not outlive a crash", {{"listener", listener_of_kept(socket.name)}, {"reason", std::strerror(errno)}});
    kept_listeners_.push_back(socket.name);
  }
  for (const std::string& name : before)
    if (std::find(kept_listeners_.begin(), kept_listeners_.end(), name) == kept_listeners_.end()) launcher_.drop(name);
}

void Supervision::keep_config(const std::string& text) {
  const OwnedFd file = to_memory_file(text);
  if (file.valid()) launcher_.keep(kLastConfig, {file.get()});
  else launcher_.drop(kLastConfig);  // that of before would be a surprise
}

void Supervision::let_listeners_go() {
  for (const std::string& name : std::exchange(kept_listeners_, {})) launcher_.drop(name);
}

std::vector<std::string> Supervision::own_files(const config::Config& config) const {
  std::vector<std::string> files = own_files_;
  const std::string& log = config.access_log.output;
  if (log != "stdout" && log != "stderr" && log != "off") files.push_back(log);
  return files;
}

ExecChecks::Instances Supervision::checked_instances() const {
  return {.find = [this](const Upstream& upstream) -> std::optional<CheckedInstance> {
            for (const auto& instance : supervisor_.instances())
              if (instance->upstream().get() == &upstream)
                return CheckedInstance{instance->settings(), instance->address().instance, instance->number()};
            return std::nullopt;
          },
          .processes =
              [this] {
                std::vector<pid_t> pids;
                for (const auto& instance : supervisor_.instances())
                  if (instance->pid() > 0) pids.push_back(instance->pid());
                return pids;
              }};
}

void Supervision::count(std::uint64_t& starting, std::uint64_t& crash_loop) const {
  for (const auto& instance : supervisor_.instances()) {
    starting += instance->state() == InstanceState::Starting ? 1 : 0;
    crash_loop += instance->state() == InstanceState::CrashLoop ? 1 : 0;
  }
}

void Supervision::yield() {
  triggers_.stop();
  checks_.yield();
  supervisor_.yield();
  launcher_.yield();
}

bool Supervision::changing() const {
  const auto pools = supervisor_.status();
  return std::any_of(pools.begin(), pools.end(), [](const PoolStatus& pool) { return pool.changing; });
}

asio::awaitable<void> Supervision::stop() {
  triggers_.stop();
  co_await supervisor_.shut_down();
  outputs_->output.close();
}

// ---- Its host

void Supervision::Host::instances_changed(const InstanceAddresses& instances) {
  if (host_) host_->instances_changed(instances);
}

std::shared_ptr<Upstream> Supervision::Host::upstream_of(const InstanceAddress& instance) {
  return host_ ? host_->upstream_of(instance) : nullptr;
}

PoolTraffic Supervision::Host::traffic_of(const std::string& pool) { return host_ ? host_->traffic_of(pool) : PoolTraffic{}; }

std::shared_ptr<PoolMemory> Supervision::Host::memory_of(const std::string& pool) {
  return host_ ? host_->memory_of(pool) : nullptr;
}

void Supervision::Host::probe_now(const Upstream& upstream) {
  if (host_) host_->probe_now(upstream);
}

std::string Supervision::Host::last_failure(const Upstream& upstream) { return host_ ? host_->last_failure(upstream) : ""; }

void Supervision::Host::evict(const std::shared_ptr<Upstream>& upstream, const std::string& reason) {
  if (host_) host_->evict(upstream, reason);
}

void Supervision::Host::instance_moved(const Instance& instance) {
  if (host_) host_->instance_moved(instance);
}

}  // namespace frontdoor
