// Routes are matched in file order; a reload carries over what was learned and takes weights from the new
// file.

#include "balancer/snapshot.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

Address at(std::uint16_t port) { return {.kind = Address::Kind::Tcp, .host = "10.0.0.1", .port = port}; }

config::Route route(std::string host, std::string path, std::string pool) {
  config::Route out;
  out.host = std::move(host);
  out.path = std::move(path);
  out.pool = std::move(pool);
  return out;
}

config::Pool pool(std::string name, std::vector<config::Upstream> upstreams) {
  config::Pool out;
  out.name = std::move(name);
  out.upstreams = std::move(upstreams);
  return out;
}

TEST(Snapshot, TheFirstRouteInFileOrderWins) {
  config::Config config;
  config.pools = {pool("api", {}), pool("exact", {}), pool("wild", {}), pool("files", {}), pool("rest", {})};
  config.routes = {route("api.example.com", "/v1/*", "api"), route("API.example.com", "/health", "exact"),
                   route("*.example.com", "", "wild"), route("", "/files/*", "files"), route("", "", "rest")};
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(config);

  struct {
    const char *host, *path, *pool;
  } cases[] = {
      {"api.example.com", "/v1/users", "api"},
      {"api.example.com", "/v1/", "api"},
      {"api.example.com", "/v1", "wild"},  // the prefix is "/v1/"
      {"api.example.com", "/health", "exact"},
      {"api.example.com", "/healthy", "wild"},
      {"a.b.example.com", "/", "wild"},  // one or more labels
      {"example.com", "/", "rest"},
      {".example.com", "/", "rest"},
      {"badexample.com", "/", "rest"},
      {"other.org", "/files/a", "files"},
      {"", "/", "rest"},
  };
  for (const auto& c : cases) {
    const Route* matched = snapshot->match(c.host, c.path);
    ASSERT_NE(matched, nullptr) << c.host << c.path;
    EXPECT_EQ(snapshot->pools[matched->pool].name, c.pool) << c.host << c.path;
  }
}

TEST(Snapshot, NoRouteIsAnAnswerToo) {
  config::Config config;
  config.pools = {pool("app", {})};
  config.routes = {route("example.com", "", "app")};
  UpstreamRegistry registry(1);
  EXPECT_EQ(registry.build(config)->match("example.org", "/"), nullptr);
}

TEST(Snapshot, ARouteTakesItsLimitsFromItselfThenThePoolThenTheFile) {
  config::Config config;
  config.timeouts.connect = 1s;
  config.limits.body_bytes = 1;
  config.pools = {pool("plain", {}), pool("own", {})};
  config.pools[1].timeouts = config::Timeouts{.connect = 2s};
  config.pools[1].body_bytes = 2;
  config.routes = {route("", "/a", "plain"), route("", "/b", "own"), route("", "/c", "own")};
  config.routes[2].timeouts = config::Timeouts{.connect = 3s};
  config.routes[2].body_bytes = 3;
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(config);

  const std::pair<Millis, std::uint64_t> expected[] = {{1s, 1}, {2s, 2}, {3s, 3}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(snapshot->routes[i].timeouts.connect, expected[i].first) << i;
    EXPECT_EQ(snapshot->routes[i].body_bytes, expected[i].second) << i;
  }
  EXPECT_EQ(snapshot->pools[1].timeouts.connect, 2s);
}

TEST(UpstreamRegistry, AReloadKeepsWhatWasLearnedAndTakesTheNewWeights) {
  config::Config config;
  config.pools = {pool("app", {{.address = at(1), .weight = 1}, {.address = at(2), .weight = 1}})};
  UpstreamRegistry registry(1);
  const auto before = registry.build(config);
  const auto kept = before->pools[0].members[1].upstream;
  kept->change(kept->seen(), UpstreamState::Up, "first probe passed", Clock::now());

  config.pools = {pool("app", {{.address = at(2), .weight = 7}, {.address = at(3), .weight = 1}})};
  const auto after = registry.build(config);
  EXPECT_EQ(after->generation, 2U);
  EXPECT_EQ(after->pools[0].members[0].upstream, kept);
  EXPECT_EQ(after->pools[0].members[0].weight, 7U);
  EXPECT_TRUE(after->pools[0].members[0].upstream->available());
  EXPECT_FALSE(after->pools[0].members[1].upstream->available());
  EXPECT_EQ(before->pools[0].members[1].weight, 1U);  // requests under way see what they started with
}

