// What an operator may add to a pool and remove from it, and what a reload says of it.

#include "service/orders/member_rules.h"

#include <gtest/gtest.h>

#include "service/orders/steering.h"

namespace frontdoor {
namespace {

const std::vector<Address> kOwn = {{Address::Kind::Tcp, "", 80}, {Address::Kind::Unix, "/run/admin.sock"}};

struct Site {
  UpstreamRegistry registry{1};
  RunTimeMembers members;
  std::shared_ptr<const Snapshot> snapshot;

  explicit Site(RunTimeMembers changed = {}, config::UpstreamProtocol protocol = config::UpstreamProtocol::Http1,
                std::optional<config::HealthCheck> check = {})
      : members(std::move(changed)) {
    config::Config config;
    config.pools.resize(2);
    config.pools[0].name = "app";
    config.pools[0].protocol = protocol;
    config.pools[0].health_check = std::move(check);
    config.pools[0].upstreams = {{.address = {Address::Kind::Tcp, "10.0.0.1", 1}, .weight = 4},
                                 {.address = {Address::Kind::Tcp, "a.internal", 2}}};
    config.pools[1].name = "web";
    config.pools[1].process.command = {"node"};
    Orders orders;
    orders.members() = members;
    registry.set_orders(orders);
    const InstanceAddresses instances = {{"web", "web.1", *Endpoint::numeric("127.0.0.1", 9)}};
    snapshot = registry.build(config, {{"a.internal", {*Endpoint::numeric("10.1.0.1", 0), *Endpoint::numeric("10.1.0.2", 0)}}},
                              instances);
    for (const Pool& pool : snapshot->pools)
      for (const Member& member : pool.members)
        member.upstream->change(member.upstream->seen(), UpstreamState::Up, "", Clock::now());
  }

