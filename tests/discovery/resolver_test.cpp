// Names have addresses and stay current; what goes wrong with DNS never takes an address away, and no name
// waits for another.

#include "discovery/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <map>

#include "tests/support/captured_log.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using test::run_until;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Endpoint address(const char* text) { return *Endpoint::numeric(text, 0); }
NameAnswer at(const char* text) { return {.endpoints = {address(text)}}; }

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() { config_.pools.emplace_back().name = "app"; }

  void add(const std::string& address) {
    AddressError error;
    const auto parsed = parse_address(address, error);
    ASSERT_TRUE(parsed) << error.what;
    config_.pools[0].upstreams.push_back({.address = *parsed});
  }
  // Answers from zone_ at once; names that are not in there are never answered. A short pace, so that the
  // next look-up is soon.
  Resolver resolver(Millis pace = 5ms) {
    return resolver({.pace = {.least = pace, .most = pace, .failed = pace}, .routable = {}});
  }
  Resolver resolver(Resolver::Options options) {
    return Resolver(
        io_, log_.log(),
        [this](const std::string& host, std::function<void(const NameAnswer&)> done) {
          ++asked_[host];
          const auto found = zone_.find(host);
          if (found == zone_.end()) return unanswered_.push_back(std::move(done));
          boost::asio::post(io_, [done = std::move(done), answer = found->second] { done(answer); });
        },
        [this] { ++changes_; }, std::move(options));
  }
  bool changed(int times) {
    return run_until(io_, [&] { return changes_ >= times; });
  }
  bool asked(const std::string& host, int more) {
    const int before = asked_[host];
    return run_until(io_, [&] { return asked_[host] >= before + more; });
  }

  boost::asio::io_context io_;
  test::CapturedLog log_;
  config::Config config_;
  std::map<std::string, NameAnswer> zone_;
  std::map<std::string, int> asked_;
  std::vector<std::function<void(const NameAnswer&)>> unanswered_;
  int changes_ = 0;
};

TEST_F(ResolverTest, AsksOnlyForNames) {
  for (const char* address : {"127.0.0.1:3001", "[::1]:3002", "unix:/run/app.sock", "localhost:3003"})
    add(address);
  auto names = resolver();
  names.follow(config_);
  io_.run();
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(names.addresses(), IsEmpty());
  EXPECT_EQ(changes_, 0);
}

TEST_F(ResolverTest, OneAnswerServesEveryPortOfTheName) {
  zone_["app"] = {.endpoints = {address("fd00::1"), address("10.0.0.1")}};
  add("app:1");
  add("app:2");
  auto names = resolver(1h);
  names.follow(config_);
  EXPECT_THAT(names.addresses(), IsEmpty()) << "not from within";
  ASSERT_TRUE(changed(1));
  EXPECT_THAT(names.addresses().at("app"), ElementsAre(address("10.0.0.1"), address("fd00::1")));
  EXPECT_EQ(asked_["app"], 1);
}

TEST_F(ResolverTest, NoNameWaitsForAnother) {
  for (int n = 0; n < 24; ++n) add("never" + std::to_string(n) + ":1");
  zone_["app"] = at("10.0.0.1");
  add("app:1");
  auto names = resolver(1h);
  names.follow(config_);
  EXPECT_EQ(asked_.size(), 25U) << "all are asked for at once";
  ASSERT_TRUE(changed(1));
  EXPECT_THAT(names.addresses().at("app"), ElementsAre(address("10.0.0.1")));
  EXPECT_EQ(names.addresses().size(), 1U);
}

TEST_F(ResolverTest, ANameWithoutAnAddressIsReportedOnceAndFoundWhenItComes) {
  zone_["app"] = {.error = "Domain name not found"};
  add("app:1");
  auto names = resolver();
  names.follow(config_);
  ASSERT_TRUE(changed(1));
  EXPECT_THAT(names.addresses().at("app"), IsEmpty());
  ASSERT_TRUE(asked("app", 3));
  EXPECT_EQ(log_.count("name does not resolve"), 1) << log_.text();
  EXPECT_TRUE(log_.says("Domain name not found"));
  EXPECT_EQ(changes_, 1);
  zone_["app"] = at("10.0.0.1");
  ASSERT_TRUE(changed(2));
  EXPECT_THAT(names.addresses().at("app"), ElementsAre(address("10.0.0.1")));
}

TEST_F(ResolverTest, FollowsChangesAndLogsThem) {
  zone_["app"] = {.endpoints = {address("10.0.0.1"), address("10.0.0.2")}};
  add("app:1");
  auto names = resolver();
  names.follow(config_);
  ASSERT_TRUE(changed(1));
  zone_["app"] = {.endpoints = {address("10.0.0.2"), address("10.0.0.1")}};  // only rotated
  ASSERT_TRUE(asked("app", 3));
  EXPECT_EQ(changes_, 1);
  zone_["app"] = at("10.0.0.3");
  ASSERT_TRUE(changed(2));
  EXPECT_THAT(names.addresses().at("app"), ElementsAre(address("10.0.0.3")));
  EXPECT_TRUE(log_.says(R"("addresses":"10.0.0.3","before":"10.0.0.1 10.0.0.2")")) << log_.text();
  EXPECT_EQ(log_.count("name resolved"), 2);
}

