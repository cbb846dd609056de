// What a reload would change, in lines for people.

#include "service/files/config_diff.h"

#include <gtest/gtest.h>

#include "config/load.h"

namespace frontdoor {
namespace {

config::Config config_of(const std::string& text) {
  config::LoadOptions options;
  const config::Loaded loaded = config::load(text, "fd.toml", options);
  EXPECT_TRUE(loaded.ok()) << loaded.diagnostics.front().to_string();
  return loaded.config;
}

std::string changes(const std::string& before, const std::string& after) {
  std::string lines;
  for (const std::string& line : config_changes(config_of(before), config_of(after))) lines += line + '\n';
  return lines;
}

TEST(ConfigChanges, AreALineForEach) {
  const std::string base = "listen = \":1\"\n[pool.app]\nupstreams = [\"127.0.0.1:3001\", \"127.0.0.1:3002\"]\n";
  const struct {
    const char* what;
    std::string before;
    std::string after;
    const char* lines;
  } cases[] = {
      {"nothing", base, base, ""},
      {"a comment", base, "# new\n" + base, ""},
      {"what is the default anyway", base, base + "max_in_flight = 0\n", ""},
      {"a value", base, base + "max_in_flight = 7\n", "[pool.app] max_in_flight: 0 -> 7\n"},
      {"above the first table", base, "workers = 3\n" + base, "workers: \"auto\" -> 3\n"},
      {"a table below", base, base + "[pool.app.hold]\ntimeout = \"9s\"\n", "[pool.app.hold] timeout: \"10s\" -> \"9s\"\n"},
      {"one of a list", base, "listen = \":1\"\n[pool.app]\nupstreams = [\"127.0.0.1:3001\", \"127.0.0.1:3003\"]\n",
       "[pool.app] upstreams: - { address = \"127.0.0.1:3002\", weight = 1, priority = 0, host = \"\" }\n"
       "[pool.app] upstreams: + { address = \"127.0.0.1:3003\", weight = 1, priority = 0, host = \"\" }\n"},
      {"their order", base, "listen = \":1\"\n[pool.app]\nupstreams = [\"127.0.0.1:3002\", \"127.0.0.1:3001\"]\n",
       "[pool.app] upstreams: in another order\n"},
      {"a pool", base + "[[route]]\npool = \"app\"\n", base + "[pool.web]\nupstreams = [\"127.0.0.1:4\"]\n[[route]]\npool = \"app\"\n",
       "+ [pool.web]\n"},
      {"a pool goes", base + "[pool.web]\nupstreams = [\"127.0.0.1:4\"]\n[[route]]\npool = \"app\"\n", base + "[[route]]\npool = \"app\"\n",
       "- [pool.web]\n"},
      {"a route", base + "[[route]]\npool = \"app\"\n",
       base + "[[route]]\npath = \"/a\"\npool = \"app\"\n[[route]]\npool = \"app\"\n", "+ [[route]] \"/a\" \"app\"\n"},
      {"below one of two routes",
       base + "[[route]]\npath = \"/a\"\npool = \"app\"\n[route.timeouts]\nconnect = \"1s\"\n[[route]]\npool = \"app\"\n"
              "[route.timeouts]\nconnect = \"2s\"\n",
       base + "[[route]]\npath = \"/a\"\npool = \"app\"\n[route.timeouts]\nconnect = \"1s\"\n[[route]]\npool = \"app\"\n"
              "[route.timeouts]\nconnect = \"1s\"\n",
       "[route.timeouts] \"app\" connect: \"2s\" -> \"1s\"\n"},
      {"one of a listener", base, "[[listener]]\naddress = \":1\"\nvia = false\n" + base.substr(base.find('[')),
       "[[listener]] \":1\" via: true -> false\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(changes(c.before, c.after), c.lines) << c.what;
}

TEST(ConfigChanges, TellNoSecrets) {
  const std::string pool = "listen = \":1\"\n[pool.app]\ncommand = [\"node\"]\n";
  const std::string lines = changes(pool + "env = { KEY = \"hunter2\", OLD = \"x\" }\n", pool + "env = { KEY = \"hunter3\", NEW = \"pss\" }\n");
  EXPECT_EQ(lines, "[pool.app] env: *** (another)\n");
}

}  // namespace
}  // namespace frontdoor