  std::string add(AdminMemberWish wish) const {
    const auto member = member_to_add(*snapshot, members, wish, kOwn);
    if (!member) return member.error().code + ": " + member.error().message;
    return member->key.second + (member->in_config ? " config" : "") + (member->created ? " new" : "") + " x" +
           std::to_string(member->upstream.weight);
  }
  std::string remove(const std::string& pool, const std::string& upstream, bool force = false) const {
    AdminMemberWish wish{.pool = pool, .upstream = upstream};
    wish.force = force;
    const auto member = member_to_remove(*snapshot, members, wish);
    if (!member) return member.error().code + ": " + member.error().message;
    std::string text = member->key.second + (member->in_config ? " config" : "");
    for (const std::string& name : member->place.upstreams) text += " | " + name;
    return text;
  }
};

RunTimeMembers changed() {
  RunTimeMembers members;
  members.add("app", {{.address = {Address::Kind::Tcp, "10.0.0.1", 3}}, {.name = "root"}});
  members.remove({"app", "10.0.0.1:1"}, {.name = "uid 7"});
  return members;
}

TEST(MemberRules, SayWhatMayBeAdded) {
  const Site fresh, site(changed());
  EXPECT_EQ(fresh.add({.pool = "app", .upstream = "10.0.0.4:8080", .weight = "3"}), "10.0.0.4:8080 new x3");
  EXPECT_EQ(fresh.add({.pool = "web", .upstream = "10.0.0.4:8080"}), "10.0.0.4:8080 new x1") << "instances do not mind";
  EXPECT_EQ(site.add({.pool = "app", .upstream = "10.0.0.1:3", .weight = "3"}), "10.0.0.1:3 x3") << "again, another weight";
  EXPECT_EQ(site.add({.pool = "app", .upstream = "10.0.0.1:1"}), "10.0.0.1:1 config new x4") << "back, as the config has it";
  EXPECT_EQ(fresh.add({.pool = "app", .upstream = "10.0.0.1:1"}), "10.0.0.1:1 config x4") << "it is there already";
  EXPECT_EQ(fresh.add({.pool = "app", .upstream = "10.0.0.1:1", .weight = "4", .host = ""}), "10.0.0.1:1 config x4");

  EXPECT_EQ(fresh.add({.pool = "app", .upstream = "10.0.0.1:1", .weight = "5"}),
            "in_config: the config names \"10.0.0.1:1\": frontdoor weight gives it another share, the rest is changed in the file");
  EXPECT_TRUE(fresh.add({.pool = "app", .upstream = "10.0.0.1:1", .priority = "1"}).starts_with("in_config: "));
  EXPECT_TRUE(fresh.add({.pool = "app", .upstream = "10.0.0.1:1", .host = "x"}).starts_with("in_config: "));
  EXPECT_EQ(fresh.add({.pool = "ap", .upstream = "10.0.0.4:8080"}), "no_such_pool: there is no pool \"ap\", did you mean \"app\"?");
  EXPECT_EQ(fresh.add({.pool = "web.1", .upstream = "10.0.0.4:8080"}),
            "no_such_pool: \"web.1\" is an instance: frontdoor scale web +1 starts another one");
  EXPECT_EQ(fresh.add({.pool = "app", .upstream = ":8080"}),
            "bad_upstream: bad address \":8080\": an upstream needs a host: \"127.0.0.1:8080\"");
  EXPECT_EQ(fresh.add({.pool = "app", .upstream = "127.0.0.1:80"}),
            "own_address: \"127.0.0.1:80\" leads back to this front door, which listens there: did you mean the port of the app?");
  EXPECT_TRUE(fresh.add({.pool = "app", .upstream = "unix:/run/admin.sock"}).starts_with("own_address: "));
}

TEST(MemberRules, SayWhatAPoolOfHttp2CanNotTake) {
  const auto add = [](config::UpstreamProtocol protocol, const char* address) {
    return Site({}, protocol).add({.pool = "app", .upstream = address});
  };
  EXPECT_EQ(add(config::UpstreamProtocol::H2c, "10.0.0.4:80"), "10.0.0.4:80 new x1");
  EXPECT_EQ(add(config::UpstreamProtocol::H2, "https://10.0.0.4"), "https://10.0.0.4:443 new x1");
  EXPECT_TRUE(add(config::UpstreamProtocol::H2c, "https://10.0.0.4").starts_with("bad_upstream: \"https://10.0.0.4:443\" is with TLS"));
  EXPECT_TRUE(add(config::UpstreamProtocol::H2, "10.0.0.4:80").starts_with("bad_upstream: \"10.0.0.4:80\" is without TLS"));
}

TEST(MemberRules, SayWhatACheckCanNotLookAt) {
  const auto add = [](config::HealthCheck::Type type, const char* address) {
    return Site({}, config::UpstreamProtocol::Http1, config::HealthCheck{.type = type}).add({.pool = "app", .upstream = address});
  };
  using Type = config::HealthCheck::Type;
  EXPECT_EQ(add(Type::Tls, "https://10.0.0.4"), "https://10.0.0.4:443 new x1");
  EXPECT_EQ(add(Type::Tcp, "10.0.0.4:80"), "10.0.0.4:80 new x1");
  EXPECT_EQ(add(Type::Tls, "10.0.0.4:80"),
            "bad_upstream: \"10.0.0.4:80\" is without TLS, and the pool's health check is of type \"tls\": it would never pass");
}

TEST(MemberRules, BoundHowManyAreAdded) {
  RunTimeMembers members;
  for (std::uint16_t port = 1; port <= RunTimeMembers::kMost; ++port)
    members.add("app", {{.address = {Address::Kind::Tcp, "10.0.0.9", port}}, {}});
  const Site site(members);
  EXPECT_EQ(site.add({.pool = "app", .upstream = "10.0.0.4:8080"}),
            "too_many_upstreams: 1000 upstreams have been added already: write them into the config");
  EXPECT_EQ(site.add({.pool = "app", .upstream = "10.0.0.9:7", .weight = "2"}), "10.0.0.9:7 x2") << "no one more";
}

TEST(MemberRules, SayWhatMayBeRemoved) {
  const Site fresh, site(changed());
  EXPECT_EQ(fresh.remove("app", "10.0.0.1:1"), "10.0.0.1:1 config | 10.0.0.1:1");
  EXPECT_EQ(fresh.remove("app", ":1"), "10.0.0.1:1 config | 10.0.0.1:1") << "as other commands take it";
  EXPECT_EQ(fresh.remove("app", "a.internal:2"), "a.internal:2 config | a.internal:2 (10.1.0.1) | a.internal:2 (10.1.0.2)");
  EXPECT_EQ(site.remove("app", "10.0.0.1:3"), "10.0.0.1:3 | 10.0.0.1:3");
  EXPECT_EQ(site.remove("app", "10.0.0.1:1"), "no_such_upstream: \"10.0.0.1:1\" has been removed already");
  EXPECT_EQ(fresh.remove("app", "10.0.0.1:11"),
            "no_such_upstream: the pool \"app\" has no upstream \"10.0.0.1:11\", did you mean \"10.0.0.1:1\"?");
  EXPECT_EQ(fresh.remove("app", "a.internal:2 (10.1.0.1)"),
            "one_address: \"a.internal:2 (10.1.0.1)\" is one address of a name: frontdoor drain takes it out, and to remove is "
            "\"a.internal:2\"");
  EXPECT_EQ(fresh.remove("web", "web.1"),
            "supervised: \"web.1\" is an instance that frontdoor runs: frontdoor scale web -1 and frontdoor stop are for those");
  for (const Member& member : fresh.snapshot->pools[0].members)
    if (member.upstream->name() != "10.0.0.1:1")
      member.upstream->change(member.upstream->seen(), UpstreamState::Down, "refused", Clock::now());
  EXPECT_TRUE(fresh.remove("app", "10.0.0.1:1").starts_with("last_one: no other upstream of the pool"));
  EXPECT_EQ(fresh.remove("app", "10.0.0.1:1", true), "10.0.0.1:1 config | 10.0.0.1:1");
}

TEST(MemberRules, TellWhatAReloadMakesOfThem) {
  const Site site(changed());
  config::Config config = site.snapshot->config;
  EXPECT_EQ(members_under(site.members, config),
            (std::vector<std::string>{"[pool.app] 10.0.0.1:3, added by root: stays so", "[pool.app] 10.0.0.1:1, removed by uid 7: stays so"}));
  config.pools[0].upstreams = {{.address = {Address::Kind::Tcp, "10.0.0.1", 3}}};
  EXPECT_EQ(members_under(site.members, config),
            (std::vector<std::string>{"[pool.app] 10.0.0.1:3, added by root: the config names it now",
                                      "[pool.app] 10.0.0.1:1, removed by uid 7: the config does not name it any more"}));
  EXPECT_TRUE(members_under({}, config).empty());
}

}  // namespace
}  // namespace frontdoor
