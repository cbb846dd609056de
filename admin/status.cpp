#include "admin/status.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <algorithm>
#include <cmath>
#include <string_view>

#include "admin/time_text.h"
#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace json = boost::json;

json::array texts(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(to_utf8(value));
  return array;
}

template <class Number>
json::value or_null(const std::optional<Number>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(to_utf8(text));
}

json::value time_or_null(std::int64_t unix_millis) {
  return unix_millis == 0 ? json::value(nullptr) : json::value(rfc3339(unix_millis));
}

void add_process(json::object& to, const AdminProcess& process) {
  to["instance"] = process.number;
  to["pid"] = process.pid > 0 ? json::value(process.pid) : json::value(nullptr);
  to["processes"] = process.processes;
  to["memory_bytes"] = or_null(process.memory_bytes);
  to["cpu_percent"] =
      process.cpu_percent ? json::value(std::round(*process.cpu_percent * 10) / 10) : json::value(nullptr);
  to["cpu_ms_total"] = or_null(process.cpu_millis);
  to["restarts"] = process.restarts;
  to["last_end"] = text_or_null(process.last_end);
  to["last_reason"] = text_or_null(process.last_reason);
  to["says"] = text_or_null(process.says);
  to["requests_at_end"] = texts(process.requests_at_end);
  to["next_start_ms"] = or_null(process.next_start_millis);
}

double rounded(double value) { return std::round(value * 100) / 100; }

void add_pace_json(json::object& to, const std::optional<AdminPace>& pace) {
  to["requests_per_second"] = pace ? json::value(rounded(pace->requests)) : json::value(nullptr);
  to["errors_per_second"] = pace ? json::value(rounded(pace->errors)) : json::value(nullptr);
  to["p99_ms"] = pace && pace->p99_ms ? json::value(rounded(*pace->p99_ms)) : json::value(nullptr);
}

json::value check_status_json(const std::optional<AdminCheck>& check) {
  if (!check) return nullptr;
  return json::object{{"passed", check->passed}, {"ms", rounded(check->ms)}, {"error", text_or_null(check->error)}};
}

void add_standing(json::object& to, const AdminStanding& standing, std::int64_t now) {
  to["by"] = text_or_null(standing.by);
  to["since"] = time_or_null(standing.unix_millis);
  to["since_ms"] = std::max<std::int64_t>(now - standing.unix_millis, 0);
  to["reason"] = text_or_null(standing.reason);
}

json::value standing_or_null(const std::optional<AdminStanding>& standing, std::int64_t now) {
  if (!standing) return nullptr;
  json::object object;
  add_standing(object, *standing, now);
  return object;
}

json::object upstream_json(const AdminUpstream& upstream, std::int64_t now) {
  json::object object{{"name", upstream.name},
                      {"address", upstream.address},
                      {"state", upstream.state},
                      {"reason", text_or_null(upstream.reason)},
                      {"since", time_or_null(upstream.since_unix_millis)},
                      {"state_ms", nullptr},
                      {"requests", upstream.requests},
                      {"in_flight", upstream.in_flight},
                      {"weight", upstream.weight},
                      {"ordered", nullptr},
                      {"added", standing_or_null(upstream.added, now)},
                      {"stopped_by", standing_or_null(upstream.stopped_by, now)},
                      {"leaving", upstream.leaving},
                      {"check", check_status_json(upstream.check)}};
  add_pace_json(object, upstream.pace);
  if (upstream.ordered) {
    json::object ordered{{"order", upstream.ordered->order}, {"weight", or_null(upstream.ordered->weight)}};
    add_standing(ordered, upstream.ordered->standing, now);
    object["ordered"] = std::move(ordered);
  }
  if (upstream.since_unix_millis != 0) object["state_ms"] = std::max<std::int64_t>(now - upstream.since_unix_millis, 0);
  if (upstream.process) add_process(object, *upstream.process);
  return object;
}

json::value failed_change_json(const AdminPool& pool, std::int64_t now) {
  if (!pool.failed_change) return nullptr;
  const AdminPool::FailedChange& change = *pool.failed_change;
  return json::object{{"what", to_utf8(change.asked)},
                      {"keys", text_or_null(change.keys)},
                      {"instance", to_utf8(change.instance)},
                      {"reason", text_or_null(change.why)},
                      {"summary", to_utf8(summary_of(change))},
                      {"advice", texts(advice_about(change, pool.name))},
                      {"since", time_or_null(change.unix_millis)},
                      {"since_ms", std::max<std::int64_t>(now - change.unix_millis, 0)}};
}

json::value crash_json(const std::optional<AdminStatus::Crash>& crash, std::int64_t now) {
  if (!crash) return nullptr;
  return json::object{{"end", crash->end},
                      {"since", time_or_null(crash->unix_millis)},
                      {"since_ms", std::max<std::int64_t>(now - crash->unix_millis, 0)},
                      {"away_ms", crash->away_millis},
                      {"lived_ms", crash->lived_millis},
                      {"instances_kept", crash->instances},
                      {"crashes", crash->crashes}};
}

