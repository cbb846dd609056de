#include "admin/exposition.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <sstream>

#include "admin/metric_families.h"

namespace frontdoor {

namespace {

constexpr std::array<std::string_view, 5> kUpstreamStates = {"unknown", "up", "down", "draining", "maintenance"};

double flag(bool value) { return value ? 1 : 0; }
double seconds(std::int64_t millis) { return static_cast<double>(millis) / 1e3; }

// The families of one scrape; each function tells one subject.
class Scrape final : public prometheus::Collectable {
 public:
  Scrape(const Totals& totals, const ScrapeExtras& extras) : totals_(totals), extras_(extras) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    MetricFamilies out;
    itself(out);
    requests(out);
    answers(out);
    connections(out);
    upstreams(out);
    upstream_traffic(out);
    health(out);
    retries_and_holds(out);
    config_and_certificates(out);
    upstream_certificates(out);
    webhook(out);
    instances(out);
    own_process(out);
    return out.take();
  }

 private:
  template <class Tell>
  void each_pool(Tell tell) const {
    for (const PoolTotals& pool : totals_.pools) tell(pool, MetricLabels{{"pool", pool.name}});
  }
  template <class Tell>
  void each_upstream(Tell tell) const {
    for (const PoolTotals& pool : totals_.pools)
      for (const UpstreamTotals& upstream : pool.upstreams)
        tell(upstream, MetricLabels{{"pool", pool.name}, {"upstream", upstream.name}});
  }

  void itself(MetricFamilies& out) const {
    out.gauges("frontdoor_build_info", "What this frontdoor is: always 1.");
    out.add(1.0, {{"version", extras_.version}, {"commit", extras_.commit}});
    const Readiness ready = readiness(totals_);
    out.gauges("frontdoor_ready", "Whether a new client would be served, as /readyz says.");
    out.add(flag(ready.ready));
    out.gauges("frontdoor_draining", "Whether it is finishing its requests in order to end.");
    out.add(flag(totals_.draining));
    out.histograms("frontdoor_worker_loop_lag_seconds",
                   "The longest turn of a worker's loop in each quarter of a second: what came meanwhile waited so long.");
    for (std::size_t i = 0; i < totals_.loop_lag.size(); ++i) out.add(totals_.loop_lag[i], {{"worker", std::to_string(i)}});
    out.counters("frontdoor_access_log_dropped_total", "Lines that the access log's destination did not take.");
    out.add(totals_.access_log_dropped);
    out.counters("frontdoor_access_log_failed_rotations_total", "How often the access log's file could not be rotated, and grew.");
    out.add(totals_.access_log_failed_rotations);
  }

  static void request_rows(MetricFamilies& out, const std::vector<RequestTotals>& rows, std::string_view pool) {
    for (const RequestTotals& row : rows)
      for (std::size_t i = 0; i < kCodeClasses; ++i)
        out.add(row.by_code[i], {{"listener", row.listener}, {"pool", pool}, {"code", kCodeClassNames[i]}, {"protocol", row.protocol}});
  }

