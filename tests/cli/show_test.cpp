#include "cli/show.h"

#include <gtest/gtest.h>

#include "config/load.h"

namespace frontdoor::cli {
namespace {

config::Loaded load_cleanly(const std::string& text) {
  config::Loaded loaded = config::load(text, "test");
  for (const auto& diagnostic : loaded.diagnostics) ADD_FAILURE() << diagnostic.to_string() << "\n" << text;
  return loaded;
}

// Every key with a value that is not its default, so that one that is not shown is missed.
constexpr char kFull[] = R"(
workers = 3

[[listener]]
name            = "public"
address         = "127.0.0.1:8080"
via             = false
max_connections = 100

[[listener]]
address = "unix:/run/fd \"1\".sock"

[timeouts]
client_header   = "1s"
client_body     = "2s"
client_write    = "1m"
client_idle     = "1500ms"
client_fin      = "4s"
connect         = "5s"
response_header = "90s"
response_body   = "7s"
upstream_idle   = "8s"
stream_idle     = "2h"
drain           = "10s"
drain_delay     = "1s"

[limits]
header_bytes = "16KiB"
header_count = 50
uri_bytes    = "1000B"
body_bytes   = "10MiB"

[[route]]
host       = "*.example.com"
path       = "/v1/*"
pool       = "api"
access_log = false
body_bytes = "1GiB"
[route.timeouts]
response_header = "200ms"

[[route]]
pool = "a.b"

[pool.api]
upstreams  = [{ address = "10.0.0.1:80", weight = 3 }, { address = "[::1]:81" }, { address = "unix:/run/a.sock" }]
body_bytes = "5KiB"
[pool.api.timeouts]
connect = "250ms"
[pool.api.health_check]
path          = "/healthz"
interval      = "4s"
interval_down = "250ms"
timeout       = "2s"
jitter        = "5%"
rise          = 4
fall          = 5
expect        = { status = "200-204,301" }
host          = "probe.example.com"
port          = 9000
[pool.api.retry]
attempts   = 1
on         = ["connect_failure", "503"]
budget     = "12.5%"
body_bytes = "1KiB"

[pool."a.b"]
upstreams    = ["localhost:3000"]
health_check = { type = "tcp" }

[access_log]
output = "/var/log/frontdoor/access.log"
format = "combined"
sample = 0.25

[log]
level  = "warn"
format = "json"
)";

TEST(ShowConfig, PrintsWhatMeansTheSame) {
  const std::string texts[] = {kFull, "listen = \":8080\"\n[pool.app]\nupstreams = [\"localhost:3000\"]\n"};
  for (const std::string& text : texts) {
    const config::Config config = load_cleanly(text).config;
    const std::string shown = show_config(config);
    const config::Config again = load_cleanly(shown).config;
    EXPECT_TRUE(again == config) << shown << "\nand when loaded and shown again:\n" << show_config(again);
    EXPECT_EQ(show_config(again), shown);
  }
}

TEST(ShowConfig, SaysWhatTheFileLeavesOut) {
  const auto loaded = load_cleanly("listen = \":8080\"\n[pool.app]\nupstreams = [\"localhost:3000\"]\n");
  const std::string shown = show_config(loaded.config);
  EXPECT_NE(shown.find("\nclient_header   = \"10s\"\n"), shown.npos) << shown;
  EXPECT_NE(shown.find("\n[pool.app.retry]\nattempts        = 2\n"), shown.npos) << shown;
}

}  // namespace
}  // namespace frontdoor::cli
