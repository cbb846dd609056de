// Misfortune over HTTP/2: the n-th socket operation of a conversation with several streams goes wrong, in each of the ways
// in which one can. Each stream gets a whole answer or learns that there is none, and nothing is left behind.

#include <gtest/gtest.h>

#include "loop/task.h"
#include "support/h2_client.h"
#include "support/misfortune.h"

namespace frontdoor::testing {
namespace {

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct Scenario {
  const char* name;
  std::string frames;
  std::vector<std::uint32_t> streams;
  bool idempotent;
};

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"three GETs at once", h2::headers(1, h2::get()) + h2::headers(3, h2::get()) + h2::headers(5, h2::get()), {1, 3, 5}, true},
      {"one GET", h2::headers(1, h2::get()), {1}, true},
      {"POST and GET", h2::headers(1, h2::post(), h2::kEndHeaders) + h2::headers(3, h2::get()) + h2::end_of(1, "abc"), {1, 3}, false},
  };
  return all;
}

template <Over kOver>
bool survives(const Scenario& scenario, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, fault.name, kOver);
  const std::size_t frames_before = live_frames();
  bool struck = false;
  {
    ScriptedUpstream first;
    ScriptedUpstream second;
    first.always_reply(kHello);
    second.always_reply(kHello);
    if (kOver == Over::Tls) first.encrypt(), second.encrypt();
    TestProxy proxy({&first, &second}, kOver == Over::Tls ? "tls = \"self-signed\"" : "", "", &unread_log());
    {
      H2Client client(proxy);
      proxy.ops().arm(n, fault.fault);
      client.send(scenario.frames);
      const auto over = [&] {
        if (client.peer().ended()) return true;
        return std::all_of(scenario.streams.begin(), scenario.streams.end(), [&](std::uint32_t id) {
          return client.answer(id).ended || client.answer(id).was_reset;
        });
      };
      for (int hour = 0; hour < 24 && !over(); ++hour) {
        for (int turn = 0; turn < 3 && !over(); ++turn) client.settle();
        if (!over()) proxy.time().advance(std::chrono::seconds{7});
      }
      struck = proxy.ops().struck();
      EXPECT_TRUE(over()) << what << ": the client was left hanging";
      for (const std::uint32_t id : scenario.streams) {
        const auto answer = client.answer(id);
        EXPECT_TRUE(!answer.ended || answer.status != "200" || answer.body == "hello") << what << ": half an answer looks whole";
        if (scenario.idempotent && proxy.ops().struck_upstream()) {
          EXPECT_EQ(answer.status, "200") << what << ": lost a request that need not be lost";
        }
      }
      proxy.ops().disarm();
      client.peer().close();
    }
    proxy.settle({});
    for (int i = 0; i < 8; ++i) {
      proxy.time().advance(std::chrono::seconds{61});
      proxy.settle({});
    }
    EXPECT_EQ(proxy.upstream(0).in_flight() + proxy.upstream(1).in_flight(), 0u) << what << ": a lease is left";
    EXPECT_EQ(proxy.worker().buffers_in_use(), 0u) << what << ": a buffer is left";
    EXPECT_EQ(proxy.worker().open_connections(), 0u) << what << ": a client connection is left";
    EXPECT_EQ(proxy.ops().closed(), proxy.ops().opened()) << what << ": a descriptor is left";
    EXPECT_EQ(live_frames(), frames_before) << what << ": a coroutine is left";
  }
  return struck;
}

TEST(H2Misfortune, EveryOperationMayFailInEveryWay) {
  EXPECT_GE(at_every_operation(scenarios(), kFaults, survives<Over::Plain>), 100u);
}

TEST(H2Misfortune, OverTlsItMay) {
  EXPECT_GE(at_every_operation(some_of(scenarios()), kFaults, survives<Over::Tls>), 100u);
}

}  // namespace
}  // namespace frontdoor::testing
