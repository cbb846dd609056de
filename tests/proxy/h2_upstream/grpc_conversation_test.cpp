// gRPC through one worker: its trailers, its deadlines, and our own answers in its terms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/h2_client.h"
#include "support/h2_upstream.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

const std::string kMessage{"\0\0\0\0\2\x08\x01", 7};

h2::Pairs call(h2::Pairs more = {}) {
  h2::Pairs fields = h2::post("/shop.Cart/Add", {{"content-type", "application/grpc"}, {"te", "trailers"}});
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

struct GrpcTalk : H2UpstreamTalk {
  explicit GrpcTalk(std::string_view pool = "", std::string_view extra = "") : H2UpstreamTalk(pool, 1, extra), caller(*proxy) {}
  void begin(std::uint32_t id, h2::Pairs more = {}) { caller.send(h2::headers(id, call(std::move(more)), h2::kEndHeaders)); }
  bool turn_until(const std::function<bool()>& done) {
    return caller.until([&] {
      up().read();
      return done();
    });
  }
  void rest() {
    for (int round = 0; round < 3; ++round) {
      caller.settle();
      up().read();
    }
  }
  H2Client caller;
};

TEST(GrpcConversation, ACallEndsWithItsTrailers) {
  GrpcTalk talk;
  talk.begin(1);
  talk.caller.send(h2::end_of(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1 && talk.end().asked(1).ended; }));
  const auto asked = talk.end().asked(1);
  EXPECT_EQ(asked[":path"], "/shop.Cart/Add");
  EXPECT_EQ(asked["content-type"], "application/grpc");
  EXPECT_EQ(asked["te"], "trailers");
  EXPECT_EQ(asked.body, kMessage);
  talk.end().send(h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}}), h2::kEndHeaders) + h2::data(1, kMessage) +
                  h2::headers(1, {{"grpc-status", "0"}, {"grpc-message", ""}}));
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).ended; }));
  const auto answer = talk.caller.answer(1);
  EXPECT_EQ(answer.body, kMessage);
  EXPECT_EQ(answer.trailers, (h2::Pairs{{"grpc-status", "0"}, {"grpc-message", ""}}));
  talk.rest();
  EXPECT_FALSE(talk.caller.answer(1).was_reset);
}

// Nor is it followed by anything that would make a client drop it, also when it is still sending.
TEST(GrpcConversation, TrailersOnlyIsPassedOnAsItIs) {
  for (const bool sending : {false, true}) {
    GrpcTalk talk;
    talk.begin(1);
    talk.caller.send(h2::data(1, kMessage, sending ? h2::kNone : h2::kEndStream));
    ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body == kMessage; }));
    talk.end().send(h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}, {"grpc-status", "5"}, {"grpc-message", "no"}})));
    if (sending) talk.end().send(h2::reset(1, 0));
    ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).ended; }));
    talk.rest();
    const auto answer = talk.caller.answer(1);
    EXPECT_EQ(answer["grpc-status"], "5");
    EXPECT_TRUE(answer.trailers.empty());
    EXPECT_FALSE(answer.was_reset);
    EXPECT_THAT(talk.proxy->log(), HasSubstr("\"outcome\":\"served\""));
  }
}

TEST(GrpcConversation, MessagesGoBothWaysForAsLongAsBothLike) {
  GrpcTalk talk;
  talk.begin(1);
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1; }));
  // Neither has anything to say for a while, before there is an answer, and longer than an upload may pause.
  for (int i = 0; i < 20; ++i) {
    talk.proxy->time().advance(Millis{30'000});
    talk.rest();
  }
  ASSERT_FALSE(talk.caller.answer(1).ended);
  for (int i = 1; i <= 5; ++i) {
    talk.caller.send(h2::data(1, kMessage));
    ASSERT_TRUE(talk.turn_until([&] { return talk.end().asked(1).body.size() == static_cast<std::size_t>(i) * kMessage.size(); }));
    if (i == 1) talk.end().send(h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}}), h2::kEndHeaders));
    talk.end().send(h2::data(1, kMessage));
    ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).body.size() == static_cast<std::size_t>(i) * kMessage.size(); }));
    talk.proxy->time().advance(Millis{300'000});
    talk.rest();
  }
  talk.caller.send(h2::end_of(1));
  ASSERT_TRUE(talk.turn_until([&] { return talk.end().asked(1).ended; }));
  talk.end().send(h2::headers(1, {{"grpc-status", "0"}}));
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).ended; }));
  EXPECT_EQ(talk.caller.answer(1).trailers.front().second, "0");
}

