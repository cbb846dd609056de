// Golden: settings that are allowed but do not do what they seem to.

#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
                          "2s (the default), so checks come later than the interval says"));
  EXPECT_THAT(below("health_check.interval = \"500ms\""),
              ElementsAre("fd.toml:3:7: warning: [pool.app.health_check] timeout 1s (the default) is longer than interval "
                          "500ms, so checks come later than the interval says"));
  EXPECT_THAT(problems(Around{.below = "health_check = { interval = \"0s\", timeout = \"10s\" }"}.text()),
              ElementsAre("fd.toml:6:29: interval: \"0s\" is too small, the least is \"1ms\""))
      << "what is refused is not compared";
  EXPECT_THAT(below("health_check.timeout = \"2s\""), IsEmpty());
}

TEST(Warnings, ChecksByACommandAndWhatBelongsToOthers) {
  EXPECT_THAT(below("health_check = { type = \"tcp\", command = \"true\" }"),
              ElementsAre("fd.toml:6:42: warning: command has no effect in [pool.app.health_check]: add type = \"exec\""));
  const std::string decides = " has no effect in [pool.app.health_check]: with type = \"exec\" the exit status of the command decides";
  EXPECT_THAT(below("[pool.app.health_check]\ntype = \"exec\"\ncommand = \"true\"\npath = \"/up\"\nhost = \"a\"\n"
                    "expect.status = \"200\""),
              ElementsAre("fd.toml:9:8: warning: \"path\"" + decides, "fd.toml:10:8: warning: \"host\"" + decides,
                          "fd.toml:11:1: warning: \"expect\"" + decides));
  // What a check runs as is said where it is said of instances, and is of use without any.
  EXPECT_THAT(below("health_check = { type = \"exec\", command = \"true\" }\ndirectory = \"/srv\"\nenv = { A = \"1\" }\n"
                    "umask = \"027\"\nrlimits = { nofile = 10 }"),
              IsEmpty());
  EXPECT_THAT(below("health_check = { type = \"exec\", command = \"true\" }\ninstances = 2"),
              ElementsAre("fd.toml:7:13: warning: \"instances\" has no effect in [pool.app]: it is about instances, and the "
                          "pool has no command"));
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
      EXPECT_THAT(found[0], ::testing::EndsWith("warning: no request reaches this route, since the one at "
                                              "fd.toml:6:1 comes first and matches all that this one does"));
    }
  }
}

TEST(Warnings, AnUpstreamThatIsTheFrontDoorItself) {
  struct {
    const char *listen, *upstream;
    bool itself;
  } cases[] = {
      {":8080", "localhost:8080", true},
      {":8080", "127.0.0.1:8080", true},
      {":8080", "127.8.9.1:8080", true},
      {":8080", "[::1]:8080", true},
      {":8080", "http://localhost:8080", true},
      {"0.0.0.0:8080", "127.0.0.1:8080", true},
      {"[::]:8080", "localhost:8080", true},
      {"127.0.0.1:8080", "127.0.0.1:8080", true},
      {"127.0.0.1:8080", "localhost:8080", true},
      {"10.0.0.1:8080", "10.0.0.1:8080", true},
      {"unix:/run/a", "unix:/run/a", true},
      {":8080", "localhost:8081", false},
      {":8080", "10.0.0.1:8080", false},  // perhaps this machine, perhaps not
      {":0", "localhost:80", false},
      {"0.0.0.0:8080", "[::1]:8080", false},
      {"[::]:8080", "127.0.0.1:8080", false},
      {"127.0.0.1:8080", "127.0.0.2:8080", false},
      {"127.0.0.1:8080", "[::1]:8080", false},
      {"unix:/run/a", "unix:/run/b", false},
  };
  for (const auto& c : cases) {
    const auto found = problems("listen = [\":1\", \"" + std::string(c.listen) +
                                "\"]\n[pool.app]\nupstreams = [\"" + c.upstream + "\"]\n");
    EXPECT_EQ(found.size(), c.itself ? 1u : 0u) << c.listen << " " << c.upstream;
  }
  EXPECT_THAT(
      problems("listen = \":8080\"\n[pool.app]\nupstreams = [\"a:1\", \"localhost:8080\"]\n"),
      ElementsAre("fd.toml:3:21: warning: \"localhost:8080\" leads back to this front door, which listens "
                  "there (fd.toml:1:10): did you mean the port of the app?"));
}

