// What show() prints loads back to an equal Config.

#include "config/show.h"

#include "support.h"

namespace frontdoor::config {
namespace {

void expect_round_trip(std::string_view text) {
  const auto first = load(text, "fd.toml", {});
  ASSERT_TRUE(first.ok()) << testing::PrintToString(lines(first));
  const auto shown = show(first.config);
  const auto second = load(shown, "shown.toml", {});
  EXPECT_THAT(lines(second), ::testing::IsEmpty()) << shown;
  EXPECT_EQ(first.config, second.config) << shown;
  EXPECT_EQ(show(second.config), shown);
}

TEST(Show, RoundTripsTheShortestConfig) {
  expect_round_trip("listen = \":8080\"\n[pool.app]\nupstreams = [\"a:1\"]\n");
}

TEST(Show, RoundTripsAFullConfig) {
  expect_round_trip(R"(
workers = 2
tracing = true
traceparent_from = "trusted_proxies"
listen = [":80", "unix:/run/fd.sock"]
[[listener]]
name = "admin"
address = "[::1]:0"
via = false
max_connections = 10
max_connections_per_client = 3
proxy_protocol = true
request_id_header = "X-Request-Id"
server_timing = true
proxy_status = "own"
tls = { cert = "a.pem", key = "a.key", ocsp = "a.der", min_version = "1.3", client_ca = "ca.pem", hsts = "24h" }
trusted_proxies = ["10.0.0.0/8", "fd00::/8", "unix"]
[[listener]]
address = ":8181"
redirect = "https"
[[listener]]
address = ":444"
[listener.tls]
certificates = [{ cert = "a.pem", key = "a.key" }, { cert = "b.pem", key = "b.key" }]
[timeouts]
tls_handshake = "3s"
connect = "1500ms"
drain = "50s"
[limits]
body_bytes = "10MB"
[[route]]
host = "*.example.com"
path = "/a\"b${X:-c}/*"
pool = "api"
access_log = false
timeouts = { response_header = "5m" }
body_bytes = "0"
[[route]]
pool = "a.b"
[pool.api]
upstreams = ["http://a", "https://b", { address = "https://[::1]:447", host = "c.example" }, { address = "[::1]:81", weight = 7 }]
health_check = "/healthz"
[pool.api.timeouts]
connect = "3s"
[pool.api.tls]
ca = "ca.pem"
cert = "c.pem"
key = "c.key"
server_name = "b.example"
[pool."a.b"]
upstreams = ["unix:/run/app.sock"]
body_bytes = "1B"
send_proxy = "v1"
[pool."a.b".health_check]
type = "tcp"
jitter = "33.3%"
path = "/$${not_a_variable}"
expect = { status = "200-299,404" }
[pool."a.b".retry]
on = ["504", "timeout"]
budget = "7%"
[access_log]
output = "off"
sample = 0.07
slow = "250ms"
fields = ["trace_id", "status"]
keep = 3
min_free = "1GiB"
[log]
level = "debug"
)");
}

TEST(Show, RoundTripsACheckByACommand) {
  expect_round_trip(R"(
listen = ":80"
[pool.checked]
upstreams = ["a:1"]
directory = "/srv"
umask = "027"
rlimits = { nofile = "10:20" }
health_check = { type = "exec", command = "./check --quick 'a b'", port = 9 }
)");
}

TEST(Show, TellsNoSecret) {
  const auto shown = show(load("listen = \":8080\"\n[pool.app]\nupstreams = [\"a:1\"]\n[admin]\ntoken = \"correct-horse-battery\"\n"
                               "hosts = [\"front.internal\"]\n", "fd.toml", {}).config);
  EXPECT_THAT(shown, ::testing::HasSubstr("\naddress = \"\"\nhosts = [\"front.internal\"]\ntoken = \"***\"\n"));
  EXPECT_THAT(shown, ::testing::Not(::testing::HasSubstr("battery")));
  const auto hook = show(load("listen = \":8080\"\n[pool.app]\nupstreams = [\"a:1\"]\n[admin]\nwebhook_token = \"battery\"\n"
                              "webhook = \"https://me:horse@hooks.example/T0/staple?key=horse\"\n", "fd.toml", {}).config);
  EXPECT_THAT(hook, ::testing::HasSubstr("\nwebhook = \"***\"\nwebhook_token = \"***\"\nwebhook_ca = \"\"\nwebhook_level = \"warn\"\n"));
  for (const char* const secret : {"battery", "horse", "staple", "hooks.example"})
    EXPECT_THAT(hook, ::testing::Not(::testing::HasSubstr(secret)));
}

TEST(Show, SpellsOutWhatWasLeftOut) {
  const auto shown =
      show(load("listen = \":8080\"\n[pool.app]\nupstreams = [\"a:1\"]\n", "fd.toml", {}).config);
  EXPECT_THAT(shown,
              ::testing::StartsWith(
                  "workers = \"auto\"\nresolver = \"auto\"\ntracing = false\ntraceparent_from = \"anyone\"\n\n[[listener]]\nname = \"\"\naddress = \":8080\"\n"
                  "max_connections = \"auto\"\nmax_connections_per_client = 0\nproxy_protocol = false\n"
                  "protocols = [\"h2\", \"http/1.1\"]\nrequest_id_header = \"\"\nserver_timing = false\nproxy_status = \"off\"\ntrusted_proxies = []\nvia = true\nredirect = \"off\"\n\n[timeouts]\nclient_header = \"10s\"\n"));
  EXPECT_THAT(shown,
              ::testing::HasSubstr("[[route]]\nhost = \"\"\npath = \"\"\npool = \"app\"\naccess_log = true\n"));
  EXPECT_THAT(shown,
              ::testing::HasSubstr("[pool.app]\nupstreams = [\n  { address = \"a:1\", weight = 1, priority = 0, host = \"\" },\n]\n"));
}

}  // namespace
}  // namespace frontdoor::config
