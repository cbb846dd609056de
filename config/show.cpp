// Walks the structs in the file's order and lets the schema's rows write themselves.

#include "config/show.h"

#include <algorithm>

#include "config/schema.h"
#include "config/schema_process.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

void write_key(std::string& out, const schema::Key& key, schema::Object object) {
  const auto value = format_value(key, key.slot(object));
  const bool no_command = key.type == schema::Type::Command && value == "[]";  // which could not be read back
  if (!value.empty() && !no_command) out += std::string(key.name) + " = " + value + '\n';
}

bool is_of_instances(const schema::Key& key) {
  return std::any_of(schema::process_rows::keys.begin(), schema::process_rows::keys.end(),
                     [&](const schema::Key& row) { return row.name == key.name; });
}

// Whether a key of a pool says something of this one.
bool has_effect(const schema::Key& key, const Pool& pool) {
  if (!pool.process.command.empty() || !is_of_instances(key)) return true;
  return pool.has_exec_check() && schema::process_rows::holds_for_checks(key.name);
}

void write_keys(std::string& out, const schema::Table& table, schema::Object object) {
  const Pool* const* pool = std::get_if<Pool*>(&object);
  for (const auto& key : table.keys)
    if (!key.is_structure() && (!pool || has_effect(key, **pool))) write_key(out, key, object);
}

void write_table(std::string& out, std::string_view heading, const schema::Table& table,
                 schema::Object object) {
  out += '\n' + std::string(heading) + '\n';
  write_keys(out, table, object);
}

// Timeouts that an override cannot change are left out, unless somebody has tried: load() would warn of each.
void write_overrides(std::string& out, std::string_view heading, schema::Scope not_here, Timeouts overrides,
                     Timeouts inherited) {
  out += '\n' + std::string(heading) + '\n';
  for (const auto& key : schema::timeouts.keys) {
    const bool no_effect = key.scope == schema::Scope::FileOnly ||
                           (key.scope == schema::Scope::NotInRoute && key.scope == not_here);
    const bool inherits = format_value(key, key.slot(&overrides)) == format_value(key, key.slot(&inherited));
    if (!no_effect || !inherits) write_key(out, key, &overrides);
  }
}

std::string inline_table(const schema::Table& table, schema::Object object) {
  std::string out;
  for (const auto& key : table.keys)
    out += (out.empty() ? "  { " : ", ") + std::string(key.name) + " = " + format_value(key, key.slot(object));
  return out + " }";
}

void write_upstreams(std::string& out, Pool& pool) {
  out += "upstreams = [\n";
  for (auto& upstream : pool.upstreams) out += inline_table(schema::upstream, &upstream) + ",\n";
  out += "]\n";
}

void write_listener(std::string& out, Listener& listener) {
  write_table(out, schema::listener.heading, schema::listener, &listener);
  if (!listener.tls) return;
  write_table(out, schema::listener_tls.heading, schema::listener_tls, &*listener.tls);
  if (listener.tls->certificates.empty()) return;
  out += "certificates = [\n";
  for (auto& certificate : listener.tls->certificates) out += inline_table(schema::certificate, &certificate) + ",\n";
  out += "]\n";
}

void write_pool(std::string& out, Pool& pool, const Timeouts& file_timeouts) {
  const std::string name = "[pool." + toml_key(pool.name);
  out += '\n' + name + "]\n";
  if (!pool.upstreams.empty()) write_upstreams(out, pool);
  write_keys(out, schema::pool, &pool);
  if (pool.health_check) {
    write_table(out, name + ".health_check]", schema::health_check, &*pool.health_check);
    write_table(out, name + ".health_check.expect]", schema::expect, &*pool.health_check);
  }
  if (pool.has_tls()) write_table(out, name + ".tls]", schema::upstream_tls, &pool.tls);
  write_table(out, name + ".retry]", schema::retry, &pool.retry);
  write_table(out, name + ".hold]", schema::hold, &pool.hold);
  if (!pool.process.command.empty()) {
    write_table(out, name + ".restart]", schema::restart, &pool.process.restart);
    write_table(out, name + ".logs]", schema::logs, &pool.process.logs);
  }
  if (pool.timeouts)
    write_overrides(out, name + ".timeouts]", schema::Scope::FileOnly, *pool.timeouts, file_timeouts);
}

const Timeouts& inherited_by(const Route& route, const Config& config) {
  for (const auto& pool : config.pools)
    if (pool.name == route.pool && pool.timeouts) return *pool.timeouts;
  return config.timeouts;
}

}  // namespace

std::string show(const Config& original) {
  Config config = original;  // the schema's slots are for reading and writing
  std::string out;
  write_keys(out, schema::root, &config);
  for (auto& listener : config.listeners) write_listener(out, listener);
  write_table(out, schema::timeouts.heading, schema::timeouts, &config.timeouts);
  write_table(out, schema::limits.heading, schema::limits, &config.limits);
  for (auto& route : config.routes) {
    write_table(out, schema::route.heading, schema::route, &route);
    if (route.timeouts)
      write_overrides(out, schema::route_timeouts.heading, schema::Scope::NotInRoute, *route.timeouts,
                      inherited_by(route, config));
  }
  for (auto& pool : config.pools) write_pool(out, pool, config.timeouts);
  write_table(out, schema::access_log.heading, schema::access_log, &config.access_log);
  write_table(out, schema::log.heading, schema::log, &config.log);
  write_table(out, schema::admin.heading, schema::admin, &config.admin);
  return out;
}

}  // namespace frontdoor::config
