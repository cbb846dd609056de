// Mistakes that take more than one value to see, and settings that do not do what they seem to.

#include <algorithm>
#include <set>

#include "config/one_upstream.h"
#include "config/patterns.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "config/units.h"
#include "config/values.h"
#include "config/webhook_url.h"

namespace frontdoor::config {
namespace {

bool is_both_families(std::string_view host) { return host.empty() || host == "::"; }
bool is_v4(const std::string& host) { return host.find(':') == std::string::npos && Endpoint::numeric(host, 0); }

// ":80" and "[::]:80" are every address of both families, so that nothing else of this port is left.
bool same_listener(const Address& a, const Address& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != Address::Kind::Tcp) return a == b;
  if (a.port != b.port || a.port == 0) return false;
  if (a.host == b.host || is_both_families(a.host) || is_both_families(b.host)) return true;
  return (a.host == "0.0.0.0" && is_v4(b.host)) || (b.host == "0.0.0.0" && is_v4(a.host));
}

void check_listeners(std::uint64_t open_files, Reader& reader) {
  const auto& listeners = reader.config.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (listeners[i].address != Address{} && same_listener(listeners[i].address, listeners[j].address))
        reader.diagnostics.error(reader.listeners[i].at, "two listeners cannot share the address " +
                                                          quote(listeners[i].address.to_string()) +
                                                          ", which is taken at " +
                                                          reader.diagnostics.place(reader.listeners[j].at));
      if (!listeners[i].name.empty() && listeners[i].name == listeners[j].name)
        reader.diagnostics.error(reader.listeners[i].at, "two listeners cannot share the name " +
                                                          quote(listeners[i].name) + ", which is taken at " +
                                                          reader.diagnostics.place(reader.listeners[j].at));
    }
    if (listeners[i].proxy_protocol && listeners[i].trusted_proxies.empty())
      reader.diagnostics.error(
          reader.listeners[i].at,
          "proxy_protocol needs trusted_proxies, as in [\"10.0.0.0/8\"]: from nobody else is a "
          "header taken, and without one each connection is closed");
    if (open_files != 0 && listeners[i].max_connections > open_files)
      reader.diagnostics.warning(reader.listeners[i].at,
                                 "max_connections is " + std::to_string(listeners[i].max_connections) +
                                     ", but this process may open only " + std::to_string(open_files) +
                                     " files (ulimit -n), and a client that is served takes two");
  }
}

void check_upstreams(const Pool& pool, const PoolPlace& places, Reader& reader) {
  for (std::size_t i = 0; i < pool.upstreams.size(); ++i) {
    const auto& address = pool.upstreams[i].address;
    if (address == Address{}) continue;  // was bad, and reported
    const auto same = [&](const Upstream& other) { return other.address == address; };
    const auto first =
        std::find_if(pool.upstreams.begin(), pool.upstreams.begin() + static_cast<std::ptrdiff_t>(i), same);
    const auto index = static_cast<std::size_t>(first - pool.upstreams.begin());
    if (index < i)
      reader.diagnostics.error(places.upstreams[i], quote(address.to_string()) +
                                                        " is in this pool twice, first at " +
                                                        reader.diagnostics.place(places.upstreams[index]) +
                                                        "; to send it more requests, give it a weight");
  }
}

void check_upstream_tls(const Pool& pool, const PoolPlace& places, const LoadOptions& options, Reader& reader) {
  const std::string heading = "[pool." + toml_key(pool.name) + ".tls] ";
  if (!pool.has_tls()) {
    if (pool.tls != UpstreamTls{})
      reader.diagnostics.warning(places.at, heading + "has no effect: no upstream of the pool begins with https://");
    if (pool.health_check && pool.health_check->type == HealthCheck::Type::Tls)
      reader.diagnostics.error(places.at, "[pool." + toml_key(pool.name) + ".health_check] type = \"tls\" needs upstreams that "
                                          "begin with https://");
    return;
  }
  for (std::size_t i = 0; i < pool.upstreams.size(); ++i) {
    const Address& address = pool.upstreams[i].address;
    if (address == Address{}) continue;
    if (const auto problem = check_problem(pool.health_check, address); !problem.empty())
      reader.diagnostics.error(places.upstreams[i], problem);
  }
  if (pool.tls.cert.empty() != pool.tls.key.empty())
    reader.diagnostics.error(places.at, heading + "cert and key belong together");
  if (!pool.tls.verify)
    reader.diagnostics.warning(places.at, heading + "verify = false: anybody can say that he is the upstream");
  if (options.upstream_tls_problem)
    if (const auto problem = options.upstream_tls_problem(pool.tls); !problem.empty())
      reader.diagnostics.error(places.at, heading + problem);
  if (!options.upstream_tls_warning || pool.tls.cert.empty()) return;
  if (const auto warning = options.upstream_tls_warning(pool.tls); !warning.empty())
    reader.diagnostics.warning(places.at, heading + "cert " + pool.tls.cert + ": " + warning);
}

