// Names become endpoints and stay current; what goes wrong with DNS never takes an address away.

#include "discovery/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "tests/support/captured_log.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using test::run_until;
using testing::ElementsAre;

Endpoint ip(const char* text, std::uint16_t port = 0) { return *Endpoint::numeric(text, port); }

// What DNS says, changed by the test while threads ask.
class Zone {
 public:
  void set(const std::string& name, NameAnswer answer) {
    const std::lock_guard lock(mutex_);
    answers_[name] = std::move(answer);
  }
  void block(bool blocked) {
    const std::lock_guard lock(mutex_);
    blocked_ = blocked;
    changed_.notify_all();
  }
  NameAnswer ask(const std::string& name) {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.wait(lock, [&] { return !blocked_; });
    const auto found = answers_.find(name);
    if (found == answers_.end()) return {.endpoints = {}, .error = "Name or service not known"};
    return found->second;
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, NameAnswer> answers_;
  bool blocked_ = false;
  int asked_ = 0;
};

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    config_.pools.emplace_back();
    config_.pools[0].name = "app";
  }

  std::shared_ptr<Upstream> add(const std::string& address) {
    AddressError error;
    const auto parsed = parse_address(address, error);
    EXPECT_TRUE(parsed) << error.what;
    config_.pools[0].upstreams.push_back({.address = *parsed});
    return registry_.build(config_)->pools[0].members.back().upstream;
  }
  // With names from zone_; a short interval, so that a refresh is soon.
  std::unique_ptr<Resolver> with_zone(Millis interval = 5ms) {
    return std::make_unique<Resolver>(io_, log_.log(), interval,
                                      [zone = zone_](const std::string& name) { return zone->ask(name); });
  }
  bool apply(Resolver& resolver) {
    resolver.apply(registry_.build(config_), [this] { ++resolved_; });
    const int target = resolved_ + 1;
    return run_until(io_, [&] { return resolved_ >= target; });
  }

  boost::asio::io_context io_;
  test::CapturedLog log_;
  config::Config config_;
  UpstreamRegistry registry_{1};
  std::shared_ptr<Zone> zone_ = std::make_shared<Zone>();  // threads may outlive the test
  int resolved_ = 0;
};

TEST_F(ResolverTest, NumericAndUnixAddressesAreSetAtOnce) {
  const auto v4 = add("127.0.0.1:3001"), v6 = add("[::1]:3002"), local = add("unix:/run/app.sock");
  const auto resolver = with_zone();
  resolver->apply(registry_.build(config_), [this] { ++resolved_; });
  EXPECT_THAT(*v4->endpoints(), ElementsAre(ip("127.0.0.1", 3001)));
  EXPECT_THAT(*v6->endpoints(), ElementsAre(ip("::1", 3002)));
  EXPECT_THAT(*local->endpoints(), ElementsAre(Endpoint::unix_path("/run/app.sock")));
  EXPECT_EQ(resolved_, 0);  // not from within apply
  io_.run();
  EXPECT_EQ(resolved_, 1);
  EXPECT_EQ(zone_->asked(), 0);
}

TEST_F(ResolverTest, LocalhostIsBothLoopbackAddressesWhateverTheHostsFileSays) {
  const auto upstream = add("localhost:3001");
  Resolver resolver(io_, log_.log());
  ASSERT_TRUE(apply(resolver));
  EXPECT_THAT(*upstream->endpoints(), ElementsAre(ip("127.0.0.1", 3001), ip("::1", 3001)));  // IPv4 first
}

TEST_F(ResolverTest, ANameThatDoesNotExistIsReportedAndHoldsUpNobody) {
  const auto unresolved = add("does-not-exist.invalid:80");
  const auto other = add("127.0.0.1:3001");
  Resolver resolver(io_, log_.log());
  ASSERT_TRUE(apply(resolver));
  EXPECT_TRUE(unresolved->looked_up());
  EXPECT_TRUE(unresolved->endpoints()->empty());
  EXPECT_FALSE(other->endpoints()->empty());
  EXPECT_TRUE(log_.says("name does not resolve")) << log_.text();
}

TEST_F(ResolverTest, OneAnswerServesEveryPortOfTheName) {
  zone_->set("app", {.endpoints = {ip("10.0.0.1"), ip("fd00::1")}, .error = ""});
  const auto a = add("app:1"), b = add("app:2");
  const auto resolver = with_zone(1h);
  ASSERT_TRUE(apply(*resolver));
  EXPECT_THAT(*a->endpoints(), ElementsAre(ip("10.0.0.1", 1), ip("fd00::1", 1)));
  EXPECT_THAT(*b->endpoints(), ElementsAre(ip("10.0.0.1", 2), ip("fd00::1", 2)));
  EXPECT_EQ(zone_->asked(), 1);
}

