#include "service/admin/totals_reader.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "base/unix_time.h"
#include "service/process/supervision.h"
#include "tls/client_context.h"

namespace frontdoor {

TotalsReader::TotalsReader(Sources sources) : sources_(std::move(sources)), started_unix_millis_(unix_now_millis()) {}

Totals TotalsReader::read() const {
  Totals totals;
  const auto snapshot = sources_.snapshot();
  totals.unix_millis = unix_now_millis();
  totals.started_unix_millis = started_unix_millis_;
  totals.generation = snapshot->generation;
  totals.draining = sources_.draining();
  totals.serving = sources_.serving();
  sources_.server.add_to(totals);
  for (std::size_t i = 0; i < snapshot->routes.size(); ++i) {
    const config::Route& route = snapshot->config.routes[i];
    totals.routes.push_back({route.host, route.path, route.pool, snapshot->routes[i].counts->requests()});
  }
  const std::vector<std::string>& listeners = sources_.server.listener_titles();
  for (const Pool& pool : snapshot->pools) {
    totals.pools.push_back(pool.totals(listeners));
    if (pool.tls && pool.tls->own_certificate())
      totals.upstream_certificates.push_back({pool.name, pool.tls->own_certificate()->file, pool.tls->own_certificate()->not_after});
  }
  add_health(totals);
  add_instances(totals);
  totals.access_log_dropped = sources_.access_log.lost_lines();
  totals.access_log_failed_rotations = sources_.access_log.failed_rotations();
  totals.reloads = sources_.reloads;
  totals.certificates = sources_.certificates.totals();
  return totals;
}

void TotalsReader::add_health(Totals& totals) const {
  const TimePoint now = Clock::now();
  const std::vector<HealthReport> all = sources_.health.report();
  using Name = std::pair<std::string_view, std::string_view>;
  std::map<Name, const HealthReport*> reports;
  for (const HealthReport& report : all) reports.emplace(Name(report.upstream->pool(), report.upstream->name()), &report);
  for (PoolTotals& pool : totals.pools) {
    for (UpstreamTotals& upstream : pool.upstreams) {
      const auto found = reports.find(Name(pool.name, upstream.name));
      if (found == reports.end()) continue;
      const HealthReport& report = *found->second;
      upstream.checked = report.checked;
      upstream.checks = report.results;
      upstream.history = report.history;
      upstream.history_size = report.history_size;
      upstream.last_check_micros = std::chrono::duration_cast<std::chrono::microseconds>(report.last_latency).count();
      upstream.last_check_error = report.last_error;
      const TimePoint since = report.upstream->changed_at();
      if (since != TimePoint{})
        upstream.since_unix_millis = totals.unix_millis - std::chrono::duration_cast<Millis>(now - since).count();
    }
  }
}

// While one replaces another both have the same place: the new one is told, the old one is on its way out.
void TotalsReader::add_instances(Totals& totals) const {
  const Supervision* const supervision = sources_.supervision();
  if (supervision == nullptr) return;
  for (const PoolStatus& pool : supervision->status()) {
    for (const InstanceStatus& instance : pool.instances) {
      const bool told = std::any_of(totals.instances.begin(), totals.instances.end(), [&](const InstanceTotals& other) {
        return other.pool == pool.pool && other.name == instance.instance;
      });
      if (told) continue;
      totals.instances.push_back({.pool = pool.pool,
                                  .name = instance.instance,
                                  .state = to_string(instance.state),
                                  .pid = instance.pid,
                                  .up = instance.state == InstanceState::Up,
                                  .restarts = instance.restarts,
                                  .crash_loop = instance.state == InstanceState::CrashLoop});
    }
  }
}

}  // namespace frontdoor
