#include "cli/show.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>

#include "cli/quick_config.h"

namespace frontdoor::cli {
namespace {

// The largest unit that says it without a fraction: 90 s is "90s", 3,600,000 ms is "1h".
std::string duration(config::Millis value) {
  const auto ms = value.count();
  if (ms == 0) return "\"0s\"";
  if (ms % 3'600'000 == 0) return '"' + std::to_string(ms / 3'600'000) + "h\"";
  if (ms % 60'000 == 0) return '"' + std::to_string(ms / 60'000) + "m\"";
  if (ms % 1'000 == 0) return '"' + std::to_string(ms / 1'000) + "s\"";
  return '"' + std::to_string(ms) + "ms\"";
}

std::string size(std::uint64_t bytes) {
  constexpr std::uint64_t kKiB = 1024, kMiB = kKiB * 1024, kGiB = kMiB * 1024;
  if (bytes == 0) return "\"0\"";
  if (bytes % kGiB == 0) return '"' + std::to_string(bytes / kGiB) + "GiB\"";
  if (bytes % kMiB == 0) return '"' + std::to_string(bytes / kMiB) + "MiB\"";
  if (bytes % kKiB == 0) return '"' + std::to_string(bytes / kKiB) + "KiB\"";
  return '"' + std::to_string(bytes) + "B\"";
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "\"%g%%\"", share * 100);
  return text;
}

std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  const std::string_view plain = text;
  return std::string(plain) + (plain.find_first_of(".e") == plain.npos ? ".0" : "");
}

const char* truth(bool value) { return value ? "true" : "false"; }

// A bare key where TOML allows one.
std::string toml_key(const std::string& name) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  return std::all_of(name.begin(), name.end(), plain) && !name.empty() ? name : toml_string(name);
}

// Tables are written header first, then "key = value" lines aligned for reading.
class Writer {
 public:
  void table(std::string_view header) { out_ += (out_.empty() ? "" : "\n") + std::string(header) + '\n'; }
  void key(std::string_view name, std::string_view value) {
    out_ += name;
    out_.append(name.size() < 15 ? 15 - name.size() : 0, ' ');
    out_ += " = ";
    out_ += value;
    out_ += '\n';
  }
  void line(std::string_view text) { (out_ += text) += '\n'; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

struct TimeoutKey {
  const char* name;
  config::Millis config::Timeouts::*value;
};

constexpr TimeoutKey kTimeoutKeys[] = {
    {"client_header", &config::Timeouts::client_header},
    {"client_body", &config::Timeouts::client_body},
    {"client_write", &config::Timeouts::client_write},
    {"client_idle", &config::Timeouts::client_idle},
    {"client_fin", &config::Timeouts::client_fin},
    {"connect", &config::Timeouts::connect},
    {"response_header", &config::Timeouts::response_header},
    {"response_body", &config::Timeouts::response_body},
    {"upstream_idle", &config::Timeouts::upstream_idle},
    {"stream_idle", &config::Timeouts::stream_idle},
    {"drain", &config::Timeouts::drain},
    {"drain_delay", &config::Timeouts::drain_delay},
};

// What a pool or a route overrides. The rest follows the file or the pool, and would have to be changed
// there.
void write_overrides(Writer& w, const config::Timeouts& timeouts, const config::Timeouts& inherited,
                     const std::string& header) {
  if (timeouts == inherited) return;
  w.table(header);
  for (const auto& [name, value] : kTimeoutKeys) {
    if (timeouts.*value != inherited.*value) w.key(name, duration(timeouts.*value));
  }
}

void write(Writer& w, const config::HealthCheck& check) {
  std::string status;
  for (const auto& range : check.expect_status) {
    status += (status.empty() ? "" : ",") + std::to_string(range.first);
    if (range.last != range.first) status += '-' + std::to_string(range.last);
  }
  const bool http = check.type == config::HealthCheck::Type::Http;
  w.key("type", http ? "\"http\"" : "\"tcp\"");
  if (http) w.key("path", toml_string(check.path));
  w.key("interval", duration(check.interval));
  w.key("interval_down", duration(check.interval_down));
  w.key("timeout", duration(check.timeout));
  w.key("jitter", percent(check.jitter));
  w.key("rise", std::to_string(check.rise));
  w.key("fall", std::to_string(check.fall));
  if (http) w.key("expect", "{ status = " + toml_string(status) + " }");
  if (http) w.key("host", toml_string(check.host));
  w.key("port", std::to_string(check.port));
}

void write(Writer& w, const config::Retry& retry) {
  std::string on;
  const auto add = [&](std::string_view word) { on += (on.empty() ? "" : ", ") + toml_string(word); };
  if (retry.on_connect_failure) add("connect_failure");
  if (retry.on_reset) add("reset");
  if (retry.on_timeout) add("timeout");
  if (retry.on_evicted) add("evicted");
  for (const auto status : retry.on_status) add(std::to_string(status));
  w.key("attempts", std::to_string(retry.attempts));
  w.key("on", "[" + on + "]");
  w.key("budget", percent(retry.budget));
  w.key("body_bytes", size(retry.body_bytes));
}

void write(Writer& w, const config::Pool& pool, const config::Timeouts& inherited) {
  const std::string name = "pool." + toml_key(pool.name);
  w.table("[" + name + "]");
  w.line("upstreams = [");
  for (const auto& upstream : pool.upstreams) {
    w.line("  { address = " + toml_string(upstream.address.to_string()) +
           ", weight = " + std::to_string(upstream.weight) + " },");
  }
  w.line("]");
  if (pool.body_bytes) w.key("body_bytes", size(*pool.body_bytes));
  if (pool.timeouts) write_overrides(w, *pool.timeouts, inherited, "[" + name + ".timeouts]");
  if (pool.health_check) {
    w.table("[" + name + ".health_check]");
    write(w, *pool.health_check);
  }
  w.table("[" + name + ".retry]");
  write(w, pool.retry);
}

void write(Writer& w, const config::Route& route, const config::Timeouts& inherited) {
  w.table("[[route]]");
  if (!route.host.empty()) w.key("host", toml_string(route.host));
  if (!route.path.empty()) w.key("path", toml_string(route.path));
  w.key("pool", toml_string(route.pool));
  w.key("access_log", truth(route.access_log));
  if (route.body_bytes) w.key("body_bytes", size(*route.body_bytes));
  if (route.timeouts) write_overrides(w, *route.timeouts, inherited, "[route.timeouts]");
}

void write(Writer& w, const config::Listener& listener) {
  w.table("[[listener]]");
  if (!listener.name.empty()) w.key("name", toml_string(listener.name));
  w.key("address", toml_string(listener.address.to_string()));
  w.key("via", truth(listener.via));
  w.key("max_connections",
        listener.max_connections == 0 ? "\"auto\"" : std::to_string(listener.max_connections));
}

const char* word(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "\"debug\"";
    case LogLevel::Info:
      return "\"info\"";
    case LogLevel::Warn:
      return "\"warn\"";
    case LogLevel::Error:
      return "\"error\"";
  }
  return "";
}

const char* word(LogFormat format) {
  switch (format) {
    case LogFormat::Auto:
      return "\"auto\"";
    case LogFormat::Text:
      return "\"text\"";
    case LogFormat::Json:
      return "\"json\"";
  }
  return "";
}

// What a route of this pool has when it says nothing itself.
const config::Timeouts& timeouts_of(const std::string& pool_name, const config::Config& config) {
  for (const auto& pool : config.pools) {
    if (pool.name == pool_name && pool.timeouts) return *pool.timeouts;
  }
  return config.timeouts;
}

}  // namespace

std::string show_config(const config::Config& config) {
  Writer w;
  w.key("workers", config.workers == 0 ? "\"auto\"" : std::to_string(config.workers));
  for (const auto& listener : config.listeners) write(w, listener);
  w.table("[timeouts]");
  for (const auto& [name, value] : kTimeoutKeys) w.key(name, duration(config.timeouts.*value));
  w.table("[limits]");
  w.key("header_bytes", size(config.limits.header_bytes));
  w.key("header_count", std::to_string(config.limits.header_count));
  w.key("uri_bytes", size(config.limits.uri_bytes));
  w.key("body_bytes", size(config.limits.body_bytes));
  for (const auto& route : config.routes) write(w, route, timeouts_of(route.pool, config));
  for (const auto& pool : config.pools) write(w, pool, config.timeouts);
  w.table("[access_log]");
  w.key("output", toml_string(config.access_log.output));
  w.key("format", config.access_log.format == config::AccessLog::Format::Json ? "\"json\"" : "\"combined\"");
  w.key("sample", decimal(config.access_log.sample));
  w.table("[log]");
  w.key("level", word(config.log.level));
  w.key("format", word(config.log.format));
  return w.take();
}

}  // namespace frontdoor::cli
