// What an order means in a pool, what is refused, and what an operator is warned of.

#include "service/orders/order_rules.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using Verb = AdminOrder::Verb;
using State = UpstreamState;

struct Stage {
  UpstreamRegistry registry{1};
  std::shared_ptr<const Snapshot> snapshot;

  explicit Stage(std::vector<State> states, Orders orders = {}, Millis hold = Millis{30'000}) {
    config::Config config;
    config::Pool pool;
    pool.name = "app";
    pool.hold.timeout = hold;
    pool.hold.give_up = Millis{60'000};
    for (std::uint16_t port = 1; port <= states.size(); ++port)
      pool.upstreams.push_back({{Address::Kind::Tcp, "10.0.0.1", port}, 1});
    config.pools = {pool, config::Pool{}};
    config.pools[1].name = "web";
    registry.set_orders(std::move(orders));
    snapshot = registry.build(config);
    for (std::size_t i = 0; i < states.size(); ++i) {
      Upstream& upstream = *snapshot->pools[0].members[i].upstream;
      upstream.change(upstream.seen(), State::Up, "", Clock::now());
      upstream.change(upstream.seen(), states[i], "refused", Clock::now());
    }
  }

  std::string refusal(const AdminOrder& order) const {
    const auto place = find_ordered_place(*snapshot, order);
    const auto problem = place ? why_not_ordered(*place, order) : place.error();
    return problem ? problem->code + ": " + problem->message : "";
  }
  std::string warning(const AdminOrder& order) const { return warning_about(*find_ordered_place(*snapshot, order), order); }
};

AdminOrder order(Verb verb, std::string pool, std::string upstream = "", bool force = false) {
  AdminOrder result;
  result.verb = verb;
  result.pool = std::move(pool);
  result.upstream = std::move(upstream);
  result.force = force;
  return result;
}

TEST(OrderRules, NameWhatIsNotThereAndWhatMayBeMeant) {
  const Stage stage({State::Up, State::Up});
  const struct {
    AdminOrder order;
    const char* refusal;
  } cases[] = {
      {order(Verb::Drain, "ap", "x"), "no_such_pool: there is no pool \"ap\", did you mean \"app\"?"},
      {order(Verb::Drain, "app", "10.0.0.1:11"),
       "no_such_upstream: the pool \"app\" has no upstream \"10.0.0.1:11\", did you mean \"10.0.0.1:1\"?"},
      {order(Verb::Drain, "app", "nothing"),
       "no_such_upstream: the pool \"app\" has no upstream \"nothing\", only \"10.0.0.1:1\" and \"10.0.0.1:2\""},
      {order(Verb::Drain, "app.7"),
       "no_such_upstream: the pool \"app\" has no upstream \"app.7\", only \"10.0.0.1:1\" and \"10.0.0.1:2\""},
      {order(Verb::Drain, "web", "x"), "no_such_upstream: the pool \"web\" has no upstream \"x\": it has none now"},
      {order(Verb::Drain, "app"),
       "which_upstream: drain is for an upstream, as in app/10.0.0.2:8080 or app.2; maintenance is for a whole pool too"},
      {order(Verb::Weight, "app"),
       "which_upstream: weight is for an upstream, as in app/10.0.0.2:8080 or app.2; maintenance is for a whole pool too"},
      {order(Verb::Drain, "app", "10.0.0.1:1"), ""},
      {order(Verb::Maintenance, "app"), ""},
      {order(Verb::Ready, "app"), ""},
  };
  for (const auto& c : cases) EXPECT_EQ(stage.refusal(c.order), c.refusal);
  AdminOrder page = order(Verb::Maintenance, "app", ":1");
  page.page = "x";
  EXPECT_EQ(stage.refusal(page), "bad_page: a page is for a whole pool: clients see no upstream");
}

TEST(OrderRules, AskTwiceBeforeTheLastOneIsTakenOut) {
  Orders drained;
  drained.set({"app", "10.0.0.1:2"}, {.order = Order::Drain});
  const struct {
    const char* what;
    Stage stage;
    AdminOrder order;
    bool refused;
    bool warned;
  } cases[] = {
      {"another is up", Stage({State::Up, State::Up}), order(Verb::Drain, "app", ":1"), false, false},
      {"the other is down", Stage({State::Up, State::Down}), order(Verb::Drain, "app", ":1"), true, true},
      {"likewise, at once", Stage({State::Up, State::Down}), order(Verb::Maintenance, "app", ":1"), true, true},
      {"said twice", Stage({State::Up, State::Down}), order(Verb::Drain, "app", ":1", true), false, true},
      {"the other is drained", Stage({State::Up, State::Up}, drained), order(Verb::Drain, "app", ":1"), true, true},
      {"it is the one that is down", Stage({State::Up, State::Down}), order(Verb::Drain, "app", ":2"), false, false},
      {"none is up anyway", Stage({State::Down, State::Down}), order(Verb::Drain, "app", ":2"), false, false},
      {"another weight", Stage({State::Up, State::Down}), order(Verb::Weight, "app", ":1"), false, false},
      {"the whole pool, which is said to clients", Stage({State::Up}), order(Verb::Maintenance, "app"), false, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.stage.refusal(c.order).starts_with("last_one: "), c.refused) << c.what << c.stage.refusal(c.order);
    EXPECT_EQ(!c.stage.warning(c.order).empty(), c.warned) << c.what << c.stage.warning(c.order);
  }
  EXPECT_EQ(cases[1].stage.refusal(cases[1].order),
            "last_one: no other upstream of the pool \"app\" takes requests: without \"10.0.0.1:1\" its requests wait up to "
            "30s for one, and after 60s without any they get a 503 at once");
  EXPECT_EQ(Stage({State::Up}, {}, Millis{0}).refusal(cases[1].order),
            "last_one: no other upstream of the pool \"app\" takes requests: without \"10.0.0.1:1\" its requests get a 503");
}

TEST(OrderRules, WarnOfWhatIsBackAndGetsNothing) {
  const Stage stage({State::Up, State::Down});
  EXPECT_EQ(stage.warning(order(Verb::Ready, "app", ":1")), "");
  EXPECT_EQ(stage.warning(order(Verb::Ready, "app", ":2")), "\"10.0.0.1:2\" is down (refused): it gets requests when it is up");
  EXPECT_EQ(stage.warning(order(Verb::Ready, "app")), "");
  EXPECT_EQ(Stage({State::Down, State::Unknown}).warning(order(Verb::Ready, "app")),
            "none of its upstreams takes requests now; frontdoor why app says why");
  Orders closed;
  closed.set_maintenance("app", std::make_shared<PoolMaintenance>());
  EXPECT_EQ(Stage({State::Up}, closed).warning(order(Verb::Ready, "app", ":1")),
            "the whole pool is in maintenance: frontdoor ready app ends that");
}

struct Held {
  const char* what;
  Orders orders;
  AdminOrder order;
  const char* before;
  const char* unchanged;
};

AdminOrder weigh(std::optional<std::uint32_t> weight, std::string reason = "") {
  AdminOrder result = order(Verb::Weight, "app", ":1");
  result.weight = weight;
  result.reason = std::move(reason);
  return result;
}

AdminOrder because(std::string reason, AdminOrder order) {
  order.reason = std::move(reason);
  return order;
}

TEST(OrderRules, SayWhenNothingChangesAndWhatHeldBefore) {
  const std::int64_t now = 1'000'000;
  const OrderedBy root{"root", now - 180'000, "a new disk", {}};
  Orders drained, weighed, out, closed, both;
  drained.set({"app", "10.0.0.1:1"}, {.order = Order::Drain, .by = root});
  weighed.set({"app", "10.0.0.1:1"}, {.weight = 3, .by = {"uid 7", now - 4'000, "", {}}});
  out.set({"app", "10.0.0.1:1"}, {.order = Order::Maintenance, .weight = 3, .by = root});
  auto page = std::make_shared<PoolMaintenance>();
  page->page = "soon";
  page->by = root;
  closed.set_maintenance("app", page);
  both.set({"app", "10.0.0.1:1"}, {.order = Order::Drain, .by = root});
  both.set({"app", "10.0.0.1:2"}, {.order = Order::Maintenance, .by = root});
  AdminOrder same_page = order(Verb::Maintenance, "app");
  same_page.page = "soon";

  const Held cases[] = {
      {"drained anew", drained, order(Verb::Drain, "app", ":1"), "drain by root",
       "app/10.0.0.1:1 is drained already, by root, 3m ago: a new disk"},
      {"for the same reason", drained, because("a new disk", order(Verb::Drain, "app", ":1")), "drain by root",
       "app/10.0.0.1:1 is drained already, by root, 3m ago: a new disk"},
      {"for another", drained, because("a new fan", order(Verb::Drain, "app", ":1")), "drain by root", ""},
      {"drained, then out", drained, order(Verb::Maintenance, "app", ":1"), "drain by root", ""},
      {"back", drained, order(Verb::Ready, "app", ":1"), "drain by root", ""},
      {"the other one", drained, order(Verb::Drain, "app", ":2"), "ready", ""},
      {"back, and was not away", drained, order(Verb::Ready, "app", ":2"), "ready", "app/10.0.0.1:2 is not taken out by any order"},
      {"out anew", out, order(Verb::Maintenance, "app", ":1"), "maintenance, weight 3 by root",
       "app/10.0.0.1:1 is in maintenance already, by root, 3m ago: a new disk"},
      {"the weight that it has", weighed, weigh(3), "weight 3 by uid 7", "app/10.0.0.1:1 has weight 3 already, by uid 7, 4s ago"},
      {"a reason, where there was none", weighed, weigh(3, "slow"), "weight 3 by uid 7", ""},
      {"another weight", weighed, weigh(4), "weight 3 by uid 7", ""},
      {"the config's", weighed, weigh(std::nullopt), "weight 3 by uid 7", ""},
      {"the config's, which it has", {}, weigh(std::nullopt), "ready", "app/10.0.0.1:1 has the config's weight already"},
      {"a weight of its own", {}, weigh(1), "ready", ""},
      {"back, with a weight", weighed, order(Verb::Ready, "app", ":1"), "weight 3 by uid 7", "app/10.0.0.1:1 is not taken out by any order"},
      {"a pool", {}, order(Verb::Ready, "app"), "ready", "app is not in maintenance"},
      {"a pool of which one is out", drained, order(Verb::Ready, "app"), "ready",
       "app is not in maintenance; one of its upstreams is taken out, frontdoor ready app/10.0.0.1:1 brings it back"},
      {"a pool of which two are out", both, order(Verb::Ready, "app"), "ready",
       "app is not in maintenance; 2 of its upstreams are taken out, frontdoor ready app/10.0.0.1:1 brings the first one back"},
      {"a pool's end", closed, order(Verb::Ready, "app"), "maintenance by root", ""},
      {"a pool's begin", {}, order(Verb::Maintenance, "app"), "ready", ""},
      {"another page", closed, order(Verb::Maintenance, "app"), "maintenance by root", ""},
      {"the same page", closed, same_page, "maintenance by root", "app is in maintenance already, by root, 3m ago: a new disk"},
      {"the same page for another reason", closed, because("we move", same_page), "maintenance by root", ""},
  };
  const Stage stage({State::Up, State::Up});
  for (const Held& c : cases) {
    const auto place = find_ordered_place(*stage.snapshot, c.order);
    ASSERT_TRUE(place) << c.what;
    EXPECT_EQ(what_holds(*place, c.orders), c.before) << c.what;
    EXPECT_EQ(why_unchanged(*place, c.orders, c.order, now), c.unchanged) << c.what;
  }
}

// An order for a name ends those for its single addresses, also when nothing was ordered of the name itself.
TEST(OrderRules, TakeSingleAddressesOfANameForAChange) {
  Pool pool;
  pool.name = "app";
  const OrderedPlace all{&pool, "app.internal:80", {"app.internal:80 (10.0.0.2)", "app.internal:80 (10.0.0.3)"}};
  Orders orders;
  EXPECT_EQ(why_unchanged(all, orders, order(Verb::Ready, "app", "app.internal:80"), 0), "app/app.internal:80 is not taken out by any order");
  orders.set({"app", "app.internal:80 (10.0.0.2)"}, {.order = Order::Drain});
  EXPECT_EQ(why_unchanged(all, orders, order(Verb::Ready, "app", "app.internal:80"), 0), "");
  const OrderedPlace one{&pool, "app.internal:80 (10.0.0.2)", {"app.internal:80 (10.0.0.2)"}};
  EXPECT_NE(why_unchanged(one, orders, order(Verb::Drain, "app", ""), 0), "");
}

}  // namespace
}  // namespace frontdoor
