#include "cli/quick_config.h"

#include <gtest/gtest.h>

#include "config/load.h"

namespace frontdoor::cli {
namespace {

std::vector<std::string> upstreams_of(const config::Config& config) {
  std::vector<std::string> names;
  for (const auto& upstream : config.pools.at(0).upstreams) names.push_back(upstream.address.to_string());
  return names;
}

TEST(ProxyConfig, IsWhatTheCommandLineSays) {
  const auto text =
      proxy_config({":8080", {":3001", "app.internal:80", "[::1]:3002", "unix:/run/a.sock"}, "/healthz", {}});
  ASSERT_TRUE(text);
  const auto loaded = config::load(*text, "test");
  ASSERT_TRUE(loaded.ok()) << *text;

  const config::Config& config = loaded.config;
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].address.to_string(), ":8080");
  ASSERT_EQ(config.pools.size(), 1u);
  EXPECT_EQ(config.pools[0].name, "app");
  // A port alone means this machine, on either family.
  EXPECT_EQ(upstreams_of(config), (std::vector<std::string>{"localhost:3001", "app.internal:80", "[::1]:3002",
                                                            "unix:/run/a.sock"}));
  ASSERT_TRUE(config.pools[0].health_check);
  EXPECT_EQ(config.pools[0].health_check->path, "/healthz");
}

TEST(ProxyConfig, ChecksNothingWithoutHealthPath) {
  const auto text = proxy_config({"127.0.0.1:0", {":3001"}, "", {}});
  ASSERT_TRUE(text);
  const auto loaded = config::load(*text, "test");
  ASSERT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.config.pools.at(0).health_check);
}

TEST(ProxyConfig, NamesTheOptionOfAWrongAddress) {
  const struct {
    ProxyCommand command;
    const char* start;
    const char* end;
  } cases[] = {
      {{":70000", {":1"}, "", {}}, "--listen :70000: ", ""},
      {{":80", {":1", "nowhere"}, "", {}}, "--to nowhere: ", ""},
      {{":80", {"3001"}, "", {}}, "--to 3001: ", ", did you mean :3001?"},
      {{"8080", {":1"}, "", {}}, "--listen 8080: ", ", did you mean :8080?"},
      {{"99999", {":1"}, "", {}}, "--listen 99999: ", "port 99999 is out of range (0 to 65535)"},
  };
  for (const auto& c : cases) {
    const auto text = proxy_config(c.command);
    ASSERT_FALSE(text) << c.start;
    EXPECT_TRUE(text.error().what.starts_with(c.start)) << text.error().what;
    EXPECT_TRUE(text.error().what.ends_with(c.end)) << text.error().what;
  }
}

TEST(DemoConfig, RunsThisProgramThreeTimes) {
  const auto loaded = config::load(demo_config("127.0.0.1:8080", "0123456789abcdef0123456789abcdef"), "test");
  EXPECT_TRUE(loaded.diagnostics.empty()) << loaded.diagnostics.front().to_string();
  ASSERT_TRUE(loaded.ok());
  const config::Pool& pool = loaded.config.pools.at(0);
  EXPECT_EQ(pool.process.command, (std::vector<std::string>{"/proc/self/exe", "demo-app"}));
  EXPECT_EQ(pool.process.instances, kDemoInstances);
  ASSERT_TRUE(pool.health_check);
  EXPECT_EQ(pool.health_check->interval, config::Millis(500));
  EXPECT_EQ(loaded.config.access_log.output, "off");
}

TEST(ProxyConfig, ADollarInAPathIsItsOwn) {
  const auto text = proxy_config(ProxyCommand{.listen = ":0", .to = {":3001"}, .health_path = "/${HOME}"});
  ASSERT_TRUE(text);
  const auto loaded = config::load(*text, "test");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.pools.front().health_check->path, "/${HOME}");
}

// Without a file there are no profiles: the name is what Node apps ask for.
TEST(RunConfig, AnEnvironmentIsNodeEnv) {
  const auto text = run_config({.command = {"app"}, .instances = 1, .listen = "", .health_path = "", .watch = false, .profile = "my production"});
  ASSERT_TRUE(text);
  config::LoadOptions options;
  options.profile = "my production";
  const auto loaded = config::load(*text, "test", options);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.pools.at(0).process.env,
            (std::vector<std::pair<std::string, std::string>>{{"NODE_ENV", "my production"}}));
}

}  // namespace
}  // namespace frontdoor::cli