TEST(UpstreamRegistry, WhatIsNoLongerNamedDiesWithTheLastSnapshotThatHoldsIt) {
  config::Config config;
  config.pools = {pool("app", {{.address = at(1), .weight = 1}})};
  UpstreamRegistry registry(1);
  auto before = registry.build(config);
  const std::weak_ptr<Upstream> gone = before->pools[0].members[0].upstream;

  config.pools = {pool("app", {})};
  registry.build(config);
  EXPECT_FALSE(gone.expired());
  before.reset();
  EXPECT_TRUE(gone.expired());
}

TEST(UpstreamRegistry, WhatIsNamedAgainWhileRequestsAreStillOnItKeepsItsCountsAndIsJudgedAnew) {
  config::Config named;
  named.pools = {pool("app", {{.address = at(1), .weight = 1}})};
  named.pools[0].max_in_flight = 2;
  config::Config empty;
  UpstreamRegistry registry(1);
  const auto request = registry.build(named)->pools[0].members[0].upstream;  // what a request in flight holds
  request->change(request->seen(), UpstreamState::Up, "first probe passed", Clock::now());
  ASSERT_TRUE(request->take_slot() && request->take_slot());
  for (int reload = 0; reload < 3; ++reload) {
    registry.build(empty);
    const auto again = registry.build(named);
    EXPECT_EQ(again->pools[0].members[0].upstream, request);
    EXPECT_FALSE(request->take_slot());
    EXPECT_EQ(request->seen(), (Upstream::Seen{1, UpstreamState::Unknown})) << "nobody has watched it meanwhile";
    EXPECT_EQ(registry.build(named)->pools[0].members[0].upstream, request);
  }
  // A slot that is given back calls those who wait in the pool's queue as it is now.
  const auto memory = registry.build(named)->pools[0].memory;
  registry.build(empty);
  EXPECT_EQ(registry.build(named)->pools[0].memory, memory);
}

std::vector<std::string> names_of(const Snapshot& snapshot) {
  std::vector<std::string> names;
  for (const Member& member : snapshot.pools[0].members) names.push_back(member.upstream->name());
  return names;
}

TEST(UpstreamRegistry, ANameIsAnUpstreamForEachOfItsAddresses) {
  config::Config config;
  config.pools = {pool("app", {{.address = {.host = "app.internal", .port = 80}, .weight = 3}, {.address = at(1)}})};
  config.pools[0].max_in_flight = 1;
  UpstreamRegistry registry(1);
  const auto ip = [](const char* text) { return *Endpoint::numeric(text, 0); };

  // Not looked up yet, and looked up in vain: one that never comes up.
  const auto first = registry.build(config);
  EXPECT_EQ(names_of(*first), (std::vector<std::string>{"app.internal:80", "10.0.0.1:1"}));
  const auto nowhere = first->pools[0].members[0].upstream;
  EXPECT_FALSE(nowhere->looked_up());
  EXPECT_EQ(registry.rebuild(*first, {{"app.internal", {}}})->pools[0].members[0].upstream, nowhere);
  EXPECT_TRUE(nowhere->looked_up());
  EXPECT_TRUE(nowhere->endpoints()->empty());

  const auto two = registry.rebuild(*first, {{"app.internal", {ip("10.0.0.2"), ip("fd00::2")}}});
  EXPECT_EQ(names_of(*two), (std::vector<std::string>{"app.internal:80 (10.0.0.2)", "app.internal:80 (fd00::2)",
                                                      "10.0.0.1:1"}));
  EXPECT_EQ(two->generation, first->generation) << "no reload";
  const auto kept = two->pools[0].members[1].upstream;
  EXPECT_EQ(*kept->endpoints(), std::vector{*Endpoint::numeric("fd00::2", 80)});
  EXPECT_EQ(kept->address().to_string(), "app.internal:80") << "what probes call it";
  EXPECT_EQ(two->pools[0].members[0].weight, 3U);
  EXPECT_EQ(two->pools[0].members[1].weight, 3U);
  EXPECT_EQ(two->pools[0].members[2].upstream, first->pools[0].members[1].upstream);
  EXPECT_TRUE(kept->take_slot());
  EXPECT_FALSE(kept->take_slot());

  // Over a look-up and over a reload an address keeps what was learned; one that left comes back as new.
  const NameAddresses moved = {{"app.internal", {ip("fd00::2"), ip("10.0.0.3")}}};
  EXPECT_EQ(registry.rebuild(*two, moved)->pools[0].members[0].upstream, kept);
  config.pools[0].upstreams[0].weight = 1;
  const auto reloaded = registry.build(config, moved);
  EXPECT_EQ(reloaded->pools[0].members[0].upstream, kept);
  EXPECT_EQ(reloaded->pools[0].members[0].weight, 1U);
}