void check_protocol(const Pool& pool, const PoolPlace& places, Reader& reader) {
  const std::string heading = "[pool." + toml_key(pool.name) + "] ";
  const bool http2 = pool.protocol != UpstreamProtocol::Http1;
  if (pool.health_check && pool.health_check->type == HealthCheck::Type::Grpc && !http2)
    reader.diagnostics.error(places.at, "[pool." + toml_key(pool.name) + ".health_check] type = \"grpc\" needs protocol = "
                                        "\"h2c\", or \"h2\" with https:// upstreams");
  if (!http2) return;
  if (pool.send_proxy != ProxyVersion::None)
    reader.diagnostics.error(places.at, heading + "send_proxy names the client of a connection, and one of HTTP/2 is of many "
                                        "clients: leave one of the two out");
  if (pool.protocol == UpstreamProtocol::H2 && !pool.process.command.empty())
    reader.diagnostics.error(places.at, heading + "protocol = \"h2\" is for https:// upstreams: instances want \"h2c\"");
  for (std::size_t i = 0; i < pool.upstreams.size(); ++i) {
    const Address& address = pool.upstreams[i].address;
    if (address == Address{}) continue;
    if (const auto problem = protocol_problem(pool.protocol, address); !problem.empty())
      reader.diagnostics.error(places.upstreams[i], problem);
  }
}

void check_loops(const Pool& pool, const PoolPlace& places, Reader& reader) {
  const auto& listeners = reader.config.listeners;
  for (std::size_t i = 0; i < pool.upstreams.size(); ++i) {
    const auto& address = pool.upstreams[i].address;
    const auto own = std::find_if(listeners.begin(), listeners.end(), [&](const Listener& listener) {
      return address != Address{} && leads_to(address, listener.address);
    });
    if (own == listeners.end()) continue;
    const auto index = static_cast<std::size_t>(own - listeners.begin());
    reader.diagnostics.warning(places.upstreams[i],
                               quote(address.to_string()) +
                                   " leads back to this front door, which listens there (" +
                                   reader.diagnostics.place(reader.listeners[index].at) +
                                   "): did you mean the port of the app?");
  }
}

// What the file says of a pool's check; null: nothing.
const Value* written_of_check(const Value& root, const Pool& pool, std::string_view key) {
  const Value* value = root.find("pool");
  for (const std::string_view step : {std::string_view(pool.name), std::string_view("health_check"), key})
    value = value != nullptr ? value->find(step) : nullptr;
  return value;
}

void check_health(const Value& root, const Pool& pool, const PoolPlace& places, Reader& reader) {
  if (!pool.health_check) return;
  const auto& check = *pool.health_check;
  const auto heading = "[pool." + pool.name + ".health_check] ";
  if (check.fall == 1 && pool.upstreams.size() == 1)
    reader.diagnostics.warning(
        places.at, heading + "fall = 1 takes the only upstream out after one failed check; 3 is the default");
  const Value* const interval = written_of_check(root, pool, "interval");
  const Value* const timeout = written_of_check(root, pool, "timeout");
  // In the place of a value that is refused stands its default, of which the file says nothing.
  for (const Value* const value : {interval, timeout})
    if (value != nullptr && reader.diagnostics.has_error_at(value->at)) return;
  const auto text = [](Millis duration, const Value* written) {
    return format_duration(duration) + (written != nullptr ? "" : " (the default)");
  };
  if (check.timeout > check.interval)
    reader.diagnostics.warning(places.at, heading + "timeout " + text(check.timeout, timeout) + " is longer than interval " +
                                              text(check.interval, interval) + ", so checks come later than the interval says");
}

