// [pool.NAME] and the tables below it.

#include "config/patterns.h"
#include "config/reader.h"
#include "config/schema_process.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

std::string heading(const Pool& pool, std::string_view below = "") {
  return "[pool." + toml_key(pool.name) + std::string(below) + ']';
}

void read_upstream(const Value& value, Pool& pool, PoolPlace& places, Reader& reader) {
  Upstream upstream;
  const auto* address = &value;
  if (value.is(Kind::Table)) {
    read_plain_keys(value, {schema::upstream, "the upstreams of " + heading(pool), pool.name}, &upstream,
                    reader);
    address = value.find("address");
    if (address == nullptr)
      return reader.diagnostics.error(value.at,
                                      "an upstream needs an address, as in { address = \"127.0.0.1:3000\" }");
  } else {
    read_value(*schema::upstream.find("address"), value, &upstream.address, reader.diagnostics);
  }
  pool.upstreams.push_back(std::move(upstream));
  places.upstreams.push_back(address->at);
}

void read_upstreams(const Value& value, Pool& pool, PoolPlace& places, Reader& reader) {
  if (value.is(Kind::Text))
    return reader.diagnostics.error(value.at,
                                    "upstreams is a list: write upstreams = [" + quote(value.text) + ']');
  if (!value.is(Kind::List))
    return wrong_type("upstreams", "a list as in [\"127.0.0.1:3000\"]", value, reader.diagnostics);
  for (const auto& item : value.items) read_upstream(item, pool, places, reader);
}

// The exit status of a command says all; and only of such a check is a command of use.
void check_exec(const Value& value, const Pool& pool, Reader& reader) {
  const HealthCheck& check = *pool.health_check;
  const std::string below = heading(pool, ".health_check");
  if (check.type != HealthCheck::Type::Exec) {
    if (const auto* command = value.find("command"))
      reader.diagnostics.warning(command->at, "command has no effect in " + below + ": add type = \"exec\"");
    return;
  }
  if (value.find("command") == nullptr)
    reader.diagnostics.error(value.at, below + " type = \"exec\" needs a command, as in command = [\"./is-healthy\"]");
  const HealthCheck usual;
  const auto warn = [&](std::string_view key, bool said) {
    const auto* stray = value.find(key);
    if (said && stray != nullptr)
      reader.diagnostics.warning(stray->at, quote(key) + " has no effect in " + below +
                                                ": with type = \"exec\" the exit status of the command decides");
  };
  warn("path", check.path != usual.path);
  warn("host", check.host != usual.host);
  warn("expect", check.expect_status != usual.expect_status);
}

void read_health_check(const Value& value, Pool& pool, Reader& reader) {
  auto& check = pool.health_check.emplace();
  if (value.is(Kind::Text)) {
    schema::Key key = *schema::health_check.find("path");
    key.name = "health_check";  // as the file has it
    return read_value(key, value, &check.path, reader.diagnostics);
  }
  if (value.is(Kind::Boolean))
    return reader.diagnostics.error(
        value.at, "health_check: write the path to ask for, as in \"/healthz\", or leave health_check out");
  if (!is_table(value, "health_check", heading(pool, ".health_check") + " or a path as in \"/healthz\"",
                reader))
    return;
  read_plain_keys(value, {schema::health_check, heading(pool, ".health_check"), pool.name}, &check, reader);
  const auto* expect = value.find("expect");
  if (expect != nullptr && is_table(*expect, "expect", "{ status = \"200-399\" }", reader))
    read_plain_keys(*expect, {schema::expect, heading(pool, ".health_check.expect"), pool.name}, &check,
                    reader);
  check_exec(value, pool, reader);
}

// What is said of instances is of no use to a pool that has none.
void warn_of_instance_keys(const Value& value, const Pool& pool, Reader& reader) {
  if (value.find("command") != nullptr) return;
  for (const auto& key : schema::process_rows::keys) {
    if (pool.has_exec_check() && schema::process_rows::holds_for_checks(key.name)) continue;
    if (const auto* stray = value.find(key.name))
      reader.diagnostics.warning(stray->at, quote(key.name) + " has no effect in " + heading(pool) +
                                                ": it is about instances, and the pool has no command");
  }
}

