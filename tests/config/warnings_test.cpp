// Golden: settings that are allowed but do not do what they seem to.

#include "support.h"

namespace frontdoor::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> below(const std::string& lines) {
  const auto text = Around{.below = lines}.text();
  EXPECT_TRUE(load(text, "fd.toml", {}).ok()) << text;
  return problems(text);
}

TEST(Warnings, HealthChecksThatMakeThingsWorse) {
  EXPECT_THAT(below("health_check.fall = 1"),
              ElementsAre("fd.toml:3:7: warning: [pool.app.health_check] fall = 1 takes the only upstream "
                          "out after one failed check; 3 is the default"));
  EXPECT_THAT(below("health_check.timeout = \"3s\""),
              ElementsAre("fd.toml:3:7: warning: [pool.app.health_check] timeout 3s is longer than interval "
                          "2s, so checks come later than the interval says"));
  EXPECT_THAT(below("health_check.timeout = \"2s\""), IsEmpty());
}

TEST(Warnings, AHoldThatOutlastsClients) {
  EXPECT_THAT(below("hold.timeout = \"31s\""),
              ElementsAre("fd.toml:3:7: warning: [pool.app.hold] timeout 31s is longer than most clients wait, "
                          "which is 30s: they will have gone when the answer comes"));
  EXPECT_THAT(below("hold.timeout = \"30s\""), IsEmpty());
}

TEST(Warnings, TimeoutsWhereTheyDoNothing) {
  EXPECT_THAT(below("timeouts.client_header = \"1s\""),
              ElementsAre("fd.toml:6:10: warning: \"client_header\" has no effect in [pool.app.timeouts]: it "
                          "holds for the whole program, in [timeouts]"));
  EXPECT_THAT(below("[[route]]\ntimeouts.drain = \"1s\"\ntimeouts.upstream_idle = \"1s\""),
              ElementsAre("fd.toml:7:10: warning: \"drain\" has no effect in [route.timeouts]: it holds for "
                          "the whole program, in [timeouts]",
                          "fd.toml:8:10: warning: \"upstream_idle\" has no effect in [route.timeouts]: idle "
                          "connections belong to the pool"));
  EXPECT_THAT(below("timeouts.upstream_idle = \"1s\""), IsEmpty());
}

TEST(Warnings, RoutesThatNothingReaches) {
  struct {
    const char *first, *second;
    bool shadowed;
  } cases[] = {
      {"", "host = \"a.com\"", true},
      {"path = \"/*\"", "path = \"/x\"", true},
      {"path = \"/v1/*\"", "path = \"/v1/x*\"", true},
      {"path = \"/v1/*\"", "path = \"/v1/x\"", true},
      {"host = \"*.a.com\"", "host = \"x.a.com\"\npath = \"/y\"", true},
      {"host = \"A.com\"", "host = \"a.com.\"", true},
      {"host = \"a.com\"", "", false},
      {"host = \"*.a.com\"", "host = \"a.com\"", false},
      {"host = \"*.a.com\"", "host = \"x.y.a.com\"",
       false},  // whether "*" reaches so deep is the router's business
      {"host = \"x.a.com\"", "host = \"*.a.com\"", false},
      {"path = \"/v1\"", "path = \"/v1/*\"", false},
      {"path = \"/v1/x*\"", "path = \"/v1/*\"", false},
      {"path = \"/a\"", "path = \"\"", false},
      {"host = \"a.com\"\npath = \"/\"", "path = \"/\"", false},
  };
  for (const auto& c : cases) {
    const auto found = below("[[route]]\n" + std::string(c.first) + "\n[[route]]\n" + c.second);
    ASSERT_EQ(found.size(), c.shadowed ? 1u : 0u) << c.first << " then " << c.second;
    if (c.shadowed) {
      EXPECT_THAT(found[0], testing::EndsWith("warning: no request reaches this route, since the one at "
                                              "fd.toml:6:1 comes first and matches all that this one does"));
    }
  }
}

TEST(Warnings, Limits) {
  EXPECT_THAT(
      below("[limits]\nheader_bytes = \"1KiB\""),
      ElementsAre(
          "fd.toml: warning: [limits] uri_bytes is larger than header_bytes, which counts the target too"));
  LoadOptions options;
  options.open_files = 1000;
  EXPECT_THAT(
      problems(Around{.below = "[[listener]]\naddress = \":1\"\nmax_connections = 5000"}.text(), options),
      ElementsAre("fd.toml:7:11: warning: max_connections is 5000, but this process may open only 1000 files "
                  "(ulimit -n), and each connection takes up to three"));
}

}  // namespace
}  // namespace frontdoor::config
