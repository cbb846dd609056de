// What good configs mean.

#include "config/load.h"

#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config good(std::string_view text, const LoadOptions& options = {}) {
  auto loaded = load(text, "fd.toml", options);
  EXPECT_THAT(lines(loaded), IsEmpty());
  return std::move(loaded.config);
}

TEST(Load, TheShortestConfig) {
  const auto config = good("listen = \":8080\"\n[pool.app]\nupstreams = [\"127.0.0.1:3000\"]\n");
  Config expected;
  expected.listeners = {Listener{.address = {.port = 8080}}};
  expected.pools = {Pool{.name = "app", .upstreams = {{.address = {.host = "127.0.0.1", .port = 3000}}}}};
  expected.routes = {Route{.pool = "app"}};
  EXPECT_EQ(config, expected);
}

TEST(Load, EveryKeyLandsInItsMember) {
  const auto config = good(R"(
workers = 3
tracing = true
traceparent_from = "trusted_proxies"
[[listener]]
name = "web"
address = "[::1]:80"
via = false
max_connections = 500
max_connections_per_client = 20
proxy_protocol = true
trusted_proxies = ["10.0.0.0/8", "::1", "unix"]
request_id_header = "X-Request-Id"
server_timing = true
proxy_status = "all"
[timeouts]
client_header = "1ms"
client_body = "2ms"
client_write = "3ms"
client_idle = "4ms"
client_fin = "5ms"
tls_handshake = "15ms"
request = "14ms"
connect = "6ms"
response_header = "7ms"
response_body = "8ms"
upstream_idle = "9ms"
stream_idle = "10ms"
drain = "11ms"
drain_delay = "10ms"
drain_streams = "13ms"
[limits]
header_bytes = "1KiB"
header_count = 7
uri_bytes = "100B"
body_bytes = "1MiB"
[[route]]
host = "*.Example.com."
path = "/v1/*"
pool = "api"
access_log = false
body_bytes = "2MiB"
[pool.api]
upstreams = ["unix:/run/a.sock", { address = "http://b.internal", weight = 5, priority = 2 }]
body_bytes = "3MiB"
send_proxy = "v2"
[pool.api.health_check]
type = "tcp"
path = "/up?full=1"
interval = "3s"
interval_down = "100ms"
timeout = "2s"
jitter = "5%"
rise = 4
fall = 5
host = "app.internal"
port = 9000
expect = { status = ["200-299", "404"] }
[pool.api.retry]
attempts = 1
on = ["reset", "503"]
budget = "50%"
body_bytes = "1KiB"
containment = false
[access_log]
output = "./access.log"
format = "combined"
sample = 0.5
slow = "2s"
max_size = "1MiB"
max_age = "24h"
keep = 7
max_total = "1GiB"
min_free = "0"
[log]
level = "warn"
format = "text"
)");
  EXPECT_EQ(config.workers, 3u);
  EXPECT_TRUE(config.tracing);
  EXPECT_EQ(config.traceparent_from, Config::TraceparentFrom::TrustedProxies);
  std::string problem;
  const Cidrs trusted{*Cidr::parse("10.0.0.0/8", problem), *Cidr::parse("::1", problem), Cidr()};
  EXPECT_EQ(config.listeners,
            std::vector{(Listener{"web", {.host = "::1", .port = 80}, false, 500, 20, true, trusted, "X-Request-Id", true,
                                    Listener::ProxyStatus::All})});
  const Timeouts timeouts{Millis(1), Millis(2), Millis(3), Millis(4),  Millis(5),  Millis(15), Millis(14), Millis(6),
                          Millis(7), Millis(8), Millis(9), Millis(10), Millis(11), Millis(10), Millis(13)};
  EXPECT_EQ(config.timeouts, timeouts);
  EXPECT_EQ(config.limits, (Limits{1024, 7, 100, 1 << 20}));
  EXPECT_EQ(config.routes,
            std::vector{(Route{"*.example.com", "/v1/*", "api", false, std::nullopt, 2u << 20})});
  ASSERT_EQ(config.pools.size(), 1u);
  const auto& pool = config.pools[0];
  EXPECT_THAT(pool.upstreams, ElementsAre(Upstream{.address = {Address::Kind::Unix, "/run/a.sock", 0}},
                                          (Upstream{{.host = "b.internal", .port = 80}, 5, 2})));
  EXPECT_EQ(pool.body_bytes, 3u << 20);
  EXPECT_EQ(pool.send_proxy, ProxyVersion::V2);
  EXPECT_EQ(pool.health_check, (HealthCheck{HealthCheck::Type::Tcp,
                                            "/up?full=1",
                                            Millis(3000),
                                            Millis(100),
                                            Millis(2000),
                                            0.05,
                                            4,
                                            5,
                                            {{200, 299}, {404, 404}},
                                            "app.internal",
                                            9000}));
  EXPECT_EQ(pool.retry, (Retry{1, false, true, false, false, {503}, 0.5, 1024, false}));
  EXPECT_EQ(config.access_log, (AccessLog{"./access.log", AccessLog::Format::Combined, 0.5, {}, Millis(2'000), 1u << 20, Millis(86'400'000), 7, 1u << 30, 0}));
  EXPECT_EQ(config.log, (EventLog{LogLevel::Warn, LogFormat::Text}));
}

TEST(Load, SugarExpands) {
  const auto config = good(R"(
workers = "auto"
listen = [":80", "unix:/run/fd.sock"]
[pool.app]
upstreams = ["a:1"]
health_check = "/healthz"
)");
  EXPECT_EQ(config.workers, 0u);
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[1].address.to_string(), "unix:/run/fd.sock");
  EXPECT_EQ(config.pools[0].health_check, HealthCheck{.path = "/healthz"});
}

TEST(Load, ACheckByACommand) {
  const auto config = good(R"(
listen = ":80"
[pool.app]
upstreams = ["a:1"]
directory = "/srv"
env = { A = "1" }
[pool.app.health_check]
type = "exec"
command = "./check --quick 'a b'"
port = 9
)");
  const Pool& pool = config.pools[0];
  ASSERT_TRUE(pool.has_exec_check());
  EXPECT_THAT(pool.health_check->command, ElementsAre("./check", "--quick", "a b"));
  EXPECT_EQ(pool.health_check->port, 9);
  EXPECT_EQ(pool.process.directory, "/srv");
  EXPECT_THAT(pool.process.env, ElementsAre(std::pair<std::string, std::string>("A", "1")));
  EXPECT_TRUE(pool.process.command.empty()) << "a check makes no instances";
}

TEST(Load, TheFieldsOfTheAccessLogKeepTheirOrder) {
  const auto config = good(Around{.below = "[access_log]\nfields = [\"status\", \"time\"]"}.text());
  EXPECT_THAT(config.access_log.fields, ElementsAre("status", "time"));
}

TEST(Load, PoolsKeepTheOrderOfTheFile) {
  const auto config = good(R"(
listen = ":80"
[[route]]
pool = "alpha"
host = "a"
[[route]]
pool = "zebra"
[pool.zebra]
upstreams = ["z:1"]
[pool.alpha]
upstreams = ["a:1"]
)");
  EXPECT_EQ(config.pools[0].name, "zebra");
  EXPECT_EQ(config.pools[1].name, "alpha");
  EXPECT_EQ(config.routes[0].pool, "alpha");
}

TEST(Load, TimeoutsAreInheritedFileToPoolToRoute) {
  const auto config = good(R"(
listen = ":80"
timeouts.connect = "5s"
[[route]]
path = "/slow"
timeouts.response_header = "5m"
[[route]]
[pool.app]
upstreams = ["a:1"]
timeouts = { response_body = "7s" }
)");
  ASSERT_TRUE(config.pools[0].timeouts && config.routes[0].timeouts);
  EXPECT_EQ(config.pools[0].timeouts->connect, Millis(5000));
  EXPECT_EQ(config.pools[0].timeouts->response_body, Millis(7000));
  EXPECT_EQ(config.routes[0].timeouts->connect, Millis(5000));
  EXPECT_EQ(config.routes[0].timeouts->response_body, Millis(7000));
  EXPECT_EQ(config.routes[0].timeouts->response_header, Millis(300'000));
  EXPECT_FALSE(config.routes[1].timeouts);
}

TEST(Load, VariablesAreReplacedInText) {
  const auto options = options_with({{"HOST", "10.0.0.1"}, {"N", "4"}, {"VIA", "false"}, {"EMPTY", ""}});
  const auto config = good(R"(
workers = "${N}"
[[listener]]
address = ":${PORT:-8080}"
via = "${VIA}"
[pool.app]
upstreams = ["${HOST}:${EMPTY:-3000}"]
[pool.app.health_check]
path = "/$${literal}/$HOME$"
[access_log]
sample = "${SAMPLE:-1}"
)",
                           options);
  EXPECT_EQ(config.workers, 4u);
  EXPECT_EQ(config.listeners[0].address.port, 8080);
  EXPECT_FALSE(config.listeners[0].via);
  EXPECT_EQ(config.pools[0].upstreams[0].address.to_string(), "10.0.0.1:3000");
  EXPECT_EQ(config.pools[0].health_check->path, "/${literal}/$HOME$");
}

TEST(Load, ReadsTheRealEnvironmentUnlessToldOtherwise) {
  setenv("FRONTDOOR_TEST_PORT", "4711", 1);
  const auto loaded =
      load("listen = \":${FRONTDOOR_TEST_PORT}\"\n[pool.app]\nupstreams = [\"a:1\"]\n", "fd.toml");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.listeners[0].address.port, 4711);
}

}  // namespace
}  // namespace frontdoor::config
