#include "dashboard/picture.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdio>
#include <set>

#include "admin/utf8.h"
#include "dashboard/overview.h"
#include "dashboard/traffic.h"

namespace frontdoor {

namespace {

namespace json = boost::json;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(to_utf8(text));
}

json::value moment_or_null(std::int64_t unix_millis) {
  return unix_millis == 0 ? json::value(nullptr) : json::value(unix_millis);
}

// In whole seconds: moments of the steady clock are translated anew each time and come out a millisecond apart, and what
// has changed is sent again.
json::value second_or_null(std::int64_t unix_millis) { return moment_or_null(unix_millis / 1000 * 1000); }

json::array texts(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(to_utf8(value));
  return array;
}

// Oldest first, as one reads it: "1110".
std::string probe_strip(std::uint64_t history, unsigned size) {
  std::string strip;
  for (unsigned i = std::min(size, 64u); i > 0; --i) strip += (history >> (i - 1) & 1) != 0 ? '1' : '0';
  return strip;
}

std::string standing_words(const AdminStanding& standing) {
  return "by " + standing.by + (standing.reason.empty() ? "" : ", " + standing.reason);
}

class Drawing {
 public:
  Drawing(LiveDocument& document, const Picture& picture)
      : document_(document),
        status_(picture.status),
        totals_(picture.totals),
        meters_(picture.meters),
        may_write_(picture.may_write),
        lately_(picture.lately) {}

  void draw() {
    document_.begin();
    draw_top();
    json::array pools;
    for (const AdminPool& pool : status_.pools) pools.push_back(draw_pool(pool));
    draw_listeners();
    draw_routes();
    draw_certificates();
    put("order", json::object{{"listeners", totals_.listeners.size()},
                              {"routes", totals_.routes.size()},
                              {"certificates", totals_.certificates.size()},
                              {"pools", std::move(pools)}});
  }

 private:
  void put(const std::string& key, const json::value& value) { document_.set(key, json::serialize(value)); }

  MeterReading reading(const std::string& meter) const {
    const Meter* const found = meters_.find(meter);
    return found == nullptr ? MeterReading{} : found->read();
  }

  void draw_top() {
    const Overview overview = overview_of(status_, totals_);
    put("top", json::object{{"level", to_string(overview.level)}, {"sentence", to_utf8(overview.sentence)}});
    put("lately", text_or_null(lately_));
    put("door", json::object{{"version", status_.version},
                             {"pid", status_.pid},
                             {"state", status_.state},
                             {"since", status_.since_unix_millis},
                             {"config_file", text_or_null(status_.config_file)},
                             {"directory", to_utf8(status_.directory)},
                             {"command_line", texts(status_.command_line)},
                             {"generation", status_.generation},
                             {"writes", may_write_},
                             {"steers", true},
                             {"reload_failed", totals_.reloads.last_failed},
                             {"reloaded", moment_or_null(totals_.reloads.last_success_unix_millis)}});
    put("memory", json::value(status_.memory_bytes / 1'048'576));
  }

  void draw_listeners() {
    for (std::size_t i = 0; i < totals_.listeners.size(); ++i) {
      const ListenerTotals& listener = totals_.listeners[i];
      put("listener/" + std::to_string(i), json::object{{"name", to_utf8(listener.name)},
                                                        {"address", to_utf8(listener.address)},
                                                        {"tls", listener.tls},
                                                        {"redirects", listener.redirects}});
      put("connections/" + std::to_string(i), json::array{listener.connections, listener.most_connections});
    }
  }

  void draw_routes() {
    for (std::size_t i = 0; i < totals_.routes.size(); ++i) {
      const RouteTotals& route = totals_.routes[i];
      put("route/" + std::to_string(i),
          json::object{{"host", to_utf8(route.host)}, {"path", to_utf8(route.path)}, {"pool", to_utf8(route.pool)}});
      if (const double pace = reading(route_meter(route)).requests; pace > 0)
        document_.set("pace/" + std::to_string(i), json_number(pace));
    }
  }

