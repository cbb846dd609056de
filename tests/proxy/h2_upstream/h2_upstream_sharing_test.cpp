// What exchanges share on a connection to an upstream of HTTP/2, and what they do not: slow ones, those that leave, its streams.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "support/h2_client.h"
#include "support/h2_upstream.h"
#include "support/messages.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

TEST(H2Upstream, ManyClientsShareOneConnection) {
  H2UpstreamTalk talk;
  std::vector<Peer*> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(&talk.ask(get_request("/" + std::to_string(i))));
  ASSERT_TRUE(talk.asked(20));
  EXPECT_EQ(talk.up().connections(), 1u);
  for (std::uint32_t id = 39; id >= 1 && id < 41; id -= 2) talk.end().answer(id, talk.end().asked(id)[":path"]);  // the last first
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(talk.answered(*clients[static_cast<std::size_t>(i)]));
    EXPECT_EQ(body_of(clients[static_cast<std::size_t>(i)]->received()), "/" + std::to_string(i));
  }
  // And one after the other, with pauses.
  for (int i = 0; i < 5; ++i) {
    talk.proxy->time().advance(Millis{5'000});  // longer than a connection of HTTP/1 would be trusted
    talk.settle();
    Peer& client = talk.ask(get_request("/again"));
    ASSERT_TRUE(talk.asked(21 + static_cast<std::size_t>(i)));
    talk.end().answer(static_cast<std::uint32_t>(41 + 2 * i));
    ASSERT_TRUE(talk.answered(client));
  }
  EXPECT_EQ(talk.up().connections(), 1u);
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 0u);
}

TEST(H2Upstream, StreamsOfOneClientShareIt) {
  H2UpstreamTalk talk;
  H2Client client(*talk.proxy);
  for (std::uint32_t id = 1; id < 41; id += 2) client.send(h2::headers(id, h2::get("/" + std::to_string(id))));
  ASSERT_TRUE(client.until([&] {
    talk.up().read();
    return talk.up().requests() == 20;
  }));
  EXPECT_EQ(talk.up().connections(), 1u);
  for (std::uint32_t id = 1; id < 41; id += 2) talk.end().answer(id, talk.end().asked(id)[":path"]);
  for (std::uint32_t id = 1; id < 41; id += 2) {
    ASSERT_TRUE(client.ended(id));
    EXPECT_EQ(client.answer(id).body, "/" + std::to_string(id));
  }
}

