// How the streams of a session end, and the session itself. RFC 9113 §5.1, §6.8.

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using Closed = ServerStream::Closed;

TEST(H2Session, AnEarlyAnswerEndsAndThenAsksForNoMore) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  EXPECT_TRUE(talk.send(h2::data(1, "abc")));
  talk.answer(stream, "too large");
  talk.release(stream);
  talk.flush();
  EXPECT_TRUE(talk.session->anything_unwanted());
  talk.session->reset_unwanted();
  talk.flush();
  EXPECT_FALSE(talk.client.answer(1).was_reset);  // a moment later: see reset_unwanted()
  talk.session->reset_unwanted();
  talk.flush();
  EXPECT_FALSE(talk.session->anything_unwanted());
  const auto answer = talk.client.answer(1);
  EXPECT_TRUE(answer.ended);
  EXPECT_TRUE(answer.was_reset);
  EXPECT_EQ(answer.code, 0u);  // NO_ERROR, never CANCEL (§8.1)
  EXPECT_EQ(talk.client.frames.back().type, h2::kRstStream);  // behind END_STREAM
}

// A tunnel's upstream may end first and still read. What nobody reads is gone with whoever held it, and its window is open again.
TEST(H2Session, WhatHasComeCanBeReadAfterBothHaveEnded) {
  Conversation talk;
  const std::string chunk(16 * 1024, 'b');
  for (std::uint32_t id = 1; id < 17; id += 2) {
    ServerStream& stream = talk.ask(h2::headers(id, h2::post(), h2::kEndHeaders));
    for (int i = 0; i < 15; ++i) ASSERT_TRUE(talk.send(h2::data(id, chunk))) << id;
    ASSERT_TRUE(talk.send(h2::end_of(id, chunk))) << id;
    talk.answer(stream, "x");
    talk.flush();
    ASSERT_EQ(stream.closed(), Closed::InOrder);
    EXPECT_EQ(stream.received().size(), 256u * 1024);
    talk.session->consume(stream, 1000);
    EXPECT_EQ(stream.received().size(), 256u * 1024 - 1000);
    talk.release(stream);
    EXPECT_EQ(talk.session->open_streams(), 0u);
    talk.flush();
  }
}

TEST(H2Session, WhoEndsItsRequestMeanwhileIsNotReset) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  talk.answer(stream, "x");
  talk.release(stream);
  talk.flush();
  talk.session->reset_unwanted();
  EXPECT_TRUE(talk.send(h2::end_of(1, "abc")));
  EXPECT_FALSE(talk.session->anything_unwanted());
  talk.session->reset_unwanted();
  talk.flush();
  EXPECT_FALSE(talk.client.saw(h2::kRstStream));
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

TEST(H2Session, AnEarlyAnswerWithTrailersKeepsThem) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  talk.answer(stream, "x", {{"grpc-status", "8"}});
  talk.release(stream);
  for (int i = 0; i < 2; ++i) talk.flush(), talk.session->reset_unwanted();
  talk.flush();
  EXPECT_THAT(talk.client.answer(1).trailers, ElementsAre(Pair("grpc-status", "8")));
  EXPECT_EQ(talk.client.answer(1).code, 0u);
  EXPECT_EQ(talk.client.frames.back().type, h2::kRstStream);
}

TEST(H2Session, AFinishedRequestGetsNoReset) {
  Conversation talk;
  for (std::uint32_t id = 1; id < 21; id += 2) {
    ServerStream& stream = talk.ask(h2::headers(id, h2::post(), h2::kEndHeaders) + h2::end_of(id, "abc"));
    talk.answer(stream, "done", {{"grpc-status", "0"}});
    talk.release(stream);
  }
  talk.flush();
  EXPECT_FALSE(talk.client.saw(h2::kRstStream));
}

TEST(H2Session, AnAnswerThatBreaksOffIsReset) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get()));
  EXPECT_TRUE(talk.session->respond(stream, 200, kNoFields, {}, false));
  EXPECT_EQ(talk.push(stream, "half", false).accepted, 4u);
  talk.release(stream, ErrorCode::InternalError);
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).body, "half");
  EXPECT_FALSE(talk.client.answer(1).ended);
  EXPECT_EQ(talk.client.answer(1).code, 2u);
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

TEST(H2Session, AClientThatCancelsIsHeard) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  ServerStream& neighbour = talk.ask(h2::headers(3, h2::get()));
  Heard heard;
  stream.listen(&heard);
  EXPECT_TRUE(talk.send(h2::data(1, "abc") + h2::reset(1)));
  EXPECT_EQ(stream.closed(), Closed::ByReset);
  EXPECT_EQ(stream.error(), ErrorCode::Cancel);
  EXPECT_TRUE(stream.received().empty());
  EXPECT_GE(heard.times, 1);
  EXPECT_TRUE(talk.push(stream, "x", true).failed);
  talk.release(stream);
  EXPECT_EQ(neighbour.closed(), Closed::No);
  talk.answer(neighbour, "fine");
  talk.flush();
  EXPECT_EQ(talk.client.answer(3).body, "fine");
  EXPECT_FALSE(talk.client.answer(1).was_reset);
}

TEST(H2Session, OneThatWasResetInTheSameBytesIsNeverSeen) {
  Conversation talk;
  std::string all;
  for (std::uint32_t id = 1; id < 201; id += 2) all += h2::headers(id, h2::get()) + h2::reset(id);
  EXPECT_TRUE(talk.send(all));
  EXPECT_TRUE(talk.streams.empty());
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

TEST(H2Session, AFinLeavesWhatCanBeAnswered) {
  Conversation talk;
  ServerStream& whole = talk.ask(h2::headers(1, h2::get()));
  ServerStream& half = talk.ask(h2::headers(3, h2::post(), h2::kEndHeaders));
  talk.session->client_finished();
  EXPECT_EQ(whole.closed(), Closed::No);
  EXPECT_EQ(half.closed(), Closed::ByConnection);
  talk.answer(whole, "late");
  talk.release(half);
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).body, "late");
}