TEST_F(ResolverTest, FollowsChangesAndLogsThem) {
  zone_->set("app", {.endpoints = {ip("10.0.0.1"), ip("10.0.0.2")}, .error = ""});
  const auto upstream = add("app:1");
  const auto resolver = with_zone();
  ASSERT_TRUE(apply(*resolver));
  const auto before = upstream->endpoints();

  zone_->set("app", {.endpoints = {ip("10.0.0.2"), ip("10.0.0.1")}, .error = ""});  // only rotated
  const int asked = zone_->asked();
  ASSERT_TRUE(run_until(io_, [&] { return zone_->asked() >= asked + 3; }));
  EXPECT_EQ(upstream->endpoints(), before);

  zone_->set("app", {.endpoints = {ip("10.0.0.3")}, .error = ""});
  ASSERT_TRUE(run_until(io_, [&] { return upstream->endpoints()->front() == ip("10.0.0.3", 1); }));
  EXPECT_TRUE(log_.says(R"("addresses":"10.0.0.3","before":"10.0.0.1 10.0.0.2")")) << log_.text();
  EXPECT_EQ(log_.count("name resolved"), 2);
}

TEST_F(ResolverTest, TheLastGoodAnswerIsKeptWhenDnsFails) {
  zone_->set("app", {.endpoints = {ip("10.0.0.1")}, .error = ""});
  const auto upstream = add("app:1");
  const auto resolver = with_zone();
  ASSERT_TRUE(apply(*resolver));
  zone_->set("app", {.endpoints = {}, .error = "Temporary failure in name resolution"});
  ASSERT_TRUE(run_until(io_, [&] { return log_.says("name does not resolve"); }));
  const int asked = zone_->asked();
  ASSERT_TRUE(run_until(io_, [&] { return zone_->asked() >= asked + 3; }));
  EXPECT_THAT(*upstream->endpoints(), ElementsAre(ip("10.0.0.1", 1)));
  EXPECT_EQ(log_.count("name does not resolve"), 1);  // once, not with every try

  zone_->set("app", {.endpoints = {ip("10.0.0.1")}, .error = ""});
  EXPECT_TRUE(run_until(io_, [&] { return log_.count("name resolved") == 2; }));
}

TEST_F(ResolverTest, ANameThatComesLaterIsFoundLater) {
  const auto upstream = add("app:1");
  const auto resolver = with_zone();
  ASSERT_TRUE(apply(*resolver));
  EXPECT_TRUE(upstream->looked_up());
  zone_->set("app", {.endpoints = {ip("10.0.0.1")}, .error = ""});
  EXPECT_TRUE(run_until(io_, [&] { return !upstream->endpoints()->empty(); }));
}

TEST_F(ResolverTest, AReloadAsksOnlyForNewNamesAndServesKnownOnesAtOnce) {
  zone_->set("app", {.endpoints = {ip("10.0.0.1")}, .error = ""});
  zone_->set("new", {.endpoints = {ip("10.0.0.2")}, .error = ""});
  add("app:1");
  const auto resolver = with_zone(1h);
  ASSERT_TRUE(apply(*resolver));
  const auto same_name = add("app:2"), new_name = add("new:1");
  resolver->apply(registry_.build(config_), [this] { ++resolved_; });
  EXPECT_THAT(*same_name->endpoints(), ElementsAre(ip("10.0.0.1", 2)));
  ASSERT_TRUE(run_until(io_, [&] { return resolved_ == 2; }));
  EXPECT_THAT(*new_name->endpoints(), ElementsAre(ip("10.0.0.2", 1)));
  EXPECT_EQ(zone_->asked(), 2);
}

TEST_F(ResolverTest, ManyNamesWaitForAThreadAndAllAreAnswered) {
  std::vector<std::shared_ptr<Upstream>> upstreams;
  for (int n = 0; n < 40; ++n) {
    const std::string name = "app" + std::to_string(n);
    zone_->set(name, {.endpoints = {ip("10.0.0.1")}, .error = ""});
    upstreams.push_back(add(name + ":1"));
  }
  const auto resolver = with_zone(1h);
  ASSERT_TRUE(apply(*resolver));
  for (const auto& upstream : upstreams) EXPECT_FALSE(upstream->endpoints()->empty()) << upstream->name();
}

TEST_F(ResolverTest, StoppingDoesNotWaitForADeadNameServer) {
  add("app:1");
  zone_->block(true);
  {
    const auto resolver = with_zone();
    resolver->apply(registry_.build(config_), [this] { ++resolved_; });
    ASSERT_TRUE(run_until(io_, [&] { return zone_->asked() == 1; }));
    resolver->stop();
    resolver->apply(registry_.build(config_), {});  // has no effect any more
  }
  zone_->block(false);
  io_.restart();
  io_.run();
  EXPECT_EQ(resolved_, 0);
}

}  // namespace
}  // namespace frontdoor
