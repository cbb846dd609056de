// Golden: what `frontdoor check` says of keys, tables and what belongs together.

#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;

TEST(StructureErrors, ThreeMistakesThreeLinesThatTellWhatToDo) {
  EXPECT_THAT(
      problems(R"(listen = ":8080"

[pool.app]
upstreams = ["127.0.0.1:3000", "127.0.0.1"]

[pool.app.health_check]
intervall = "2s"
timeout = 500
)"),
      ElementsAre(
          "fd.toml:4:32: bad address \"127.0.0.1\": the port is missing, as in \"127.0.0.1:80\"",
          "fd.toml:7:1: unknown key \"intervall\", did you mean \"interval\"?",
          "fd.toml:8:11: timeout: a duration needs quotes and a unit: \"500ms\", \"500s\" or \"500m\""));
}

TEST(StructureErrors, ADelayThatLeavesADrainNoTime) {
  const auto with = [](const std::string& timeouts) { return problems(Around{.below = "[timeouts]\n" + timeouts}.text()); };
  EXPECT_THAT(with("drain = \"1s\"\ndrain_delay = \"3s\""),
              ElementsAre("fd.toml:8:15: drain_delay 3s counts inside drain, which is 1s: requests that are accepted in "
                          "it would be cut, so drain must be longer"));
  EXPECT_THAT(with("drain_delay = \"25s\"").size(), 1u) << "as long as the default";
  EXPECT_THAT(with("drain_delay = \"24s\"").size(), 0u);
  EXPECT_THAT(with("drain = \"0s\"").size(), 0u);
}

TEST(StructureErrors, UnknownKeys) {
  struct {
    Around around;
    std::string problem;
  } cases[] = {
      {{.below = "health_chek = \"/\""},
       "fd.toml:6:1: unknown key \"health_chek\", did you mean \"health_check\"?"},
      {{.top = "worker = 2"}, "fd.toml:1:1: unknown key \"worker\", did you mean \"workers\"?"},
      {{.below = "[timeout]\nconnect = \"1s\""},
       "fd.toml:6:2: unknown key \"timeout\", did you mean \"timeouts\"?"},
      // TOML's trap: what stands below [pool.app] belongs to the pool.
      {{.below = "listen = \":80\""},
       "fd.toml:6:1: unknown key \"listen\" in [pool.app]: it belongs at the top of the file, above the "
       "first [table]"},
      {{.below = "workers = 2"},
       "fd.toml:6:1: unknown key \"workers\" in [pool.app]: it belongs at the top of the file, above the "
       "first [table]"},
      {{.below = "interval = \"2s\""},
       "fd.toml:6:1: unknown key \"interval\" in [pool.app]: it belongs to [pool.app.health_check]"},
      {{.below = "connect = \"2s\""},
       "fd.toml:6:1: unknown key \"connect\" in [pool.app]: it belongs to [pool.app.timeouts]"},
      {{.below = "[pool.app.retry]\nbody_bytes = \"0\"\nupstreams = []"},
       "fd.toml:8:1: unknown key \"upstreams\" in [pool.app.retry]: it belongs to [pool.app], above "
       "[pool.app.retry]"},
      {{.below = "[log]\nsample = 0.5"},
       "fd.toml:7:1: unknown key \"sample\" in [log]: it belongs to [access_log]"},
      {{.below = "[log]\ncolour = true"},
       "fd.toml:7:1: unknown key \"colour\" in [log]; known here: \"level\" and \"format\""},
      {{.below = "[timeouts]\ncolour = true"},
       "fd.toml:7:1: unknown key \"colour\" in [timeouts]; known here: \"client_header\", \"client_body\", \"client_write\", "
       "\"client_idle\", \"client_fin\", \"tls_handshake\", \"request\", \"connect\", \"response_header\", \"response_body\", "
       "\"upstream_idle\", \"stream_idle\", \"drain\", \"drain_delay\" and \"drain_streams\""},
      {{.below = "colour = true"},
       "fd.toml:6:1: unknown key \"colour\" in [pool.app]"},  // too many are known there to list them
      {{.top = "connect = \"1s\""},
       "fd.toml:1:1: unknown key \"connect\" at the top of the file: it belongs to [timeouts]"},
      {{.top = "colour = true"},
       "fd.toml:1:1: unknown key \"colour\"; known here: \"workers\", \"resolver\", \"tracing\", \"traceparent_from\", \"listen\", \"tls\", \"include\", \"listener\", "
       "\"route\", \"pool\", \"timeouts\", \"limits\", \"access_log\", \"log\" and \"admin\""},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems(c.around.text()), ElementsAre(c.problem)) << c.around.text();
}