void read_pool(const Entry& entry, Reader& reader) {
  const Value& value = entry.value;
  Pool pool;
  pool.name = entry.key;
  PoolPlace places{.at = entry.at};
  if (entry.key.empty() || !name_problem(entry.key).empty())
    reader.diagnostics.error(entry.at,
                             "a pool cannot be called " + quote(entry.key) + ": " + name_problem(entry.key));

  read_plain_keys(value, {schema::pool, heading(pool), pool.name}, &pool, reader);
  if (const auto* upstreams = value.find("upstreams")) read_upstreams(*upstreams, pool, places, reader);
  if (const auto* check = value.find("health_check"); check != nullptr && !check->is(Kind::Invalid))
    read_health_check(*check, pool, reader);
  if (const auto* tls = value.find("tls"); tls != nullptr && is_table(*tls, "tls", heading(pool, ".tls"), reader))
    read_plain_keys(*tls, {schema::upstream_tls, heading(pool, ".tls"), pool.name}, &pool.tls, reader);
  if (const auto* retry = value.find("retry");
      retry != nullptr && is_table(*retry, "retry", heading(pool, ".retry"), reader))
    read_plain_keys(*retry, {schema::retry, heading(pool, ".retry"), pool.name}, &pool.retry, reader);
  if (const auto* hold = value.find("hold");
      hold != nullptr && is_table(*hold, "hold", heading(pool, ".hold"), reader))
    read_plain_keys(*hold, {schema::hold, heading(pool, ".hold"), pool.name}, &pool.hold, reader);
  if (const auto* restart = value.find("restart");
      restart != nullptr && is_table(*restart, "restart", heading(pool, ".restart"), reader))
    read_plain_keys(*restart, {schema::restart, heading(pool, ".restart"), pool.name}, &pool.process.restart,
                    reader);
  if (const auto* logs = value.find("logs");
      logs != nullptr && is_table(*logs, "logs", heading(pool, ".logs"), reader))
    read_plain_keys(*logs, {schema::logs, heading(pool, ".logs"), pool.name}, &pool.process.logs, reader);
  if (const auto* timeouts = value.find("timeouts");
      timeouts != nullptr && is_table(*timeouts, "timeouts", heading(pool, ".timeouts"), reader)) {
    pool.timeouts = reader.config.timeouts;
    read_timeouts(*timeouts, {schema::pool_timeouts, heading(pool, ".timeouts"), pool.name},
                  schema::Scope::FileOnly, *pool.timeouts, reader);
  }

  read_process(value, pool, entry.at, reader);
  warn_of_instance_keys(value, pool, reader);
  // Upstreams that come from discovery are a feature to come, and have been answered as such.
  const bool come_from_elsewhere = value.find("command") != nullptr || value.find("discover") != nullptr;
  const auto* upstreams = value.find("upstreams");
  if (!come_from_elsewhere &&
      (upstreams == nullptr || (upstreams->is(Kind::List) && upstreams->items.empty())))
    reader.diagnostics.error(
        entry.at, heading(pool) + " has no upstreams: add upstreams = [\"127.0.0.1:3000\"], or a command");
  reader.config.pools.push_back(std::move(pool));
  reader.pools.push_back(std::move(places));
}

}  // namespace

void read_pools(const Value& root, Reader& reader) {
  const auto* pools = root.find("pool");
  if (reader.complete && (pools == nullptr || (pools->is(Kind::Table) && pools->entries.empty())))
    reader.diagnostics.error({}, "there is no pool: add [pool.app] with upstreams = [\"127.0.0.1:3000\"]");
  if (pools == nullptr) return;
  if (pools->is(Kind::List) && !pools->items.empty() && pools->items.front().is(Kind::Table))
    return reader.diagnostics.error(pools->at, "a pool has a name: write [pool.app], not [[pool]]");
  if (!is_table(*pools, "pool", "[pool.app]", reader)) return;
  for (const auto& entry : pools->entries) {
    if (entry.value.is(Kind::Table))
      read_pool(entry, reader);
    else if (!entry.value.is(Kind::Invalid))
      reader.diagnostics.error(
          entry.at,
          schema::pool.find(entry.key) != nullptr
              ? "a pool has a name: write " + quote(entry.key) + " below [pool.app], not below [pool]"
              : "pool." + entry.key + ": expected a table [pool." + toml_key(entry.key) + "], not " +
                    std::string(name_of(entry.value.kind)));
  }
}

}  // namespace frontdoor::config