TEST_F(ResolverTest, TheLastGoodAnswerIsKeptWhenDnsFails) {
  zone_["app"] = at("10.0.0.1");
  add("app:1");
  auto names = resolver();
  names.follow(config_);
  ASSERT_TRUE(changed(1));
  zone_["app"] = {.error = "Could not contact DNS servers"};
  ASSERT_TRUE(asked("app", 3));
  EXPECT_THAT(names.addresses().at("app"), ElementsAre(address("10.0.0.1")));
  EXPECT_EQ(log_.count("name does not resolve"), 1);
  EXPECT_TRUE(log_.says(R"("kept":"10.0.0.1")")) << log_.text();
  zone_["app"] = at("10.0.0.1");
  EXPECT_TRUE(run_until(io_, [&] { return log_.count("name resolved") == 2; }));
  EXPECT_EQ(changes_, 1) << "the same address: nothing to tell";
}

TEST_F(ResolverTest, AsksAgainAtOnceWhenAnAddressGoesDown) {
  zone_["app"] = at("10.0.0.1");
  add("app:1");
  add("127.0.0.1:1");
  Resolver::Options options{.pace = {.least = 1ms, .most = 1h, .failed = 5ms}, .routable = {}};
  zone_["app"].ttl = 1h;
  auto names = resolver(options);
  names.follow(config_);
  ASSERT_TRUE(changed(1));
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(config_, names.addresses());
  names.watch(*snapshot);
  names.watch(*snapshot);  // as each look-up does: nobody is watched twice
  const auto goes_down = [&](std::size_t member) {
    Upstream& upstream = *snapshot->pools[0].members[member].upstream;
    upstream.change(upstream.seen(), UpstreamState::Down, "connection refused", Clock::now(),
                    DownCause::Dead);
  };
  goes_down(1);  // has its address from the file
  io_.poll();
  EXPECT_EQ(asked_["app"], 1);
  goes_down(0);
  ASSERT_TRUE(asked("app", 3)) << "and again, since the name may change a little later";
  zone_["app"] = at("10.0.0.2");
  ASSERT_TRUE(changed(2));
  names.watch(*registry.build(config_, names.addresses()));
  names.stop();
  goes_down(0);  // harmless
}

TEST_F(ResolverTest, AReloadAsksForNewNamesKeepsKnownOnesAndForgetsTheRest) {
  zone_["app"] = at("10.0.0.1");
  zone_["new"] = at("10.0.0.2");
  add("app:1");
  auto names = resolver(1h);
  names.follow(config_);
  ASSERT_TRUE(changed(1));
  add("new:1");
  names.follow(config_);
  EXPECT_THAT(names.addresses().at("app"), ElementsAre(address("10.0.0.1")));
  ASSERT_TRUE(changed(2));
  EXPECT_THAT(names.addresses().at("new"), ElementsAre(address("10.0.0.2")));
  EXPECT_EQ(asked_["app"], 1);
  config_.pools[0].upstreams.erase(config_.pools[0].upstreams.begin());
  names.follow(config_);
  EXPECT_FALSE(names.addresses().contains("app"));
}

TEST_F(ResolverTest, AnswersAboutADroppedNameOrAfterTheEndAreDropped) {
  add("app:1");
  {
    auto names = resolver();
    names.follow(config_);
    names.follow({});
    ASSERT_EQ(unanswered_.size(), 1U);
    unanswered_[0](at("10.0.0.1"));
    EXPECT_THAT(names.addresses(), IsEmpty());
    names.follow(config_);
    names.stop();
    unanswered_[1](at("10.0.0.1"));
    names.follow(config_);  // has no effect any more
    EXPECT_EQ(unanswered_.size(), 2U);
  }
  unanswered_[1](at("10.0.0.1"));
  io_.restart();
  io_.run();
  EXPECT_EQ(changes_, 0);
}

TEST_F(ResolverTest, MoreAddressesThanAreUsedAreReportedOnce) {
  for (int i = 0; i < 70; ++i)
    zone_["app"].endpoints.push_back(address(("10.0.0." + std::to_string(i + 1)).c_str()));
  add("app:1");
  auto names = resolver();
  names.follow(config_);
  ASSERT_TRUE(changed(1));
  ASSERT_TRUE(asked("app", 3));
  EXPECT_EQ(names.addresses().at("app").size(), kMostAddresses);
  EXPECT_EQ(log_.count("name has more addresses than are used"), 1) << log_.text();
}

}  // namespace
}  // namespace frontdoor