// Two pools that rename one file under each other would lose what is in it.
void check_log_files(Reader& reader) {
  const auto& pools = reader.config.pools;
  for (std::size_t i = 1; i < pools.size(); ++i) {
    const std::string& file = pools[i].process.logs.file;
    if (file.empty() || file.find("{pool}") != std::string::npos || file.find("{instance}") != std::string::npos)
      continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (pools[j].process.logs.file != file) continue;
      reader.diagnostics.error(reader.pools[i].at, "[pool." + toml_key(pools[i].name) + "] and [pool." +
                                                       toml_key(pools[j].name) + "] log into one file, " + quote(file) +
                                                       ": put {pool} into its name");
      break;
    }
  }
}

// "app.1" on a command line would be a pool and an instance of another.
void check_pool_names(Reader& reader) {
  const auto& pools = reader.config.pools;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    const std::string& name = pools[i].name;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot + 1 == name.size() || name[dot + 1] == '0' ||
        name.find_first_not_of("0123456789", dot + 1) != std::string::npos)
      continue;
    for (const Pool& other : pools)
      if (other.name == name.substr(0, dot) && !other.process.command.empty())
        reader.diagnostics.error(reader.pools[i].at, "[pool." + toml_key(name) + "] has the name of instance " +
                                                         name.substr(dot + 1) + " of [pool." + toml_key(other.name) +
                                                         "], and no command could tell them apart: rename one of them");
  }
}

// Browsers, SDKs and load balancers commonly give up after 30 s: a later answer has nobody to read it.
constexpr Millis kPatientClient{30'000};

void check_hold(const Pool& pool, const PoolPlace& places, Reader& reader) {
  if (pool.hold.timeout > kPatientClient)
    reader.diagnostics.warning(
        places.at, "[pool." + pool.name + ".hold] timeout " + format_duration(pool.hold.timeout) +
                       " is longer than most clients wait, which is " + format_duration(kPatientClient) +
                       ": they will have gone when the answer comes");
}

void check_triggers(const Pool& pool, const PoolPlace& places, Reader& reader) {
  const Process& process = pool.process;
  if (process.command.empty()) return;
  const std::string heading = "[pool." + toml_key(pool.name) + "] ";
  if (process.watch.empty() && !process.watch_ignore.empty())
    reader.diagnostics.warning(places.at, heading + "watch_ignore has no effect without watch");
  if (process.idle_stop != Millis{0} && pool.hold.timeout == Millis{0})
    reader.diagnostics.warning(places.at, heading + "idle_stop stops the instances, and without [pool." +
                                              toml_key(pool.name) +
                                              ".hold] timeout the request that starts them again is answered 503");
}

// What was accepted in the last moment of the delay must have time left.
void check_drain(Reader& reader) {
  const auto& timeouts = reader.config.timeouts;
  if (timeouts.drain_delay == Millis{0} || timeouts.drain_delay < timeouts.drain) return;
  reader.diagnostics.error(reader.drain_delay,
                           "drain_delay " + format_duration(timeouts.drain_delay) +
                               " counts inside drain, which is " + format_duration(timeouts.drain) +
                               ": requests that are accepted in it would be cut, so drain must be longer");
}

void check_webhook(const LoadOptions& options, Reader& reader) {
  const Admin& admin = reader.config.admin;
  std::string reported;
  const auto url = parse_webhook_url(admin.webhook, reported);
  if (admin.webhook.empty() && (!admin.webhook_token.empty() || !admin.webhook_ca.empty()))
    reader.diagnostics.warning({}, "[admin] webhook_token and webhook_ca have no effect without webhook");
  if (!url) return;
  if (!url->address.tls && !admin.webhook_ca.empty())
    reader.diagnostics.warning({}, "[admin] webhook_ca has no effect: the webhook does not begin with https://");
  if (!url->address.tls && !url->is_local())
    reader.diagnostics.warning({}, "[admin] webhook begins with http://: whoever is on the way can read the events, and its token");
  if (!url->address.tls || !options.upstream_tls_problem) return;
  if (const auto problem = options.upstream_tls_problem({.ca = admin.webhook_ca}); !problem.empty())
    reader.diagnostics.error({}, "[admin] webhook_ca: " + problem);
}

void check_routes(Reader& reader) {
  const auto& routes = reader.config.routes;
  for (std::size_t i = 1; i < routes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!shadows(routes[j], routes[i])) continue;
      reader.diagnostics.warning(reader.routes[i], "no request reaches this route, since the one at " +
                                                       reader.diagnostics.place(reader.routes[j]) +
                                                       " comes first and matches all that this one does");
      break;
    }
  }
}