json::value refused_json(const std::optional<AdminStatus::RefusedFile>& refused, std::int64_t now) {
  if (!refused) return nullptr;
  return json::object{{"reason", to_utf8(refused->reason)},
                      {"since", time_or_null(refused->unix_millis)},
                      {"since_ms", std::max<std::int64_t>(now - refused->unix_millis, 0)}};
}

}  // namespace

std::string summary_of(const AdminPool::FailedChange& change) {
  const bool of_config = !change.keys.empty();
  std::string text = of_config ? "config change failed (" + change.keys + ")" : "restart failed";
  if (!of_config && change.asked != "restart") text += " (" + change.asked + ")";
  text += ": " + change.instance + " does not come up: " + change.why + "; the old ones serve on, and one that ends is started ";
  return text + (of_config ? "again as it was" : "with what is there then");
}

std::vector<std::string> advice_about(const AdminPool::FailedChange& change, const std::string& pool) {
  return {change.keys.empty() ? "mend it, then: frontdoor restart " + pool
                              : "mend the file or take the change back, then: frontdoor reload",
          "what it wrote: frontdoor logs " + change.instance + " -n 50"};
}

json::object processes_json(const AdminStatus& status) {
  json::array processes;
  for (const AdminPool& pool : status.pools)
    for (const AdminUpstream& upstream : pool.upstreams) {
      if (!upstream.process) continue;
      json::object process = upstream_json(upstream, status.now_unix_millis);
      process["pool"] = pool.name;
      processes.push_back(std::move(process));
    }
  return {{"processes", std::move(processes)}};
}

json::object to_json(const AdminStatus& status) {
  json::array listeners;
  for (const auto& listener : status.listeners)
    listeners.push_back(json::object{{"name", text_or_null(listener.name)}, {"address", listener.address}});
  json::array pools;
  for (const AdminPool& pool : status.pools) {
    json::array upstreams;
    for (const AdminUpstream& upstream : pool.upstreams)
      upstreams.push_back(upstream_json(upstream, status.now_unix_millis));
    json::object object{{"name", pool.name},        {"protocol", pool.protocol}, {"command", nullptr},
                        {"maintenance", nullptr},   {"held", pool.held},         {"upstreams", std::move(upstreams)}};
    json::array removed;
    for (const AdminPool::Removed& each : pool.removed) {
      json::object entry{{"upstream", to_utf8(each.upstream)}};
      add_standing(entry, each.standing, status.now_unix_millis);
      removed.push_back(std::move(entry));
    }
    object["removed"] = std::move(removed);
    if (pool.maintenance) {
      json::object maintenance{{"retry_after_s", pool.maintenance->retry_after_seconds}, {"page", pool.maintenance->page}};
      add_standing(maintenance, pool.maintenance->standing, status.now_unix_millis);
      object["maintenance"] = std::move(maintenance);
    }
    if (!pool.command.empty()) {
      object["command"] = texts(pool.command);
      object["directory"] = text_or_null(pool.directory);
      object["instances"] = pool.wanted;
      object["stopped"] = pool.stopped;
      object["stopped_by"] = standing_or_null(pool.stopped_by, status.now_unix_millis);
      object["scaled_by"] = standing_or_null(pool.scaled_by, status.now_unix_millis);
      object["operation"] = text_or_null(pool.operation);
      object["failed_change"] = failed_change_json(pool, status.now_unix_millis);
    }
    pools.push_back(std::move(object));
  }
  json::object whole{{"version", status.version},
                     {"pid", status.pid},
                     {"main_pid", status.main_pid},
                     {"state", status.state},
                     {"since", time_or_null(status.since_unix_millis)},
                     {"running_ms", std::max<std::int64_t>(status.now_unix_millis - status.since_unix_millis, 0)},
                     {"command_line", texts(status.command_line)},
                     {"directory", to_utf8(status.directory)},
                     {"config_file", text_or_null(status.config_file)},
                     {"config_generation", status.generation},
                     {"config_refused", refused_json(status.refused_file, status.now_unix_millis)},
                     {"socket", to_utf8(status.socket)},
                     {"admin_address", text_or_null(status.address)},
                     {"memory_bytes", status.memory_bytes},
                     {"drain_ms", status.drain_millis},
                     {"crashed", crash_json(status.crashed, status.now_unix_millis)},
                     {"connections", status.connections},
                     {"requests", status.requests},
                     {"in_flight", status.in_flight},
                     {"held", status.held},
                     {"listeners", std::move(listeners)},
                     {"pools", std::move(pools)}};
  add_pace_json(whole, status.pace);
  return whole;
}

}  // namespace frontdoor
