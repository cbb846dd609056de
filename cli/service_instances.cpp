// What the supervisor's instances are to the traffic.

#include "cli/service.h"

#include <utility>

namespace frontdoor {

namespace {

namespace asio = boost::asio;

}  // namespace

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
