#include "admin/views.h"

#include <boost/json/array.hpp>
#include <cmath>

#include "admin/time_text.h"
#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace json = boost::json;

json::value text_or_nothing(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(to_utf8(text));
}

json::value time_or_nothing(std::int64_t unix_millis) {
  return unix_millis == 0 ? json::value(nullptr) : json::value(rfc3339(unix_millis));
}

json::object codes(const CodeTotals& by_code) {
  json::object object;
  for (std::size_t i = 0; i < kCodeClasses; ++i) object[std::string_view(kCodeClassNames[i])] = by_code[i];
  return object;
}

json::object words(const WordTotals& totals) {
  json::object object;
  for (const WordTotal& total : totals) object[total.word] = total.count;
  return object;
}

// Since the start, so that whoever wants them for a moment reads /metrics.
json::object latency(const Latency& of) {
  const auto millis = [&](double share) { return json::value(std::round(of.quantile(share) * 1e5) / 1e2); };
  const bool any = of.count() != 0;
  return {{"count", of.count()},
          {"p50_ms", any ? millis(0.5) : json::value(nullptr)},
          {"p95_ms", any ? millis(0.95) : json::value(nullptr)},
          {"p99_ms", any ? millis(0.99) : json::value(nullptr)}};
}

// The strip of the last probes, the newest last: "PPPFP".
std::string strip(const UpstreamTotals& upstream) {
  std::string text;
  for (unsigned i = upstream.history_size; i-- > 0;) text += (upstream.history >> i & 1) != 0 ? 'P' : 'F';
  return text;
}

json::object check_json(const UpstreamTotals& upstream) {
  return {{"configured", upstream.checked},
          {"history", strip(upstream)},
          {"last_us", upstream.last_check_micros},
          {"last_error", text_or_nothing(upstream.last_check_error)},
          {"results", words(upstream.checks)}};
}

json::value http2_json(const UpstreamTotals& upstream) {
  if (!upstream.http2) return nullptr;
  return json::object{{"streams", upstream.http2->streams}, {"goaways", words(upstream.http2->goaways)}, {"resets", words(upstream.http2->resets)}};
}

json::object upstream_view(const PoolTotals& pool, const UpstreamTotals& upstream) {
  return {{"pool", pool.name},
          {"name", upstream.name},
          {"address", upstream.address},
          {"state", upstream.state},
          {"reason", text_or_nothing(upstream.reason)},
          {"since", time_or_nothing(upstream.since_unix_millis)},
          {"weight", upstream.weight},
          {"requests", upstream.requests},
          {"in_flight", upstream.in_flight},
          {"retried", upstream.retried},
          {"by_code", codes(upstream.by_code)},
          {"response", latency(upstream.response)},
          {"connections", json::object{{"active", upstream.active_connections}, {"idle", upstream.idle_connections}}},
          {"protocol", pool.protocol},
          {"http2", http2_json(upstream)},
          {"check", check_json(upstream)}};
}

json::object pool_view(const PoolTotals& pool) {
  json::array upstreams;
  for (const UpstreamTotals& upstream : pool.upstreams) upstreams.emplace_back(upstream.name);
  return {{"name", pool.name},
          {"protocol", pool.protocol},
          {"up", pool.up()},
          {"asleep", pool.sleeps},
          {"requests", pool.all_requests()},
          {"by_code", codes(pool.by_code())},
          {"in_flight", pool.in_flight},
          {"duration", latency(pool.duration)},
          {"held", pool.held_now},
          {"holds", words(pool.holds)},
          {"retries", words(pool.retries)},
          {"retries_denied", words(pool.retries_denied)},
          {"own_answers", words(pool.own_answers)},
          {"unfinished", words(pool.unfinished)},
          {"upstreams", std::move(upstreams)}};
}

}  // namespace

json::object listeners_json(const Totals& totals) {
  json::array list;
  for (const ListenerTotals& each : totals.listeners)
    list.push_back(json::object{{"name", each.name},
                                {"address", each.address},
                                {"tls", each.tls},
                                {"redirects_to_https", each.redirects},
                                {"connections", each.connections},
                                {"max_connections", each.most_connections}});
  return {{"listeners", std::move(list)}};
}

json::object routes_json(const Totals& totals) {
  json::array list;
  for (const RouteTotals& each : totals.routes)
    list.push_back(json::object{
        {"host", text_or_nothing(each.host)}, {"path", text_or_nothing(each.path)}, {"pool", each.pool}, {"requests", each.requests}});
  return {{"routes", std::move(list)}};
}

json::object pools_json(const Totals& totals) {
  json::array list;
  for (const PoolTotals& pool : totals.pools) list.push_back(pool_view(pool));
  return {{"pools", std::move(list)}};
}

json::object upstreams_json(const Totals& totals) {
  json::array list;
  for (const PoolTotals& pool : totals.pools)
    for (const UpstreamTotals& upstream : pool.upstreams) list.push_back(upstream_view(pool, upstream));
  return {{"upstreams", std::move(list)}};
}

json::object certificates_json(const Totals& totals) {
  json::array list;
  for (const CertificateTotals& each : totals.certificates) {
    json::array names;
    for (const std::string& name : each.names) names.emplace_back(to_utf8(name));
    list.push_back(json::object{{"listener", each.listener},
                                {"file", text_or_nothing(each.file)},
                                {"names", std::move(names)},
                                {"not_before", rfc3339(each.not_before * 1'000)},
                                {"not_after", rfc3339(each.not_after * 1'000)},
                                {"expires_in_s", each.not_after - totals.unix_millis / 1'000}});
  }
  return {{"certificates", std::move(list)}};
}

}  // namespace frontdoor
