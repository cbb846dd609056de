// What an operator's word means in a pool, and how orders for a name and for one of its addresses go together.

#include "balancer/orders.h"

#include <gtest/gtest.h>

#include "balancer/snapshot.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

std::string joined(const OrderSubject& subject) {
  std::string text = subject.key;
  for (const std::string& name : subject.upstreams) text += " | " + name;
  return text;
}

TEST(Orders, AreAboutWhatAWordMeans) {
  const std::vector<std::string> names = {"10.0.0.1:8080",           "10.0.0.2:8080",          "app.internal:80 (10.1.0.1)",
                                          "app.internal:80 (10.1.0.2)", "app.1 (127.0.0.1:24001)", "app.12 (127.0.0.1:24002)",
                                          "unix:/run/a.sock",        "[::1]:9000"};
  const struct {
    const char* word;
    const char* means;
  } cases[] = {
      {"10.0.0.1:8080", "10.0.0.1:8080 | 10.0.0.1:8080"},
      {"10.0.0.3:8080", ""},
      {"app.internal:80", "app.internal:80 | app.internal:80 (10.1.0.1) | app.internal:80 (10.1.0.2)"},
      {"app.internal:80 (10.1.0.2)", "app.internal:80 (10.1.0.2) | app.internal:80 (10.1.0.2)"},
      {"app.1", "app.1 | app.1 (127.0.0.1:24001)"},
      {"1", "app.1 | app.1 (127.0.0.1:24001)"},
      {"12", "app.12 | app.12 (127.0.0.1:24002)"},
      {"app.1 (127.0.0.1:24001)", "app.1 | app.1 (127.0.0.1:24001)"},  // its next process is meant as well
      {"2", ""},
      {":9000", "[::1]:9000 | [::1]:9000"},
      {":24002", "app.12 | app.12 (127.0.0.1:24002)"},
      {":8080", ""},  // two have it
      {":1", ""},
      {":", ""},
      {"unix:/run/a.sock", "unix:/run/a.sock | unix:/run/a.sock"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(joined(find_order_subject(c.word, "app", names)), c.means) << c.word;
}

const char* order_of(const Orders& orders, const char* upstream) {
  const UpstreamOrder* const found = orders.find("app", upstream);
  return found ? to_string(found->order) : "none";
}

TEST(Orders, OfANameHoldForItsAddressesUnlessOneHasItsOwn) {
  Orders orders;
  EXPECT_TRUE(orders.empty());
  orders.set({"app", "a:80"}, {.order = Order::Drain});
  EXPECT_STREQ(order_of(orders, "a:80 (10.0.0.1)"), "drain");
  EXPECT_STREQ(order_of(orders, "a:80"), "drain");
  EXPECT_STREQ(order_of(orders, "b:80"), "none");
  EXPECT_EQ(orders.find("other", "a:80"), nullptr);

  orders.set({"app", "a:80 (10.0.0.1)"}, {.order = Order::Ready});
  EXPECT_STREQ(order_of(orders, "a:80 (10.0.0.1)"), "ready");
  EXPECT_STREQ(order_of(orders, "a:80 (10.0.0.2)"), "drain");
  orders.set({"app", "a:80 (10.0.0.2)"}, {.order = Order::Maintenance});
  orders.set({"app", "a:80"}, {.order = Order::Ready, .weight = 5});
  EXPECT_STREQ(order_of(orders, "a:80 (10.0.0.2)"), "ready") << "the name takes them with it";
  EXPECT_EQ(orders.find("app", "a:80 (10.0.0.2)")->weight, 5u);
  orders.set({"app", "a:80"}, {});
  EXPECT_TRUE(orders.empty()) << "nothing is left to remember";
}

config::Config two_upstreams() {
  config::Config config;
  config::Pool pool;
  pool.name = "app";
  pool.upstreams = {{{Address::Kind::Tcp, "10.0.0.1", 1}, 2}, {{Address::Kind::Tcp, "10.0.0.1", 2}, 1}};
  config.pools = {pool};
  return config;
}

TEST(Orders, AreJoinedWithTheConfigInEachSnapshot) {
  UpstreamRegistry registry(1);
  const auto before = registry.build(two_upstreams());
  for (const Member& member : before->pools[0].members)
    member.upstream->change(member.upstream->seen(), UpstreamState::Up, "", Clock::now());
  Orders orders;
  orders.set({"app", "10.0.0.1:1"}, {.order = Order::Drain, .weight = 9});
  orders.set_maintenance("app", std::make_shared<PoolMaintenance>(PoolMaintenance{.page = "back soon"}));
  registry.set_orders(orders);
  const auto joined = registry.rebuild(*before, {});
  EXPECT_EQ(joined->generation, before->generation);
  const Pool& pool = joined->pools[0];
  EXPECT_EQ(pool.maintenance->page, "back soon");
  EXPECT_FALSE(pool.members[0].takes_requests());
  EXPECT_EQ(pool.members[0].weight, 9u);
  EXPECT_TRUE(pool.members[0].upstream->available()) << "how it is, is another matter";
  EXPECT_TRUE(pool.members[1].takes_requests());
  EXPECT_EQ(pool.members[0].upstream, before->pools[0].members[0].upstream);

  registry.set_orders({});
  const auto after = registry.build(two_upstreams());
  EXPECT_EQ(after->pools[0].maintenance, nullptr);
  EXPECT_TRUE(after->pools[0].members[0].takes_requests());
  EXPECT_EQ(after->pools[0].members[0].weight, 2u);
}

// A request that nothing can take waits as long as for upstreams that went down in that moment.
TEST(Orders, ThatTakeAllOutAreAnOutageThatHasBegunThen) {
  UpstreamRegistry registry(1);
  const TimePoint now = Clock::now();
  Orders orders;
  orders.set({"app", "10.0.0.1:1"}, {.order = Order::Drain, .by = {.since = now - 5s}});
  orders.set({"app", "10.0.0.1:2"}, {.order = Order::Maintenance, .by = {.since = now - 2s}});
  registry.set_orders(orders);
  const auto all_out = registry.build(two_upstreams());
  for (const Member& member : all_out->pools[0].members)
    member.upstream->change(member.upstream->seen(), UpstreamState::Up, "", now);
  const PoolOutlook outlook = all_out->pools[0].outlook(now);
  EXPECT_FALSE(outlook.up);
  EXPECT_FALSE(outlook.undecided);
  EXPECT_EQ(outlook.down_for, 2s);
}

class Told final : public UpstreamObserver {
 public:
  void went_down(std::uint64_t incarnation, DownCause cause) override {
    down += std::to_string(incarnation) + (cause == DownCause::Withdrawn ? " withdrawn" : " otherwise");
  }
  void drains(TimePoint from, TimePoint until) override { window = until - from; }
  std::string down;
  std::optional<Duration> window;
};

TEST(Orders, LeaveTheStateOfAnUpstreamAsItIs) {
  UpstreamRegistry registry(1);
  const auto snapshot = registry.build(two_upstreams());
  Upstream& upstream = *snapshot->pools[0].members[0].upstream;
  upstream.change(upstream.seen(), UpstreamState::Up, "passed", Clock::now());
  Told told;
  upstream.subscribe(told);
  const auto seen = upstream.seen();
  upstream.close_streams(Clock::now(), Clock::now() + 3s);
  EXPECT_GT(*told.window, 2s);
  upstream.withdraw();
  EXPECT_EQ(told.down, "1 withdrawn");
  EXPECT_EQ(upstream.seen(), seen);
  EXPECT_EQ(upstream.reason(), "passed");
  EXPECT_EQ(upstream.down_cause(), DownCause::None);
  upstream.unsubscribe(told);
}

}  // namespace
}  // namespace frontdoor