  void draw_certificates() {
    for (std::size_t i = 0; i < totals_.certificates.size(); ++i) {
      const CertificateTotals& certificate = totals_.certificates[i];
      put("certificate/" + std::to_string(i), json::object{{"listener", to_utf8(certificate.listener)},
                                                           {"file", to_utf8(certificate.file)},
                                                           {"names", texts(certificate.names)},
                                                           {"not_after", certificate.not_after * 1'000}});
    }
  }

  // What it is in the order: its name, and those of its upstreams.
  json::object draw_pool(const AdminPool& pool) {
    const PoolCount counts = count(pool);
    put("pool/" + pool.name, json::object{{"all", counts.all},
                                          {"protocol", pool.protocol},
                                          {"good", counts.good},
                                          {"coming", counts.coming},
                                          {"bad", counts.bad},
                                          {"resting", counts.resting},
                                          {"command", texts(pool.command)},
                                          {"instances", pool.wanted},
                                          {"stopped", pool.stopped},
                                          {"operation", text_or_null(pool.operation)},
                                          {"failed", pool.failed_change ? json::value(to_utf8(summary_of(*pool.failed_change)))
                                                                        : json::value(nullptr)},
                                          {"removed", removed_words(pool)}});
    const PoolTotals* const counted = find_pool(totals_, pool.name);
    if (counted != nullptr && counted->hold_wait.count() != 0)
      document_.set("waits/" + pool.name, '[' + std::to_string(counted->hold_wait.count()) + ',' +
                                              json_number(counted->hold_wait.quantile(0.5) * 1'000) + ',' +
                                              json_number(counted->hold_wait.quantile(0.95) * 1'000) + ']');
    const std::uint64_t held = counted == nullptr ? 0 : counted->held_now;
    document_.set("flow/" + pool.name, numbers(reading(pool_meter(pool.name))) + ',' + std::to_string(held) + ']');
    for (std::size_t i = 0; i < totals_.listeners.size(); ++i)
      if (const double pace = reading(lane_meter(i, pool.name)).requests; pace > 0)
        document_.set("lane/" + std::to_string(i) + '/' + pool.name, json_number(pace));

    json::array names;
    std::set<std::string> drawn;
    for (const AdminUpstream& upstream : pool.upstreams) {
      std::string name = upstream.name;
      if (!drawn.insert(name).second) drawn.insert(name += '@' + upstream.address);  // the old one of two
      names.emplace_back(to_utf8(name));
      const UpstreamTotals* const known = counted == nullptr ? nullptr : find_upstream(*counted, upstream);
      draw_upstream(pool.name, name, upstream, known == nullptr ? UpstreamTotals{} : *known);
    }
    return {{"name", to_utf8(pool.name)}, {"upstreams", std::move(names)}};
  }

  // What the config names and an operator has removed: it has no row, and must not be forgotten.
  static json::array removed_words(const AdminPool& pool) {
    json::array removed;
    for (const AdminPool::Removed& each : pool.removed)
      removed.emplace_back(to_utf8(each.upstream + " removed " + standing_words(each.standing)));
    return removed;
  }

  void draw_upstream(const std::string& pool, const std::string& name, const AdminUpstream& upstream,
                     const UpstreamTotals& counted) {
    const std::string path = pool + '/' + name;
    const std::string state = shown_state(upstream);
    json::object row{{"name", to_utf8(upstream.name)},
                     {"address", to_utf8(upstream.address)},
                     {"meter", to_utf8(upstream_meter(pool, counted.name))},
                     {"state", state},
                     {"condition", to_string(condition_of(state))},
                     {"reason", text_or_null(state == upstream.state ? upstream.reason : standing_words(upstream.ordered->standing))},
                     {"since", second_or_null(upstream.since_unix_millis)},
                     {"weight", upstream.leaving ? upstream.weight : counted.weight}};
    if (upstream.added) row["added"] = to_utf8("added " + standing_words(*upstream.added));
    if (upstream.process) add_process(row, *upstream.process);
    put("up/" + path, row);

    const AdminProcess process = upstream.process.value_or(AdminProcess{});
    std::string now = numbers(reading(upstream_meter(pool, counted.name))) + ',' + std::to_string(upstream.requests);
    now += ',' + (process.memory_bytes ? std::to_string(*process.memory_bytes / 1'048'576) : "null");
    now += ',' + (process.cpu_percent ? json_number(*process.cpu_percent) : "null");
    now += ',' + std::to_string(counted.retried) + ']';
    document_.set("now/" + path, std::move(now));

    if (counted.history_size == 0) return;
    put("probe/" + path, json::object{{"strip", probe_strip(counted.history, counted.history_size)},
                                      {"ms", static_cast<double>(counted.last_check_micros) / 1'000},
                                      {"failure", text_or_null(counted.last_check_error)}});
  }

  void add_process(json::object& row, const AdminProcess& process) const {
    row["number"] = process.number;
    row["pid"] = process.pid > 0 ? json::value(process.pid) : json::value(nullptr);
    row["restarts"] = process.restarts;
    row["last_end"] = text_or_null(process.last_end);
    row["last_reason"] = text_or_null(process.last_reason);
    row["says"] = text_or_null(process.says);
    row["requests_at_end"] = texts(process.requests_at_end);
    // A moment, not a time until then, which would be another one each second. To the tenth, as it is reckoned anew.
    row["next_start"] = nullptr;
    if (process.next_start_millis)
      row["next_start"] = (status_.now_unix_millis + *process.next_start_millis + 50) / 100 * 100;
  }

  // [requests, errors, p95, in flight; without its end.
  static std::string numbers(const MeterReading& now) {
    return '[' + json_number(now.requests) + ',' + json_number(now.errors) + ',' + json_number(now.p95_ms) + ',' +
           std::to_string(now.in_flight);
  }

  LiveDocument& document_;
  const AdminStatus& status_;
  const Totals& totals_;
  const Meters& meters_;
  const bool may_write_;
  const std::string& lately_;
};

}  // namespace

void draw(LiveDocument& document, const Picture& picture) { Drawing(document, picture).draw(); }

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, std::fabs(value) < 10 ? "%.2f" : std::fabs(value) < 100 ? "%.1f" : "%.0f", value);
  std::string result(text);
  if (result.find('.') == std::string::npos) return result;
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.') result.pop_back();
  return result == "-0" ? "0" : result;
}

std::string to_json(const SparkPoint& spark) {
  return '[' + json_number(spark.requests) + ',' + json_number(spark.errors) + ',' + json_number(spark.p95_ms) + ']';
}

}  // namespace frontdoor