TEST(Warnings, APoolThatNoRouteUses) {
  const std::string two = "[pool.b]\nupstreams = [\"b:1\"]\n";
  const std::string rest = "[[route]]\npool = \"app\"";
  EXPECT_THAT(below(two + rest),
              ElementsAre("fd.toml:6:7: warning: [pool.b] gets no request: no [[route]] has pool = \"b\""));
  EXPECT_THAT(below(two + "[[route]]\npath = \"/b\"\npool = \"b\"\n" + rest), IsEmpty());
  EXPECT_THAT(below(""), IsEmpty()) << "the only pool gets all without a route";
  // The misspelt one may be the one that is missed.
  const Around misspelt{.below = two + "[[route]]\npath = \"/b\"\npool = \"bb\"\n" + rest};
  EXPECT_EQ(problems(misspelt.text()).size(), 1u);
}

TEST(LogFile, IsAskedAboutWhereSomebodyLooks) {
  struct {
    const char* output;
    bool asked;
  } cases[] = {{"/var/log/fd/access.log", true},
               {"access.log", true},
               {"stdout", false},
               {"stderr", false},
               {"off", false}};
  for (const auto& c : cases) {
    std::vector<std::string> asked;
    LoadOptions options;
    options.log_file_problem = [&](const std::string& path) {
      asked.push_back(path);
      return std::string("the directory \"/var/log/fd\" does not exist");
    };
    const auto text = Around{.below = "[access_log]\noutput = \"" + std::string(c.output) + "\""}.text();
    const auto found = problems(text, options);
    if (c.asked) {
      EXPECT_THAT(asked, ElementsAre(c.output));
      EXPECT_THAT(found, ElementsAre("fd.toml:7:10: output: the access log cannot be written: the directory "
                                     "\"/var/log/fd\" does not exist"));
    } else {
      EXPECT_THAT(asked, IsEmpty());
      EXPECT_THAT(found, IsEmpty());
    }
    EXPECT_THAT(problems(text), IsEmpty()) << "a reload does not look";
  }
}

TEST(Warnings, AccessLog) {
  EXPECT_THAT(below("[access_log]\nformat = \"combined\"\nfields = [\"time\"]"),
              ElementsAre("fd.toml:8:10: warning: fields: without effect, format = \"combined\" has fields of its own"));
  EXPECT_THAT(below("[access_log]\nmax_size = \"1MiB\"\nmax_age = \"0s\""),
              ElementsAre("fd.toml:7:12: warning: max_size: without effect, output = \"stdout\" is no file",
                          "fd.toml:8:11: warning: max_age: without effect, output = \"stdout\" is no file"));
  EXPECT_THAT(below("[access_log]\noutput = \"/var/log/a.log\"\nmax_size = \"1MiB\"\nfields = [\"time\"]"), IsEmpty());
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
                  "(ulimit -n), and a client that is served takes two"));
}

TEST(Warnings, AWebhookThatOthersCanRead) {
  EXPECT_THAT(below("[admin]\nwebhook = \"http://hooks.example/x\""),
              ElementsAre("fd.toml: warning: [admin] webhook begins with http://: whoever is on the way can read the events, and "
                          "its token"));
  EXPECT_THAT(below("[admin]\nwebhook = \"http://127.0.0.1:9/x\""), IsEmpty());
  EXPECT_THAT(below("[admin]\nwebhook = \"https://hooks.example/x\""), IsEmpty());
  EXPECT_THAT(below("[admin]\nwebhook_token = \"x\""),
              ElementsAre("fd.toml: warning: [admin] webhook_token and webhook_ca have no effect without webhook"));
  EXPECT_THAT(below("[admin]\nwebhook = \"http://[::1]:9/\"\nwebhook_ca = \"ca.pem\""),
              ElementsAre("fd.toml: warning: [admin] webhook_ca has no effect: the webhook does not begin with https://"));
  LoadOptions options;
  options.upstream_tls_problem = [](const UpstreamTls& tls) { return tls.ca == "gone.pem" ? "no such file" : ""; };
  const auto with_ca = [&](const char* ca) {
    return problems(Around{.below = "[admin]\nwebhook = \"https://a.example\"\nwebhook_ca = \"" + std::string(ca) + "\""}.text(),
                    options);
  };
  EXPECT_THAT(with_ca("ca.pem"), IsEmpty());
  EXPECT_THAT(with_ca("gone.pem"), ElementsAre("fd.toml: [admin] webhook_ca: no such file"));
}

}  // namespace
}  // namespace frontdoor::config