TEST(GrpcConversation, OurOwnAnswersAreTrailersOnly) {
  GrpcTalk talk("", "[[route]]\npath = \"/shop.Cart/*\"\npool = \"app\"\n");
  talk.caller.send(h2::headers(1, h2::post("/other.Service/Call", {{"content-type", "application/grpc+proto"}}), h2::kEndHeaders));
  ASSERT_TRUE(talk.caller.ended(1));
  talk.rest();
  auto answer = talk.caller.answer(1);
  EXPECT_EQ(answer.status, "200");
  EXPECT_EQ(answer["content-type"], "application/grpc");
  EXPECT_EQ(answer["grpc-status"], "12");
  EXPECT_THAT(answer["grpc-message"], HasSubstr("no_route (request "));
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.was_reset);
  talk.up().stop_listening();
  talk.begin(3);
  talk.caller.send(h2::end_of(3, kMessage));
  talk.rest();
  for (int i = 0; i < 12; ++i) {
    talk.proxy->time().advance(Millis{1'000});
    talk.rest();
  }
  answer = talk.caller.answer(3);
  EXPECT_EQ(answer.status, "200");
  EXPECT_EQ(answer["grpc-status"], "14");
  EXPECT_THAT(answer["grpc-message"], HasSubstr("hold_timeout"));
  const std::string log = talk.proxy->log(2);
  EXPECT_THAT(log, HasSubstr("\"status\":404")) << "an operator looks for errors";
  EXPECT_THAT(log, HasSubstr("\"status\":503"));
}

// Refused by the session, before there is an exchange.
TEST(GrpcConversation, SoAreThoseToAHeadThatNobodyServes) {
  const struct {
    h2::Pairs more;
    const char* status;
    const char* message;
    const char* logged;
  } rows[] = {
      {{{"x-large", std::string(12'000, 'x')}}, "8", "headers_too_large", "\"status\":431"},
      {{{"host", "elsewhere"}}, "13", "bad_request", "\"status\":400"},
  };
  for (const auto& row : rows) {
    GrpcTalk talk("", "[limits]\nheader_bytes = \"8KiB\"\nuri_bytes = \"4KiB\"\n");
    talk.begin(1, row.more);
    ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).ended; })) << row.message;
    const auto answer = talk.caller.answer(1);
    EXPECT_EQ(answer.status, "200") << row.message;
    EXPECT_EQ(answer["content-type"], "application/grpc") << row.message;
    EXPECT_EQ(answer["grpc-status"], row.status) << row.message;
    EXPECT_THAT(answer["grpc-message"], ::testing::StartsWith(std::string(row.message) + " (request ")) << row.message;
    EXPECT_EQ(answer.body, "") << row.message;
    EXPECT_EQ(answer["content-length"], "0") << row.message;
    talk.rest();
    EXPECT_THAT(talk.proxy->log(), HasSubstr(row.logged)) << row.message;
    EXPECT_FALSE(talk.caller.answer(1).was_reset && talk.caller.answer(1).code != 0) << row.message;
  }
}

// Its content-type stands behind what was read of it.
TEST(GrpcConversation, AHeadThatWasNotReadSoFarIsAnsweredAsAnyOther) {
  GrpcTalk talk("", "[limits]\nheader_bytes = \"8KiB\"\nuri_bytes = \"4KiB\"\n");
  talk.caller.send(h2::headers(1, h2::post("/shop.Cart/Add", {{"x-large", std::string(12'000, 'x')}, {"content-type", "application/grpc"}}),
                               h2::kEndHeaders));
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).ended; }));
  EXPECT_EQ(talk.caller.answer(1).status, "431");
}

// gRPC in HTTP/1, as grpc-web has it.
TEST(GrpcConversation, SoTheyAreInHttp1) {
  H2UpstreamTalk talk("", 1, "[[route]]\npath = \"/only\"\npool = \"app\"\n");
  Peer& client = talk.ask("POST /x HTTP/1.1\r\nHost: e\r\nContent-Type: application/grpc-web\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(talk.answered(client));
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("grpc-status: 12\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("Content-Length: 0\r\n"));
}

TEST(GrpcConversation, ADeadlineIsTheClients) {
  GrpcTalk talk;
  talk.begin(1, {{"grpc-timeout", "250m"}});
  talk.begin(3, {{"grpc-timeout", "1M"}});
  talk.caller.send(h2::end_of(1, kMessage) + h2::end_of(3, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 2; }));
  EXPECT_EQ(talk.end().asked(1)["grpc-timeout"], "250m") << "the upstream is told, too";
  talk.proxy->time().advance(Millis{200});
  talk.rest();
  EXPECT_FALSE(talk.caller.answer(1).ended);
  talk.proxy->time().advance(Millis{100});
  talk.rest();
  const auto answer = talk.caller.answer(1);
  EXPECT_EQ(answer["grpc-status"], "4");
  EXPECT_THAT(answer["grpc-message"], HasSubstr("request_timeout"));
  EXPECT_TRUE(talk.end().asked(1).was_reset);
  EXPECT_FALSE(talk.caller.answer(3).ended);
}

TEST(GrpcConversation, TheSmallerOfTwoDeadlinesCounts) {
  GrpcTalk talk("timeouts.request = \"100ms\"");
  talk.begin(1, {{"grpc-timeout", "10S"}});
  talk.caller.send(h2::end_of(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1; }));
  talk.proxy->time().advance(Millis{150});
  talk.rest();
  EXPECT_EQ(talk.caller.answer(1)["grpc-status"], "4");
}

TEST(GrpcConversation, ACallThatBreaksOffIsReset) {
  GrpcTalk talk;
  talk.begin(1);
  talk.caller.send(h2::end_of(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1; }));
  talk.end().send(h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}}), h2::kEndHeaders) + h2::data(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).body == kMessage; }));
  talk.end().peer().reset();
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).was_reset; }));
  EXPECT_EQ(talk.caller.answer(1).code, 2u);
}

