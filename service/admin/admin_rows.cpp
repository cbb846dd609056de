#include "service/admin/admin_rows.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/short_text.h"

namespace frontdoor {

namespace {

// 0 for a moment that has not been yet.
std::int64_t unix_millis_of(TimePoint then, RowMoment moment) {
  if (then == TimePoint{}) return 0;
  return moment.unix_millis - std::chrono::duration_cast<Millis>(moment.now - then).count();
}

}  // namespace

AdminStatus::Crash to_admin(const Supervision::Recovery& recovery, RowMoment moment) {
  const FrontDoorCrash& crash = recovery.crash;
  const auto away = std::chrono::duration_cast<Millis>(recovery.back_at - crash.away_since).count();
  return {.end = to_string(crash.end),
          .unix_millis = unix_millis_of(crash.away_since, moment),
          .away_millis = static_cast<std::uint64_t>(away),
          .lived_millis = static_cast<std::uint64_t>(crash.lived.count()),
          .instances = recovery.instances,
          .crashes = crash.crashes};
}

AdminPool::FailedChange to_admin(const FailedRoll& failed, RowMoment moment) {
  return {failed.asked, failed.keys, failed.instance, failed.why, unix_millis_of(failed.at, moment)};
}

std::string failed_change_sentence(const std::string& pool, const AdminPool::FailedChange& change, std::int64_t now_unix_millis) {
  return "pool " + pool + ", for " + short_duration(now_unix_millis - change.unix_millis) + ": " + summary_of(change);
}

AdminUpstream row_of(const InstanceStatus& instance, const SampledUsages& usages, RowMoment moment) {
  AdminUpstream row;
  row.name = instance.instance;
  row.address = instance.endpoint ? instance.endpoint->to_string() : "";
  row.state = to_string(instance.state);
  row.reason = instance.late;
  row.since_unix_millis = unix_millis_of(instance.since, moment);
  if (instance.upstream) {
    row.requests = instance.upstream->requests();
    row.in_flight = instance.upstream->in_flight();
    // Its process runs, and yet nothing is sent there.
    if (instance.state == InstanceState::Up && !instance.upstream->available()) {
      row.state = "down";
      row.reason = instance.upstream->reason();
      row.since_unix_millis = unix_millis_of(instance.upstream->changed_at(), moment);
    }
  }
  if (instance.stopped_by) row.stopped_by = to_admin(*instance.stopped_by);
  AdminProcess process;
  process.number = instance.number;
  process.pid = instance.pid;
  process.restarts = instance.restarts;
  if (instance.last_end) process.last_end = to_string(*instance.last_end);
  process.last_reason = instance.last_reason;
  process.says = instance.says;
  process.requests_at_end = instance.requests_at_end;
  if (instance.next_start)
    process.next_start_millis =
        std::max<std::int64_t>(std::chrono::duration_cast<Millis>(*instance.next_start - moment.now).count(), 0);
  if (const auto usage = usages.find(instance.pid); usage != usages.end()) {
    const SampledUsage& sampled = usage->second;
    process.processes = static_cast<unsigned>(sampled.usage.processes);
    process.memory_bytes = sampled.usage.memory_bytes;
    if (sampled.cpu_share) process.cpu_percent = *sampled.cpu_share * 100;
    process.cpu_millis = static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(sampled.usage.cpu).count());
  }
  row.process = std::move(process);
  return row;
}

AdminUpstream row_of(const Upstream& upstream, RowMoment moment) {
  AdminUpstream row;
  row.name = upstream.name();
  row.address = upstream.address().to_string();
  row.state = to_string(upstream.seen().state);
  row.reason = upstream.reason();
  row.since_unix_millis = unix_millis_of(upstream.changed_at(), moment);
  row.requests = upstream.requests();
  row.in_flight = upstream.in_flight();
  return row;
}

AdminStanding to_admin(const OrderedBy& by) { return {by.name, by.unix_millis, by.reason}; }

void add_order(AdminUpstream& row, const Orders& orders, const std::string& pool, const std::string& upstream) {
  const UpstreamOrder* const order = orders.find(pool, upstream);
  if (order == nullptr) return;
  row.ordered = AdminUpstream::Ordered{to_string(order->order), order->weight, to_admin(order->by)};
  if (order->weight) row.weight = *order->weight;
}

}  // namespace frontdoor