  void requests(MetricFamilies& out) const {
    out.counters("frontdoor_requests_total",
                 "Requests that have ended, by the class of the status that the client got (none: it got none). "
                 "pool=\"\": they came to no pool.");
    each_pool([&](const PoolTotals& pool, const MetricLabels&) { request_rows(out, pool.requests, pool.name); });
    request_rows(out, totals_.unrouted, "");
    out.gauges("frontdoor_requests_in_flight", "Requests that have begun and not ended: waiting and held ones, streams, tunnels.");
    out.add(totals_.in_flight);
    out.histograms("frontdoor_request_duration_seconds",
                   "From the first byte of a request to the last of its answer. Streams and tunnels are left out.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.duration, labels); });
  }

  void answers(MetricFamilies& out) const {
    out.counters("frontdoor_responses_own_total", "Requests that frontdoor has answered itself, by outcome (docs/outcomes.md).");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.own_answers, "outcome", labels); });
    out.add(totals_.own_answers, "outcome", {{"pool", ""}});
    out.counters("frontdoor_requests_unfinished_total",
                 "Requests that ended without a complete answer, by outcome (docs/outcomes.md).");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.unfinished, "outcome", labels); });
    out.add(totals_.unfinished, "outcome", {{"pool", ""}});
  }

  void connections(MetricFamilies& out) const {
    out.gauges("frontdoor_connections", "Client connections that are open.");
    for (const ListenerTotals& each : totals_.listeners) out.add(each.connections, {{"listener", each.name}});
    out.gauges("frontdoor_connections_limit", "Client connections that may be open at a time.");
    for (const ListenerTotals& each : totals_.listeners) out.add(each.most_connections, {{"listener", each.name}});
    out.counters("frontdoor_connections_turned_away_total", "Connections closed without a request, by reason.");
    out.add(totals_.turned_away, "reason");
    out.counters("frontdoor_tls_handshakes_total", "TLS handshakes with clients, by result.");
    out.add(totals_.handshakes, "result");
  }

  void upstreams(MetricFamilies& out) const {
    out.gauges("frontdoor_pool_upstreams", "Upstreams of a pool.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(std::uint64_t{pool.upstreams.size()}, labels); });
    out.gauges("frontdoor_pool_upstreams_up", "Upstreams of a pool that are up.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(std::uint64_t{pool.up()}, labels); });
    out.gauges("frontdoor_pool_asleep", "Whether a pool has been stopped by idle_stop, until its next request.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(flag(pool.sleeps), labels); });
    out.gauges("frontdoor_upstream_up", "Whether an upstream is up.");
    each_upstream([&](const UpstreamTotals& upstream, const MetricLabels& labels) { out.add(flag(upstream.state == "up"), labels); });
    out.gauges("frontdoor_upstream_state", "1 for the state that an upstream is in, 0 for the others.");
    each_upstream([&](const UpstreamTotals& upstream, MetricLabels labels) {
      labels.emplace_back("state", "");
      for (const std::string_view state : kUpstreamStates) {
        labels.back().second = state;
        out.add(flag(upstream.state == state), labels);
      }
    });
    out.gauges("frontdoor_upstream_weight", "An upstream's share of its pool's requests, beside the others' weights.");
    each_upstream([&](const UpstreamTotals& upstream, const MetricLabels& labels) { out.add(std::uint64_t{upstream.weight}, labels); });
  }

  void upstream_traffic(MetricFamilies& out) const {
    out.counters("frontdoor_upstream_requests_total",
                 "Requests given to an upstream that have ended there, by the class of its answer (none: it gave none).");
    each_upstream([&](const UpstreamTotals& upstream, MetricLabels labels) {
      labels.emplace_back("code", "");
      for (std::size_t i = 0; i < kCodeClasses; ++i) {
        labels.back().second = kCodeClassNames[i];
        out.add(upstream.by_code[i], labels);
      }
    });
    out.gauges("frontdoor_upstream_requests_in_flight", "Requests that are on an upstream.");
    each_upstream([&](const UpstreamTotals& upstream, const MetricLabels& labels) { out.add(upstream.in_flight, labels); });
    out.gauges("frontdoor_upstream_connections", "Connections to an upstream: active ones serve a request, idle ones wait for one.");
    each_upstream([&](const UpstreamTotals& upstream, MetricLabels labels) {
      labels.emplace_back("state", "active");
      out.add(upstream.active_connections, labels);
      labels.back().second = "idle";
      out.add(upstream.idle_connections, labels);
    });
    const auto each_http2 = [&](auto tell) {
      each_upstream([&](const UpstreamTotals& upstream, const MetricLabels& labels) {
        if (upstream.http2) tell(*upstream.http2, labels);
      });
    };
    out.gauges("frontdoor_upstream_http2_streams", "Streams that are open on the HTTP/2 connections to an upstream, tunnels included.");
    each_http2([&](const UpstreamHttp2Totals& http2, const MetricLabels& labels) { out.add(http2.streams, labels); });
    out.counters("frontdoor_upstream_http2_goaways_total", "Connections that an upstream has taken leave of (GOAWAY), by error code.");
    each_http2([&](const UpstreamHttp2Totals& http2, const MetricLabels& labels) { out.add(http2.goaways, "error", labels); });
    out.counters("frontdoor_upstream_http2_resets_total",
                 "Streams that an upstream has reset, by error code. REFUSED_STREAM: it had not begun with the request.");
    each_http2([&](const UpstreamHttp2Totals& http2, const MetricLabels& labels) { out.add(http2.resets, "error", labels); });
    out.histograms("frontdoor_upstream_connect_duration_seconds", "How long fresh connections to a pool's upstreams took.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.connect, labels); });
    out.histograms("frontdoor_upstream_response_duration_seconds",
                   "From a request's head sent to an upstream to the head of its answer.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.response, labels); });
  }

  void health(MetricFamilies& out) const {
    out.counters("frontdoor_health_checks_total", "Probes of an upstream by result; discarded: our own side was late.");
    each_upstream([&](const UpstreamTotals& upstream, const MetricLabels& labels) { out.add(upstream.checks, "result", labels); });
    out.counters("frontdoor_upstream_transitions_total", "Changes of an upstream's state, by what it became and why.");
    each_upstream([&](const UpstreamTotals& upstream, const MetricLabels& labels) {
      for (const TransitionTotal& each : upstream.transitions) {
        MetricLabels all = labels;
        all.emplace_back("to", each.to);
        all.emplace_back("reason", each.reason);
        out.add(each.count, all);
      }
    });
  }

  void retries_and_holds(MetricFamilies& out) const {
    out.counters("frontdoor_retries_total", "Requests that were tried again, by the rule that allowed it (docs/outcomes.md).");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.retries, "reason", labels); });
    out.counters("frontdoor_retries_denied_total", "Failed tries without another, by the rule that forbade it (docs/outcomes.md).");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.retries_denied, "reason", labels); });
    out.gauges("frontdoor_held_requests", "Requests that wait for an upstream.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.held_now, labels); });
    out.histograms("frontdoor_hold_wait_seconds", "How long requests have waited for an upstream.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.hold_wait, labels); });
    out.counters("frontdoor_holds_total", "Waits for an upstream, by what ended them; released: one could take the request.");
    each_pool([&](const PoolTotals& pool, const MetricLabels& labels) { out.add(pool.holds, "result", labels); });
  }

  void config_and_certificates(MetricFamilies& out) const {
    const ReloadTotals& reloads = totals_.reloads;
    out.counters("frontdoor_config_reloads_total", "Reloads of the config, by result.");
    out.add(reloads.succeeded, {{"result", "success"}});
    out.add(reloads.failed, {{"result", "failure"}});
    out.gauges("frontdoor_config_last_reload_successful", "Whether the last reload was applied.");
    out.add(flag(!reloads.last_failed));
    out.gauges("frontdoor_config_last_reload_success_timestamp_seconds", "When the running config was loaded.");
    out.add(seconds(reloads.last_success_unix_millis));
    out.gauges("frontdoor_tls_certificate_not_after_timestamp_seconds", "When a certificate that is shown to clients expires.");
    for (const CertificateTotals& each : totals_.certificates)
      out.add(static_cast<double>(each.not_after),
              {{"listener", each.listener}, {"file", each.file}, {"name", each.names.empty() ? std::string_view() : each.names.front()}});
  }

  void webhook(MetricFamilies& out) const {
    if (!totals_.webhook) return;
    const WebhookTotals& webhook = *totals_.webhook;
    out.counters("frontdoor_webhook_deliveries_total", "POSTs of events to [admin] webhook, by result; failed ones are tried again.");
    out.add(webhook.delivered, {{"result", "delivered"}});
    out.add(webhook.failed, {{"result", "failed"}});
    out.add(webhook.refused, {{"result", "refused"}});
    out.counters("frontdoor_webhook_events_lost_total",
                 "Events that the webhook will never hear of: it refused them, or was away for longer than they are kept.");
    out.add(webhook.lost_events);
  }

  void upstream_certificates(MetricFamilies& out) const {
    out.gauges("frontdoor_upstream_tls_certificate_not_after_timestamp_seconds",
               "When a certificate that is shown to a pool's upstreams expires.");
    for (const UpstreamCertificateTotals& each : totals_.upstream_certificates)
      out.add(static_cast<double>(each.not_after), {{"pool", each.pool}, {"file", each.file}});
  }

  void instances(MetricFamilies& out) const {
    const auto each_instance = [&](auto tell) {
      for (const InstanceTotals& instance : totals_.instances)
        tell(instance, MetricLabels{{"pool", instance.pool}, {"instance", instance.name}});
    };
    const auto each_process = [&](auto tell) {
      each_instance([&](const InstanceTotals& instance, const MetricLabels& labels) {
        const auto usage = extras_.instances.find(instance.pid);
        if (usage != extras_.instances.end()) tell(usage->second, labels);
      });
    };
    out.gauges("frontdoor_process_up", "Whether an instance that frontdoor runs is up.");
    each_instance([&](const InstanceTotals& instance, const MetricLabels& labels) { out.add(flag(instance.up), labels); });
    out.gauges("frontdoor_process_crash_loop", "Whether an instance ends again and again soon after its start.");
    each_instance([&](const InstanceTotals& instance, const MetricLabels& labels) { out.add(flag(instance.crash_loop), labels); });
    out.counters("frontdoor_process_restarts_total", "Starts of an instance after the first.");
    each_instance([&](const InstanceTotals& instance, const MetricLabels& labels) { out.add(instance.restarts, labels); });
    out.gauges("frontdoor_process_resident_memory_bytes", "Memory of an instance and all that it has started.");
    each_process([&](const ProcessUsageNow& usage, const MetricLabels& labels) { out.add(usage.resident_bytes, labels); });
    out.counters("frontdoor_process_cpu_seconds_total", "CPU time of an instance's process and all that it has started.");
    each_process([&](const ProcessUsageNow& usage, const MetricLabels& labels) { out.add(usage.cpu_seconds, labels); });
    out.gauges("frontdoor_process_start_time_seconds", "When an instance's process was started.");
    each_process([&](const ProcessUsageNow& usage, const MetricLabels& labels) { out.add(usage.start_unix_seconds, labels); });
  }

  void own_process(MetricFamilies& out) const {
    const OwnUsage& own = extras_.own;
    out.counters("process_cpu_seconds_total", "CPU time of frontdoor's own process.");
    out.add(own.usage.cpu_seconds);
    out.gauges("process_resident_memory_bytes", "Resident memory of frontdoor's own process.");
    out.add(own.usage.resident_bytes);
    out.gauges("process_virtual_memory_bytes", "Virtual memory of frontdoor's own process.");
    out.add(own.virtual_bytes);
    out.gauges("process_open_fds", "Open file descriptors of frontdoor's own process.");
    out.add(own.open_descriptors);
    out.gauges("process_max_fds", "File descriptors that frontdoor's own process may open.");
    out.add(own.most_descriptors);
    out.gauges("process_threads", "Threads of frontdoor's own process.");
    out.add(own.threads);
    out.gauges("process_start_time_seconds", "When frontdoor's own process was started.");
    out.add(own.usage.start_unix_seconds);
  }

  const Totals& totals_;
  const ScrapeExtras& extras_;
};

}  // namespace

std::string prometheus_text(const Totals& totals, const ScrapeExtras& extras) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, Scrape(totals, extras).Collect());
  return std::move(text).str();
}

}  // namespace frontdoor