// A client with a stream that is open both ways learns of a drain by GOAWAY, when it begins and not by a reset at its end: it
// opens its next call elsewhere, and this one goes on until its own end.
TEST(GrpcConversation, ADrainIsToldToACallThatIsOpenBothWays) {
  GrpcTalk talk("", "[timeouts]\ndrain_streams = \"20s\"\n");
  talk.begin(1);
  talk.caller.send(h2::data(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body == kMessage; }));
  talk.end().send(h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}}), h2::kEndHeaders) + h2::data(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).body == kMessage; }));

  const TimePoint now = talk.proxy->time().now();
  talk.proxy->worker().drain({now, now + std::chrono::seconds{25}});
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.reader().saw(h2::kPing); }));
  ASSERT_EQ(talk.caller.reader().of(h2::kGoAway).size(), 1u) << "no time has passed";
  talk.caller.send(h2::ping(talk.caller.reader().of(h2::kPing)[0].payload, h2::kAck));
  talk.rest();
  talk.proxy->time().advance(Millis{200});
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.reader().of(h2::kGoAway).size() == 2; }));
  EXPECT_EQ(talk.caller.reader().of(h2::kGoAway)[1].last_stream(), 1u);

  talk.caller.send(h2::data(1, kMessage) + h2::end_of(1));
  ASSERT_TRUE(talk.turn_until([&] { return talk.end().asked(1).ended; }));
  talk.end().send(h2::data(1, kMessage) + h2::headers(1, {{"grpc-status", "0"}}));
  ASSERT_TRUE(talk.turn_until([&] { return talk.caller.answer(1).ended; }));
  const auto answer = talk.caller.answer(1);
  EXPECT_EQ(answer.body, kMessage + kMessage);
  EXPECT_EQ(answer.trailers, (h2::Pairs{{"grpc-status", "0"}}));
  EXPECT_FALSE(answer.was_reset);
  talk.rest();
  EXPECT_THAT(talk.proxy->log(), HasSubstr("\"outcome\":\"served\""));
}

TEST(GrpcConversation, ACancelledCallIsCancelledAtTheUpstream) {
  GrpcTalk talk;
  talk.begin(1);
  talk.caller.send(h2::data(1, kMessage));
  ASSERT_TRUE(talk.turn_until([&] { return talk.up().requests() == 1 && talk.end().asked(1).body == kMessage; }));
  talk.caller.send(h2::reset(1));
  talk.rest();
  EXPECT_TRUE(talk.end().asked(1).was_reset);
  EXPECT_EQ(talk.end().asked(1).code, 8u);
  EXPECT_EQ(talk.proxy->upstream(0).in_flight(), 0u);
}

}  // namespace
}  // namespace frontdoor::testing