// A client that does not read makes us keep a window of its answer and no more, and its neighbours do not notice.
TEST(H2Upstream, AReaderThatIsSlowHoldsNobodyUp) {
  H2UpstreamTalk talk;
  Peer& slow = talk.ask(get_request("/slow"));
  slow.pause_reading(true);
  ASSERT_TRUE(talk.asked(1));
  talk.end().send(h2::headers(1, h2::status("200"), h2::kEndHeaders));
  // As a server would: what its windows allow.
  std::size_t sent = 0;
  std::size_t window = 256 * 1024;
  const auto pour = [&] {
    for (; sent + 16'000 <= window; sent += 16'000) talk.end().send(h2::data(1, std::string(16'000, 'x')));
    talk.settle();
    std::size_t opened = 256 * 1024;
    for (const auto& frame : talk.end().reader().of(h2::kWindowUpdate))
      if (frame.stream == 1) opened += frame.code();
    return std::exchange(window, opened) != opened;
  };
  while (pour() && sent < std::size_t{64} << 20) {
  }
  ASSERT_LT(sent, std::size_t{64} << 20) << "it is held up, once the kernel's buffers are full";
  Peer& quick = talk.ask(get_request("/quick"));
  ASSERT_TRUE(talk.asked(2));
  talk.end().answer(3, std::string(100'000, 'q').substr(0, 16'000));
  ASSERT_TRUE(talk.answered(quick));
  EXPECT_EQ(talk.up().connections(), 1u);
  slow.pause_reading(false);
  ASSERT_TRUE(talk.until([&] {
    pour();
    return slow.received().size() > sent;
  }));
}

TEST(H2Upstream, AnUploadWaitsForItsWindow) {
  H2UpstreamTalk talk;
  Peer& client = talk.ask("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'u'));
  ASSERT_TRUE(talk.until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body.size() == 65'535; }));
  talk.settle();
  EXPECT_EQ(talk.end().asked(1).body.size(), 65'535u);
  talk.end().send(h2::window(1, 200'000));
  talk.settle();
  EXPECT_EQ(talk.end().asked(1).body.size(), 65'535u) << "the connection's window counts, too";
  talk.end().send(h2::window(0, 200'000));
  ASSERT_TRUE(talk.until([&] { return talk.end().asked(1).ended; }));
  EXPECT_EQ(talk.end().asked(1).body.size(), 200'000u);
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(client));
}

TEST(H2Upstream, AnEarlyAnswerToAnUploadIsPassedOnAndTheRestIsNotSent) {
  for (const bool stopped : {true, false}) {  // whether the upstream says that it wants no more
    H2UpstreamTalk talk;
    Peer& client = talk.ask("POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 100000000\r\n\r\nabc");
    ASSERT_TRUE(talk.until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body == "abc"; }));
    talk.end().send(h2::headers(1, h2::status("413", {{"content-length", "2"}}), h2::kEndHeaders) + h2::end_of(1, "no"));
    if (stopped) talk.end().send(h2::reset(1, 0));
    ASSERT_TRUE(talk.until([&] { return client.saw("\r\n\r\nno"); }));
    talk.settle();
    EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 413 "));
    EXPECT_EQ(talk.end().asked(1).was_reset, !stopped);
    Peer& next = talk.ask(get_request("/next"));
    ASSERT_TRUE(talk.asked(2));
    talk.end().answer(3);
    ASSERT_TRUE(talk.answered(next)) << "the connection serves on";
    EXPECT_EQ(talk.up().connections(), 1u);
    EXPECT_THAT(talk.proxy->log(), HasSubstr("\"status\":413"));
  }
}

TEST(H2Upstream, AClientThatLeavesCancelsItsStreamAndNoOther) {
  H2UpstreamTalk talk;
  Peer& stays = talk.ask(get_request("/stays"));
  Peer& leaves = talk.ask(get_request("/leaves"));
  ASSERT_TRUE(talk.asked(2));
  leaves.reset();
  ASSERT_TRUE(talk.until([&] { return talk.end().asked(3).was_reset; }));
  EXPECT_EQ(talk.end().asked(3).code, kCancelled);
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 1u);
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(stays));
  EXPECT_FALSE(talk.end().asked(1).was_reset);
}

TEST(H2Upstream, WhoeverHasDialedMayLeave) {
  H2UpstreamTalk talk;
  Peer& first = talk.ask(get_request("/first"));
  Peer& second = talk.ask(get_request("/second"));
  ASSERT_TRUE(talk.asked(2));
  first.reset();
  talk.settle();
  talk.end().answer(3);
  ASSERT_TRUE(talk.answered(second));
  EXPECT_EQ(talk.up().connections(), 1u);
}

// The dial belongs to nobody: it goes on for those who wait for the same connection.
TEST(H2Upstream, WhoeverDialsMayLeaveWithinTheHandshake) {
  H2UpstreamTalk talk("", 1, "", Over::Tls);
  Peer& first = talk.ask(get_request("/first"));
  Peer& second = talk.ask(get_request("/second"));
  const auto run_proxy_alone = [&] {
    for (int turns = 0; turns < 60; ++turns) {
      talk.proxy->worker().run_once(Millis{0});
      first.poll(), second.poll();
    }
  };
  run_proxy_alone();  // nobody answers its hello yet
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 2u);
  first.reset();
  run_proxy_alone();
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 1u);
  ASSERT_TRUE(talk.asked(1));
  EXPECT_EQ(talk.end().asked(1)[":path"], "/second");
  talk.end().answer(1);
  ASSERT_TRUE(talk.answered(second));
  EXPECT_EQ(body_of(second.received()), "hello");
  EXPECT_EQ(talk.up().connections(), 1u);
}

TEST(H2Upstream, AsManyStreamsAsItAllowsThenAnotherConnection) {
  H2UpstreamTalk talk;
  talk.up().greet_with(h2::settings({{3, 2}}));
  std::vector<Peer*> clients{&talk.ask(get_request("/0"))};
  ASSERT_TRUE(talk.asked(1));
  talk.settle();
  for (int i = 1; i < 5; ++i) clients.push_back(&talk.ask(get_request("/" + std::to_string(i))));
  ASSERT_TRUE(talk.asked(5));
  EXPECT_EQ(talk.up().connections(), 3u);
  EXPECT_EQ(talk.end(0).requests(), 2u);
  EXPECT_EQ(talk.end(1).requests(), 2u);
  EXPECT_EQ(talk.end(2).requests(), 1u);
  for (std::size_t i = 0; i < 3; ++i)
    for (const std::uint32_t id : {1u, 3u})
      if (!talk.end(i).asked(id).fields.empty()) talk.end(i).answer(id);
  for (Peer* client : clients) ASSERT_TRUE(talk.answered(*client));
}

TEST(H2Upstream, BeyondEightConnectionsRequestsWaitInLine) {
  H2UpstreamTalk talk;
  talk.up().greet_with(h2::settings({{3, 1}}));
  std::vector<Peer*> clients{&talk.ask(get_request("/0"))};
  ASSERT_TRUE(talk.asked(1));
  talk.settle();
  for (int i = 1; i < 10; ++i) clients.push_back(&talk.ask(get_request("/" + std::to_string(i))));
  ASSERT_TRUE(talk.asked(8));
  talk.settle();
  EXPECT_EQ(talk.up().connections(), 8u);
  EXPECT_EQ(talk.up().requests(), 8u);
  talk.end(5).answer(1);
  ASSERT_TRUE(talk.until([&] { return talk.end(5).requests() == 2; }));
  EXPECT_EQ(talk.end(5).asked(3)[":path"], "/8") << "first come, first served";
  // One that leaves gives its place in the line up.
  clients.back()->reset();
  talk.settle();
  talk.end(6).answer(1);
  talk.settle();
  EXPECT_EQ(talk.up().requests(), 9u);
  // And who waits for too long is told so.
  talk.end(6).read();
  Peer& in_vain = talk.ask(get_request("/vain"));
  Peer& late = talk.ask(get_request("/late"));
  ASSERT_TRUE(talk.until([&] { return talk.end(6).requests() == 2; }));
  for (int i = 0; i < 8; ++i) {
    talk.proxy->time().advance(Millis{1'000});
    talk.settle();
  }
  Peer& told = late.saw("503") ? late : in_vain;
  EXPECT_THAT(told.received(), HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(told.received(), HasSubstr("upstream_overloaded"));
}

}  // namespace
}  // namespace frontdoor::testing