bool has_pool(const Config& config, std::string_view name) {
  return std::any_of(config.pools.begin(), config.pools.end(),
                     [&](const Pool& pool) { return pool.name == name; });
}

// A route whose pool is unknown has been reported, and may be the one that was to use it. So has a pool
// without upstreams, for what it lacks.
void check_unused_pools(Reader& reader) {
  const auto& config = reader.config;
  const auto known = [&](const Route& route) { return has_pool(config, route.pool); };
  if (!reader.complete || !std::all_of(config.routes.begin(), config.routes.end(), known)) return;
  for (std::size_t i = 0; i < config.pools.size(); ++i) {
    const auto& name = config.pools[i].name;
    const auto names_it = [&](const Route& route) { return route.pool == name; };
    if (config.routes.empty() || config.pools[i].upstreams.empty()) continue;
    if (std::any_of(config.routes.begin(), config.routes.end(), names_it)) continue;
    reader.diagnostics.warning(
        reader.pools[i].at,
        "[pool." + toml_key(name) + "] gets no request: no [[route]] has pool = " + quote(name));
  }
}

// Keys that are written and change nothing, and a field that a line would have twice.
void check_access_log_keys(const Value& table, Reader& reader) {
  const AccessLog& log = reader.config.access_log;
  if (const auto* fields = table.find("fields")) {
    std::set<std::string_view> seen;
    for (const auto& field : fields->items)
      if (field.is(Value::Kind::Text) && !seen.insert(field.text).second)
        reader.diagnostics.error(field.at, "fields: " + quote(field.text) + " is named twice");
    if (log.format != AccessLog::Format::Json)
      reader.diagnostics.warning(fields->at, "fields: without effect, format = \"combined\" has fields of its own");
  }
  if (log.output != "stdout" && log.output != "stderr" && log.output != "off") return;
  for (const char* key : {"max_size", "max_age", "max_total"})
    if (const auto* value = table.find(key); value && log.rotates())
      reader.diagnostics.warning(value->at, std::string(key) + ": without effect, output = " + quote(log.output) + " is no file");
}

void check_access_log(const Value& root, const LoadOptions& options, Reader& reader) {
  const auto& output = reader.config.access_log.output;
  const auto* table = root.find("access_log");
  if (table != nullptr) check_access_log_keys(*table, reader);
  const auto* value = table != nullptr ? table->find("output") : nullptr;
  if (value == nullptr || !options.log_file_problem) return;
  if (output == "stdout" || output == "stderr" || output == "off" || output.empty()) return;
  if (const auto problem = options.log_file_problem(output); !problem.empty())
    reader.diagnostics.error(value->at, "output: the access log cannot be written: " + problem);
}

}  // namespace

void check(const Value& root, const LoadOptions& options, Reader& reader) {
  check_profile(reader);
  check_listeners(options.open_files, reader);
  check_tls(options, reader);
  check_access_log(root, options, reader);
  for (std::size_t i = 0; i < reader.config.pools.size(); ++i) {
    check_upstreams(reader.config.pools[i], reader.pools[i], reader);
    check_loops(reader.config.pools[i], reader.pools[i], reader);
    check_upstream_tls(reader.config.pools[i], reader.pools[i], options, reader);
    check_protocol(reader.config.pools[i], reader.pools[i], reader);
    check_health(root, reader.config.pools[i], reader.pools[i], reader);
    check_hold(reader.config.pools[i], reader.pools[i], reader);
    check_triggers(reader.config.pools[i], reader.pools[i], reader);
  }
  check_log_files(reader);
  check_pool_names(reader);
  check_routes(reader);
  check_webhook(options, reader);
  check_drain(reader);
  check_unused_pools(reader);
  const auto& limits = reader.config.limits;
  if (limits.uri_bytes > limits.header_bytes)
    reader.diagnostics.warning({},
                               "[limits] uri_bytes is larger than header_bytes, which counts the target too");
}

}  // namespace frontdoor::config
