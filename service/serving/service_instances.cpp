// The supervisor of the instances as a part of the service, and what the instances are to the traffic.

#include "service/serving/service.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/detached.h"
#include "service/process/roles.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

bool always_started_again(const config::Config& config) {
  return std::all_of(config.pools.begin(), config.pools.end(), [](const config::Pool& pool) {
    return pool.process.command.empty() || pool.process.restart.policy == config::Restart::Policy::Always;
  });
}

}  // namespace

void Service::make_supervision() {
  InstanceHost& host = *this;
  auto launcher_gone = [this] {
    log_.error(draining_ ? "the launcher has gone: no instance is started any more while this one drains"
                         : "the launcher has gone: stopping");
    if (!draining_) stop(SIGTERM);
  };
  if (supervision_) {  // which has let go of what is ours again
    retired_.push_back(std::move(supervision_));
    supervision_ = std::make_unique<Supervision>(control_, log_, *retired_.back(), host, std::move(launcher_gone));
  } else {
    supervision_ = std::make_unique<Supervision>(control_, log_, *options_.launcher, host, std::move(launcher_gone));
  }
  health_.run_commands_with(supervision_->checks());
}

void Service::begin_supervision() {
  supervision_->keep_listeners(to_keep(), before_.kept);
  run_instances();
  if (!has_instances(snapshot_->config)) start_workers();  // nobody has to be named before a request comes
  asio::co_spawn(control_, start_workers_at_last(), or_end);
  if (options_.exit_with_child && always_started_again(snapshot_->config))
    log_.warn("--exit-with-child waits for ever: every pool's restart.policy is always");
}

void Service::run_instances() {
  supervision_->stop_within(longest_stop(), longest_instance_stop());
  std::vector<std::string> own_files;
  for (const std::string& file : {options_.ready_file, options_.config_file})
    if (!file.empty() && file != "-") own_files.push_back(file);
  supervision_->set_own_files(std::move(own_files));
  supervision_->start(snapshot_->config);
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

// ---- What they are to the traffic

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

}  // namespace frontdoor