TEST(H2Session, ALostConnectionEndsAll) {
  Conversation talk;
  ServerStream& one = talk.ask(h2::headers(1, h2::get()));
  ServerStream& two = talk.ask(h2::headers(3, h2::get()));
  Heard heard;
  two.listen(&heard);
  EXPECT_TRUE(talk.session->respond(two, 200, kNoFields, {}, false));
  talk.session->connection_lost();
  EXPECT_EQ(one.closed(), Closed::ByConnection);
  EXPECT_EQ(two.closed(), Closed::ByConnection);
  EXPECT_EQ(heard.times, 1);
  EXPECT_TRUE(talk.push(two, "x", true).failed);
  talk.release(one);
  talk.release(two);
  EXPECT_EQ(talk.session->open_streams(), 0u);
  EXPECT_TRUE(talk.session->finished());
}

// ---- Going away

TEST(H2Session, AShutdownHasTwoSteps) {
  Conversation talk;
  ServerStream& old = talk.ask(h2::headers(1, h2::get()));
  talk.session->announce_shutdown();
  talk.flush();
  ASSERT_EQ(talk.client.of(h2::kGoAway).size(), 1u);
  EXPECT_EQ(talk.client.of(h2::kGoAway)[0].last_stream(), 0x7fffffffu);
  const auto pings = talk.client.of(h2::kPing);
  ASSERT_EQ(pings.size(), 1u);
  EXPECT_FALSE(talk.session->shutdown_heard());

  ServerStream& crossed = talk.ask(h2::headers(3, h2::get()));  // it was on its way
  EXPECT_TRUE(talk.send(h2::ping(pings[0].payload, h2::kAck)));
  EXPECT_TRUE(talk.session->shutdown_heard());
  talk.session->go_away();
  talk.flush();
  ASSERT_EQ(talk.client.of(h2::kGoAway).size(), 2u);
  EXPECT_EQ(talk.client.of(h2::kGoAway)[1].last_stream(), 3u);
  EXPECT_EQ(talk.client.of(h2::kGoAway)[1].code(), 0u);
  EXPECT_FALSE(talk.session->finished());

  talk.send(h2::headers(5, h2::get()));
  EXPECT_EQ(talk.streams.size(), 2u);  // never processed: the client knows
  for (ServerStream* stream : {&old, &crossed}) {
    talk.answer(*stream, "whole");
    talk.release(*stream);
  }
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).body, "whole");
  EXPECT_EQ(talk.client.answer(3).body, "whole");
  EXPECT_TRUE(talk.session->finished());
  EXPECT_STREQ(talk.session->fault(), "");
}

// ---- What waits for more bytes

TEST(H2Session, KnowsWhetherSomethingHasBegun) {
  Conversation talk({}, false);
  EXPECT_TRUE(talk.session->unfinished());
  EXPECT_TRUE(talk.send(h2::hello().substr(0, 20)));
  EXPECT_TRUE(talk.session->unfinished());
  EXPECT_TRUE(talk.send(h2::hello().substr(20, 4)));
  EXPECT_TRUE(talk.session->unfinished());  // its SETTINGS belong to it
  EXPECT_TRUE(talk.send(h2::settings()));
  EXPECT_FALSE(talk.session->unfinished());

  const std::string head = h2::headers(1, h2::post(), h2::kEndHeaders);
  EXPECT_TRUE(talk.send(head.substr(0, 5)));
  EXPECT_TRUE(talk.session->unfinished());  // in a frame's head
  EXPECT_TRUE(talk.send(head.substr(5, 20)));
  EXPECT_TRUE(talk.session->unfinished());
  EXPECT_TRUE(talk.send(head.substr(25)));
  EXPECT_FALSE(talk.session->unfinished());

  const std::string body = h2::data(1, "abcdef");
  EXPECT_TRUE(talk.send(body.substr(0, 12)));
  EXPECT_FALSE(talk.session->unfinished());  // its exchange looks after that
  EXPECT_TRUE(talk.send(body.substr(12)));

  EXPECT_TRUE(talk.send(h2::frame(h2::kHeaders, h2::kEndStream, 3, h2::block(h2::get()))));
  EXPECT_TRUE(talk.session->unfinished());  // CONTINUATION is owed
  EXPECT_TRUE(talk.send(h2::frame(h2::kContinuation, h2::kEndHeaders, 3, h2::field("a", "b"))));
  EXPECT_FALSE(talk.session->unfinished());
}

TEST(H2Session, ASessionMayEndAtAnyPoint) {
  const std::string all = h2::hello() + h2::headers(1, h2::post(), h2::kEndHeaders) + h2::data(1, "abc") + h2::ping() +
                          h2::headers(3, h2::get()) + h2::reset(3) + h2::end_of(1, "def") + h2::settings({{4, 5}});
  for (std::size_t size = 0; size <= all.size(); ++size) {
    Conversation talk({}, false);
    talk.send(all.substr(0, size));
    for (ServerStream* stream : talk.streams) talk.session->respond(*stream, 200, kNoFields, {}, false);
    if (size % 2 == 0) talk.flush();
    if (size % 3 == 0) talk.session->connection_lost();
  }
}

}  // namespace
}  // namespace frontdoor::http2