TEST(StructureErrors, FeaturesToComeAreNotCalledUnknown) {
  struct {
    Around around;
    std::string problem;
  } cases[] = {
      {{.below = "[pool.app.outlier_detection]\nwindow = \"1s\""},
       "fd.toml:6:11: \"outlier_detection\" is not supported by this version of frontdoor"},
      {{.below = "sticky = { cookie = \"x\" }"},
       "fd.toml:6:1: \"sticky\" is not supported by this version of frontdoor"},
      {{.top = "redirect = \"https\""}, "fd.toml:1:1: \"redirect\" is not supported by this version of frontdoor"},
      {{.below = "[[route]]\nmethods = []"},
       "fd.toml:7:1: \"methods\" is not supported by this version of frontdoor"},
      {{.in_pool = "sticky = []"}, "fd.toml:5:1: \"sticky\" is not supported by this version of frontdoor"},
      {{.below = "health_check.expect.body = \"x\""},
       "fd.toml:6:21: \"body\" is not supported by this version of frontdoor"},
      {{.top = "slow_start = {}"}, "fd.toml:1:1: \"slow_start\" is not supported by this version of frontdoor"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems(c.around.text()), ElementsAre(c.problem)) << c.around.text();
}

TEST(StructureErrors, TablesOfTheWrongShape) {
  struct {
    Around around;
    std::string problem;
  } cases[] = {
      {{.below = "[[timeouts]]"},
       "fd.toml:6:1: \"timeouts\" is one table: write [timeouts] once, with single brackets"},
      {{.top = "timeouts = \"2s\""}, "fd.toml:1:12: timeouts: expected a table [timeouts], not a string"},
      {{.below = "[route]\npool = \"app\""},
       "fd.toml:6:1: there may be several routes: write [[route]] with double brackets"},
      {{.top = "route = 1"}, "fd.toml:1:9: route: expected tables [[route]], not an integer"},
      {{.top = "route = [1]"}, "fd.toml:1:10: route: expected a table [[route]], not an integer"},
      {{.below = "[listener]\naddress = \":1\""},
       "fd.toml:6:1: there may be several listeners: write [[listener]] with double brackets"},
      {{.top = "listener = \":80\""}, "fd.toml:1:12: listener: expected tables [[listener]], not a string"},
      {{.below = "[[listener]]\nname = \"web\""},
       "fd.toml:6:1: [[listener]] needs an address, as in address = \":8080\""},
      {{.below = "retry = 3"}, "fd.toml:6:9: retry: expected a table [pool.app.retry], not an integer"},
      {{.below = "timeouts = \"2s\""},
       "fd.toml:6:12: timeouts: expected a table [pool.app.timeouts], not a string"},
      {{.below = "[[route]]\ntimeouts = \"2s\""},
       "fd.toml:7:12: timeouts: expected a table [route.timeouts], not a string"},
      {{.below = "health_check = true"},
       "fd.toml:6:16: health_check: write the path to ask for, as in \"/healthz\", or leave health_check "
       "out"},
      {{.below = "health_check = 5"},
       "fd.toml:6:16: health_check: expected a table [pool.app.health_check] or a path as in \"/healthz\", "
       "not an integer"},
      {{.below = "[[route]]\n[[route.timeouts]]\nconnect = \"1s\""},
       "fd.toml:7:1: \"timeouts\" is one table: write [route.timeouts] once, with single brackets"},
      {{.top = "pool.web = 3"}, "fd.toml:1:6: pool.web: expected a table [pool.web], not an integer"},
      {{.top = "pool.upstreams = [\"a:1\"]"},
       "fd.toml:1:6: a pool has a name: write \"upstreams\" below [pool.app], not below [pool]"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems(c.around.text()), ElementsAre(c.problem)) << c.around.text();
}

TEST(StructureErrors, WhatBelongsTogether) {
  const std::string listen = "listen = \":8080\"\n", pool = "[pool.app]\nupstreams = [\"a:1\"]\n";
  struct {
    std::string text;
    std::vector<std::string> expected;
  } cases[] = {
      {"",
       {"fd.toml: there is nothing to listen on: add listen = \":8080\" at the top of the file",
        "fd.toml: there is no pool: add [pool.app] with upstreams = [\"127.0.0.1:3000\"]"}},
      {pool, {"fd.toml: there is nothing to listen on: add listen = \":8080\" at the top of the file"}},
      {listen, {"fd.toml: there is no pool: add [pool.app] with upstreams = [\"127.0.0.1:3000\"]"}},
      {listen + "[pool.app]\n",
       {"fd.toml:2:7: [pool.app] has no upstreams: add upstreams = [\"127.0.0.1:3000\"], or a command"}},
      {listen + pool + "[pool.api]\nupstreams = [\"b:1\"]\n",
       {"fd.toml:4:7: with several pools frontdoor needs to know which requests go where: add a [[route]] "
        "with pool = \"app\" and one with pool = \"api\""}},
      {listen + pool + "[pool.api]\nupstreams = [\"b:1\"]\n[[route]]\n",
       {"fd.toml:6:1: [[route]] needs a pool, as in pool = \"app\""}},
      {listen + pool + "[[route]]\npool = \"ap\"\n",
       {"fd.toml:5:8: pool: there is no [pool.ap], did you mean \"app\"?"}},
      {listen + pool + "[pool.api]\nupstreams = [\"b:1\"]\n[[route]]\npool = \"web\"\n",
       {"fd.toml:7:8: pool: there is no [pool.web]; the pools are \"app\" and \"api\""}},
      {listen + "[pool.\"a b\"]\nupstreams = [\"b:1\"]\n" + pool,
       {"fd.toml:2:7: a pool cannot be called \"a b\": a name consists of letters, digits, \"-\", \"_\" and "
        "\".\"",
        "fd.toml:4:7: with several pools frontdoor needs to know which requests go where: add a [[route]] for each of them"}},
      {listen + "[pool.\"a b\"]\nupstreams = [\"b:1\"]\n" + pool + "[[route]]\n",
       {"fd.toml:2:7: a pool cannot be called \"a b\": a name consists of letters, digits, \"-\", \"_\" and "
        "\".\"",
        "fd.toml:6:1: [[route]] needs a pool, as in pool = \"app\""}},
      {listen + "[pool.\"a b\"]\nupstreams = [\"b:1\"]\n",
       {"fd.toml:2:7: a pool cannot be called \"a b\": a name consists of letters, digits, \"-\", \"_\" and "
        "\".\""}},
      {"listen = [\":80\", \"0.0.0.0:80\"]\n" + pool,
       {"fd.toml:1:18: two listeners cannot share the address \"0.0.0.0:80\", which is taken at "
        "fd.toml:1:11"}},
      {"listen = [\":80\", \"127.0.0.1:80\"]\n" + pool,
       {"fd.toml:1:18: two listeners cannot share the address \"127.0.0.1:80\", which is taken at "
        "fd.toml:1:11"}},
      {"listen = [\"0.0.0.0:80\", \"[::]:80\"]\n" + pool,
       {"fd.toml:1:25: two listeners cannot share the address \"[::]:80\", which is taken at fd.toml:1:11"}},
      {"listen = [\"10.0.0.1:80\", \"0.0.0.0:80\"]\n" + pool,
       {"fd.toml:1:26: two listeners cannot share the address \"0.0.0.0:80\", which is taken at "
        "fd.toml:1:11"}},
      {"listen = [\"0.0.0.0:80\", \"[::1]:80\", \"10.0.0.1:81\"]\n" + pool, {}},
      {listen + "[[listener]]\naddress = \":8080\"\n" + pool,
       {"fd.toml:3:11: two listeners cannot share the address \":8080\", which is taken at fd.toml:1:10"}},
      {"[[listener]]\nname = \"a\"\naddress = \":1\"\n[[listener]]\nname = \"a\"\naddress = \":2\"\n" + pool,
       {"fd.toml:6:11: two listeners cannot share the name \"a\", which is taken at fd.toml:3:11"}},
      {"pool = 3\n" + listen,
       {"fd.toml:1:8: pool: expected a table [pool.app], not an integer"}},
      {listen + "[[pool]]\nupstreams = [\"a:1\"]\n",
       {"fd.toml:2:1: a pool has a name: write [pool.app], not [[pool]]"}},
      {listen + "[pool.app]\nupstreams = [{ address = \"a:1\", colour = true }]\n",
       {"fd.toml:3:33: unknown key \"colour\" in the upstreams of [pool.app]; known here: \"address\", "
        "\"weight\", \"priority\" and \"host\""}},
      {"listen = 8080\n" + pool,
       {"fd.toml:1:10: listen: expected an address as in \":8080\", or a list of them, not an integer"}},
      {"listen = \"8080\"\n" + pool,
       {"fd.toml:1:10: bad address \"8080\": a port alone is written \":8080\""}},
      {"listen = [\":0\", \":0\", \"127.0.0.1:80\", \"[::1]:80\"]\n" + pool, {}},
  };
  for (const auto& c : cases) EXPECT_THAT(problems(c.text), ::testing::ElementsAreArray(c.expected)) << c.text;
}

TEST(StructureErrors, Syntax) {
  struct {
    std::string text, problem;
  } cases[] = {
      {"listen = :8080\n",
       "fd.toml:1:10: this is not TOML: parsing value: could not determine value type; text needs quotes: "
       "listen = \":8080\""},
      {"[pool.a]\nupstreams = [localhost:3001, localhost:3002]\n",
       "fd.toml:2:14: this is not TOML: parsing value: could not determine value type; each text in a list needs "
       "quotes: [\"one\", \"two\"]"},
      {"listen = \xE2\x80\x9C:8080\xE2\x80\x9D\n",
       "fd.toml:1:10: this is not TOML: parsing value: could not determine value type; these quotes are curly, write "
       "straight ones: \""},
      {"[timeouts]\nconnect = 2s\n",
       "fd.toml:2:12: this is not TOML: parsing decimal integer: expected digit, saw 's'; text needs quotes: "
       "connect = \"2s\""},
      {"workers = 1\nworkers = 2\n",
       "fd.toml:2:11: this is not TOML: parsing key-value pair: cannot redefine existing integer 'workers'"},
      {"[pool.app\n", "fd.toml:1:10: this is not TOML: parsing table header: expected ']', saw '\\n'"},
      {"listen = \":80\n", "fd.toml:1:10: the string that begins here has no closing \" on its line"},
      {"workers = 1\nlisten = ':80\r\n[pool.app]\r\n",
       "fd.toml:2:10: the string that begins here has no closing ' on its line"},
      {"listen = \":80", "fd.toml:1:10: the string that begins here has no closing \" on its line"},
      {"listen = \"\"\":80\n[pool.app]\nupstreams = []\n",
       "fd.toml:1:10: the string that begins here has no closing \"\"\" before the end of the file"},
      // The opening or a middle quote is missing: what the parser meets is some other text.
      {"listen = :80\"\n",
       "fd.toml:1:10: this is not TOML: parsing value: could not determine value type; is a \" missing on "
       "this line?"},
      {"listen = [\":80, \":81\"]\n",
       "fd.toml:1:18: this is not TOML: parsing array: expected comma or closing ']', saw ':'; is a "
       "\" "
       "missing on this line?"},
      {"a = \"\xFF\"\n", ""},
  };
  for (const auto& c : cases) {
    const auto found = problems(c.text);
    ASSERT_EQ(found.size(), 1u) << c.text;
    if (!c.problem.empty()) {
      EXPECT_EQ(found[0], c.problem);
    }
  }
}

TEST(StructureErrors, EndlessKeysAreRefusedBeforeTheyAreWalked) {
  std::string key = "a";
  for (int i = 0; i < 200'000; ++i) key += ".a";
  const auto refused = ElementsAre("fd.toml: a key with more than 100 dots is not supported");
  EXPECT_THAT(problems(key + " = 1\n"), refused);
  // No text before it hides it.
  for (const std::string before : {"x = \"a\\\"b\"\n", "x = 'a\"b'\n", "x = \"\"\"a\"\"\"\n", "'it''s' . ", "\"\" . ",
                                   "# it's\n", "y = {x = \"\"\"a\"\"\"\"\", ", "y = {x = '''a'''', "})
    EXPECT_THAT(problems(before + key + " = 1\n"), refused) << before;
}

TEST(StructureErrors, DotsWithinTextsAreNoKeys) {
  const std::string dots(200, '.');
  for (const std::string& text : {"'" + dots + "'", "\"\\\"" + dots + "\"", "\"\"\"\n" + dots + "\n\"\"\"",
                                  "'''" + dots + "'''", "\"a\" # " + dots})
    EXPECT_THAT(problems("[pool.app]\nupstreams = ['127.0.0.1:1']\ncolour = " + text + "\n"),
                ::testing::Contains(::testing::StartsWith("fd.toml:3:1: unknown key \"colour\"")))
        << text;
}

}  // namespace
}  // namespace frontdoor::config
