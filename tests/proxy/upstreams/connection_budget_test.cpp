// How descriptors are shared out, and what is closed when there are none left.

#include "proxy/upstreams/connection_budget.h"

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

TEST(DescriptorPlan, GivesClientsWhatOthersDoNotNeed) {
  constexpr std::uint64_t kOwn = 31;
  const struct {
    std::uint64_t limit, sockets, clients;
  } cases[] = {{256, 225, 197}, {257, 226, 198}, {1'024, 993, 869}, {20'000, 19'969, 18'945},
               {64, 33, 29},    {32, 16, 14},    {1, 2, 1},         {1'048'576, 1'048'545, 1'047'521}};
  for (const auto& c : cases) {
    const DescriptorPlan plan = plan_descriptors(c.limit, kOwn);
    EXPECT_EQ(plan.sockets, c.sockets) << c.limit;
    EXPECT_EQ(plan.clients, c.clients) << c.limit;
  }
}

TEST(DescriptorPlan, GrowsByOneAtATime) {
  for (const std::uint64_t own : {10, 31, 300}) {
    DescriptorPlan before = plan_descriptors(8, own);
    for (std::uint64_t limit = 9; limit < 30'000; ++limit) {
      const DescriptorPlan plan = plan_descriptors(limit, own);
      ASSERT_GE(plan.clients, before.clients) << limit;
      ASSERT_LE(plan.clients, before.clients + 1) << limit;
      ASSERT_LT(plan.clients, plan.sockets) << limit;
      before = plan;
    }
  }
}

TEST(ConnectionBudget, CountsAClientTwiceUntilItIsIdle) {
  ConnectionBudget budget({.descriptors = 20, .sockets = 10, .clients = 8});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(budget.client_fits());
    budget.client_opened();
    budget.upstream_opened();
  }
  EXPECT_TRUE(budget.client_fits());
  budget.client_opened();
  EXPECT_FALSE(budget.client_fits()) << "one descriptor is left, for its upstream";
  EXPECT_TRUE(budget.upstream_fits());
  budget.upstream_opened();
  EXPECT_FALSE(budget.upstream_fits());
  for (int i = 0; i < 5; ++i) budget.upstream_closed();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(budget.client_fits());
    budget.client_opened();
  }
  EXPECT_FALSE(budget.client_fits()) << "the rest is for requests";
  EXPECT_TRUE(budget.upstream_fits());
}

TEST(ConnectionBudget, ASmallerPlanHoldsForWhoComesNext) {
  ConnectionBudget budget({.descriptors = 20, .sockets = 10, .clients = 8});
  for (int i = 0; i < 4; ++i) budget.client_opened();
  EXPECT_TRUE(budget.client_fits());
  budget.set_plan({.descriptors = 20, .sockets = 5, .clients = 4});
  EXPECT_FALSE(budget.client_fits());
  EXPECT_EQ(budget.clients(), 4u);
  budget.client_closed();
  EXPECT_TRUE(budget.client_fits());
}

// ---- Without descriptors

struct OutOfDescriptors : ::testing::Test {
  ScriptedUpstream upstream;
  TestProxy proxy{{&upstream}};

  OutOfDescriptors() { upstream.always_reply(kHello); }

  std::unique_ptr<Peer> idle_client() {
    proxy.time().advance(Millis{200});  // each has had its time to speak
    auto client = proxy.client();
    proxy.settle({client.get()});
    return client;
  }
  std::string answer(Peer& client, Peer& other) {
    proxy.until({&client, &other}, [&] { return client.ended() || complete_response(client.received()); });
    return client.received();
  }
};

TEST_F(OutOfDescriptors, AnIdleClientMakesRoomForARequest) {
  const auto idle = idle_client();
  const auto client = idle_client();
  proxy.ops().arm_vulnerable(1, Fault::OutOfFds);  // the next is the one to the upstream
  client->send(kGet);
  EXPECT_EQ(body_of(answer(*client, *idle)), "hello");
  EXPECT_TRUE(proxy.ops().struck_upstream());
  proxy.settle({client.get(), idle.get()});
  EXPECT_TRUE(idle->ended());
  EXPECT_FALSE(client->ended());
}

TEST_F(OutOfDescriptors, AnIdleUpstreamConnectionGoesBeforeAnIdleClient) {
  upstream.always_reply("");
  const auto idle = idle_client();
  const auto first = idle_client();
  const auto second = idle_client();
  for (const auto* client : {first.get(), second.get()}) const_cast<Peer*>(client)->send(kGet);
  ASSERT_TRUE(proxy.until({idle.get(), first.get(), second.get()}, [&] {
    return upstream.connections() == 2 && upstream.connection(0).saw("\r\n\r\n") &&
           upstream.connection(1).saw("\r\n\r\n");
  }));
  upstream.connection(0).send(kHello);
  ASSERT_TRUE(proxy.until({idle.get(), first.get(), second.get()},
                          [&] { return first->saw("hello") || second->saw("hello"); }));
  // One connection to the upstream is idle now. A client comes, and there is no descriptor for it.
  proxy.ops().arm_vulnerable(1, Fault::OutOfFds);
  const auto third = idle_client();
  EXPECT_TRUE(proxy.ops().struck());
  proxy.settle({idle.get(), third.get()});
  EXPECT_FALSE(idle->ended());
  EXPECT_TRUE(upstream.connection(0).ended());
  EXPECT_FALSE(upstream.connection(1).ended()) << "a request is on it";
  EXPECT_EQ(proxy.worker().open_connections(), 4u);
}

TEST_F(OutOfDescriptors, AnIdleClientMakesRoomForAnother) {
  const auto idle = idle_client();
  proxy.ops().arm_vulnerable(1, Fault::OutOfFds);
  const auto client = idle_client();
  EXPECT_TRUE(proxy.ops().struck());
  proxy.settle({client.get(), idle.get()});
  EXPECT_TRUE(idle->ended());
  client->send(kGet);
  EXPECT_EQ(body_of(answer(*client, *idle)), "hello");
}

TEST(OutOfDescriptorsForAll, WithNobodyIdleTheRequestIsRefusedWithItsReason) {
  ScriptedUpstream upstream;
  upstream.always_reply(kHello);
  TestProxy proxy({&upstream}, "", "retry.attempts = 0");
  const auto client = proxy.client();
  proxy.settle({client.get()});
  proxy.ops().arm_vulnerable(1, Fault::OutOfFds);
  client->send(kGet);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); }));
  EXPECT_THAT(client->received(), HasSubstr(" 503 "));
  EXPECT_THAT(proxy.log(), HasSubstr("local_resources"));
}

}  // namespace
}  // namespace frontdoor::testing
