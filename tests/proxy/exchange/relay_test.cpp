// For whom an exchange waits, and how long: a table of what the directions stand at.

#include "proxy/exchange/relay.h"

#include <gtest/gtest.h>

#include "support/fake_streams.h"
#include "support/fake_time.h"

namespace frontdoor {
namespace {

using std::chrono::seconds;
using testing::FakeClientStream;
using testing::FakeSink;
using testing::FakeSource;
using Waits = Relay::WaitingFor;

const TimePoint kRelayStart = TimePoint{} + seconds(1000);

struct Scene {
  Scene() {
    timeouts.client_body = Millis{30'000};
    timeouts.client_write = Millis{20'000};
    timeouts.client_fin = Millis{1'000};
    timeouts.response_header = Millis{40'000};
    timeouts.response_body = Millis{50'000};
    timeouts.stream_idle = Millis{3'600'000};
    relay.begin(kRelayStart);
  }
  Relay::Deadline next(Duration later, bool committed) {
    Relay::Moment moment{kRelayStart + later, timeouts, client};
    moment.committed = committed;
    moment.answer_by = answer_by;
    moment.wanted_until = wanted_until;
    return relay.next_deadline(moment);
  }
  void expect(Duration later, bool committed, Waits what, Duration at) {
    const Relay::Deadline deadline = next(later, committed);
    EXPECT_EQ(static_cast<int>(deadline.what), static_cast<int>(what));
    EXPECT_EQ(deadline.at, kRelayStart + at);
  }
  void move_request(Duration later) { relay.move_request(from_client, to_upstream, kRelayStart + later); }
  void move_response(Duration later) { relay.move_response(from_upstream, to_client, kRelayStart + later); }

  testing::FakeTime time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
  Waker waker{loop};
  FakeClientStream client{waker};
  FakeSource from_client, from_upstream;
  FakeSink to_upstream, to_client;
  config::Timeouts timeouts;
  TimePoint answer_by = Waker::kNever;
  TimePoint wanted_until = Waker::kNever;
  Relay relay;
};

TEST(Relay, WaitsForTheRestOfARequestAndThenForItsAnswer) {
  Scene scene;
  scene.from_client.add("half");
  scene.move_request(seconds(2));
  EXPECT_FALSE(scene.relay.request_done());
  scene.expect(seconds(2), false, Waits::ClientBody, seconds(32));
  scene.from_client.end();
  scene.move_request(seconds(3));
  EXPECT_TRUE(scene.relay.request_done());
  EXPECT_TRUE(scene.relay.request_complete());
  scene.expect(seconds(3), false, Waits::ResponseHead, seconds(43));
  scene.relay.upstream_lives(kRelayStart + seconds(10));
  scene.expect(seconds(10), false, Waits::ResponseHead, seconds(50));
}

TEST(Relay, AClientThatMayNotSendIsNotSlow) {
  Scene scene;
  scene.from_client.add("half");
  scene.move_request(seconds(2));
  const Relay::Deadline first = scene.next(seconds(2), false);
  scene.client.held_up = kRelayStart + seconds(32);
  scene.relay.waited(first, scene.client, kRelayStart + seconds(2), kRelayStart + seconds(32));
  scene.expect(seconds(32), false, Waits::ClientBody, seconds(62));
  // Nor does it owe bytes for that time.
  Relay::Moment moment{kRelayStart + seconds(32), scene.timeouts, scene.client, 100};
  EXPECT_EQ(scene.relay.next_deadline(moment).at, kRelayStart + seconds(62));
  scene.relay.waited(first, scene.client, kRelayStart + seconds(2), kRelayStart + seconds(42));
  moment.now = kRelayStart + seconds(42);
  EXPECT_EQ(scene.relay.next_deadline(moment).at, kRelayStart + seconds(62)) << "ten of its thirty seconds are gone";
}

// Four uploads to an upstream that reads none of them would keep a hundred other requests of their client open otherwise.
TEST(Relay, AClientThatHoldsItselfUpIsForgivenForAWhile) {
  Scene scene;
  scene.from_client.add("half");
  scene.move_request(seconds(2));
  const auto held_up_at = [&](int at) {
    scene.client.held_up = kRelayStart + seconds(at);
    return scene.next(seconds(at), false).at;
  };
  EXPECT_EQ(held_up_at(100), kRelayStart + seconds(130));
  EXPECT_EQ(held_up_at(122), kRelayStart + seconds(152));
  EXPECT_EQ(held_up_at(140), kRelayStart + seconds(152)) << "four times client_body, and its own";
  scene.from_client.add("more");
  scene.move_request(seconds(145));
  EXPECT_EQ(held_up_at(150), kRelayStart + seconds(180)) << "what comes of its body shows that it is no trick";
}

TEST(Relay, AnUpstreamThatReadsNoMoreHasStillToAnswer) {
  Scene scene;
  scene.from_client.add("half");
  scene.to_upstream.fail();
  scene.move_request(seconds(1));
  EXPECT_TRUE(scene.relay.request_done());
  EXPECT_FALSE(scene.relay.request_complete());
  scene.expect(seconds(1), false, Waits::ResponseHead, seconds(41));
}

TEST(Relay, TheSoonestOfTheDeadlinesRuns) {
  Scene scene;
  scene.from_client.end();
  scene.move_request(seconds(0));
  scene.answer_by = kRelayStart + seconds(20);
  scene.expect(seconds(1), false, Waits::AnyAnswer, seconds(20));
  scene.wanted_until = kRelayStart + seconds(5);
  scene.expect(seconds(1), false, Waits::ClientFin, seconds(5));
  scene.relay.end_at(kRelayStart + seconds(4));
  scene.expect(seconds(1), false, Waits::DrainEnd, seconds(4));
}

TEST(Relay, AfterTheHeadWhoeverHasToGoOnIsWaitedFor) {
  Scene scene;
  scene.from_client.end();
  scene.move_request(seconds(0));
  scene.relay.response_begins(kRelayStart + seconds(5), false);
  scene.from_upstream.add("some");
  scene.move_response(seconds(6));
  scene.answer_by = kRelayStart + seconds(20);
  scene.expect(seconds(6), true, Waits::ResponseBody, seconds(56));
  scene.to_client.set_room(0);
  scene.from_upstream.add("more");
  scene.move_response(seconds(7));
  scene.expect(seconds(7), true, Waits::ClientRead, seconds(27));
}

// HTTP/2 and gRPC: the request goes on while the answer does.
TEST(Relay, AStreamWaitsForBothSidesUntilItsClientHasAFin) {
  Scene scene;
  scene.move_request(seconds(0));
  scene.relay.response_begins(kRelayStart + seconds(1), true);
  scene.expect(seconds(1), true, Waits::Events, seconds(3601));
  scene.wanted_until = kRelayStart + seconds(2);
  scene.expect(seconds(1), true, Waits::ClientFin, seconds(2));
}

TEST(Relay, AnotherAttemptBeginsAnew) {
  Scene scene;
  scene.from_client.end();
  scene.move_request(seconds(0));
  scene.relay.response_begins(kRelayStart, true);
  scene.relay.begin(kRelayStart + seconds(9));
  EXPECT_FALSE(scene.relay.request_done());
  EXPECT_FALSE(scene.relay.open_ended());
  scene.expect(seconds(9), false, Waits::ClientBody, seconds(39));
}

TEST(Relay, KnowsOpenEndedBodiesByTheirType) {
  struct {
    const char* type;
    bool open_ended;
  } const cases[] = {{"text/event-stream", true},     {"Text/Event-Stream; charset=utf-8", true},
                     {"application/grpc", true},      {"application/grpc+proto", true},
                     {"application/json", false},     {"text/event", false},
                     {"", false}};
  for (const auto& c : cases) {
    const testing::OwnedFields fields{{"Content-Type", c.type}};
    EXPECT_EQ(is_open_ended(fields.views()), c.open_ended) << c.type;
  }
}

}  // namespace
}  // namespace frontdoor