TEST(UpstreamRegistry, WhatNeedsNoLookUpHasItsAddressAtOnceAndLocalhostIsOneUpstream) {
  config::Config config;
  config.pools = {pool("app", {{.address = {.host = "localhost", .port = 80}},
                               {.address = {.kind = Address::Kind::Unix, .host = "/run/app.sock"}},
                               {.address = at(1)}})};
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(config);
  EXPECT_EQ(names_of(*snapshot), (std::vector<std::string>{"localhost:80", "unix:/run/app.sock", "10.0.0.1:1"}));
  const auto& members = snapshot->pools[0].members;
  EXPECT_EQ(*members[0].upstream->endpoints(),
            (std::vector{*Endpoint::numeric("127.0.0.1", 80), *Endpoint::numeric("::1", 80)}));
  EXPECT_EQ(*members[1].upstream->endpoints(), std::vector{Endpoint::unix_path("/run/app.sock")});
  EXPECT_EQ(*members[2].upstream->endpoints(), std::vector{*Endpoint::numeric("10.0.0.1", 1)});
}

TEST(NameAddresses, OnlyNamesAreLookedUp) {
  struct {
    const char* host;
    bool looked_up;
  } const cases[] = {{"localhost", false},     {"Localhost.", false}, {"127.0.0.1", false},     {"fd00::1", false},
                     {"app.localhost", true}, {"localhost2", true},  {"app.internal", true}, {"local", true}};
  for (const auto& c : cases) EXPECT_EQ(is_looked_up({.host = c.host, .port = 1}), c.looked_up) << c.host;
}

TEST(UpstreamRegistry, TheSameAddressInTwoPoolsIsTwoUpstreams) {
  config::Config config;
  config.pools = {pool("a", {{.address = at(1), .weight = 1}, {.address = at(1), .weight = 2}}),
                  pool("b", {{.address = at(1), .weight = 1}})};
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(config);
  EXPECT_NE(snapshot->pools[0].members[0].upstream, snapshot->pools[1].members[0].upstream);
  EXPECT_EQ(snapshot->pools[0].members[0].upstream, snapshot->pools[0].members[1].upstream);
}

TEST(Snapshot, ARouteIsCountedOverReloadsByWhatItSays) {
  config::Config config;
  config.pools = {pool("app", {}), pool("web", {})};
  config.routes = {route("a.example", "/x", "app"), route("", "/y", "app"), route("", "/y", "app")};
  UpstreamRegistry registry(2);
  const auto before = registry.build(config);
  before->routes[0].counts->add(0);
  before->routes[0].counts->add(1);
  before->routes[1].counts->add(1);
  config.routes = {route("", "/new", "app"), route("a.example", "/x", "app"), route("", "/y", "web")};
  const auto after = registry.build(config);
  EXPECT_EQ(after->routes[0].counts->requests(), 0u);
  EXPECT_EQ(after->routes[1].counts->requests(), 2u) << "in another place";
  EXPECT_EQ(after->routes[2].counts->requests(), 0u) << "it leads elsewhere now: another one";
  EXPECT_EQ(before->routes[2].counts, before->routes[1].counts) << "the second of two that are alike takes nothing";
  EXPECT_EQ(registry.rebuild(*after, {})->routes[1].counts, after->routes[1].counts);
}

}  // namespace
}  // namespace frontdoor
