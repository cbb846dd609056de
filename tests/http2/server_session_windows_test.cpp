// Flow control of a session, to its client and from it. RFC 9113 §5.2.

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using Closed = ServerStream::Closed;

TEST(H2Session, AnAnswerWaitsForItsWindow) {
  Conversation talk({}, false);
  EXPECT_TRUE(talk.send(h2::hello({{4, 10}}) + h2::headers(1, h2::get())));
  ServerStream& stream = *talk.streams[0];
  Heard heard;
  stream.listen(&heard);
  EXPECT_TRUE(talk.session->respond(stream, 200, kNoFields, {}, false));
  const std::string body = "0123456789abcdef";
  auto pushed = talk.push(stream, body, true);
  EXPECT_EQ(pushed.accepted, 10u);
  EXPECT_FALSE(pushed.done);
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).body, "0123456789");
  talk.session->room_came();
  EXPECT_EQ(heard.times, 0);  // room is not what it waits for
  pushed = talk.push(stream, body.substr(10), true);
  EXPECT_EQ(pushed.accepted, 0u);

  EXPECT_TRUE(talk.send(h2::window(1, 4)));
  talk.flush();
  EXPECT_EQ(heard.times, 1);
  pushed = talk.push(stream, body.substr(10), true);
  EXPECT_EQ(pushed.accepted, 4u);
  EXPECT_TRUE(talk.send(h2::settings({{4, 1000}})));  // §6.9.2: this opens it as well
  talk.flush();
  EXPECT_EQ(heard.times, 2);
  EXPECT_TRUE(talk.push(stream, body.substr(14), true).done);
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).body, body);
  EXPECT_TRUE(talk.client.answer(1).ended);
}

TEST(H2Session, AnAnswerWaitsForTheWindowOfTheConnection) {
  Conversation talk({}, false);
  EXPECT_TRUE(talk.send(h2::hello({{4, 1 << 20}}) + h2::headers(1, h2::get()) + h2::headers(3, h2::get())));
  Heard heard[2];
  std::string body(100'000, 'b');
  std::size_t sent = 0;
  for (int i = 0; i < 2; ++i) {
    talk.streams[static_cast<std::size_t>(i)]->listen(&heard[i]);
    EXPECT_TRUE(talk.session->respond(*talk.streams[static_cast<std::size_t>(i)], 200, kNoFields, {}, false));
  }
  while (sent < 65'535) {
    const auto pushed = talk.push(*talk.streams[0], std::string_view(body).substr(sent), true);
    sent += pushed.accepted;
    talk.flush();
    if (pushed.accepted == 0) break;
  }
  EXPECT_EQ(sent, 65'535u);
  EXPECT_EQ(talk.push(*talk.streams[0], "x", false).accepted, 0u);
  EXPECT_EQ(talk.push(*talk.streams[1], "x", false).accepted, 0u);
  talk.flush();
  const int before[] = {heard[0].times, heard[1].times};
  EXPECT_TRUE(talk.send(h2::window(0, 1000)));
  talk.flush();
  EXPECT_GT(heard[0].times, before[0]);
  EXPECT_GT(heard[1].times, before[1]);
  EXPECT_EQ(talk.push(*talk.streams[1], "x", false).accepted, 1u);
}

TEST(H2Session, AnAnswerWaitsForRoom) {
  Conversation talk({}, false);
  EXPECT_TRUE(talk.send(h2::hello({{4, 1 << 24}}) + h2::window(0, 1 << 24) + h2::headers(1, h2::get())));
  talk.flush();
  ServerStream& stream = *talk.streams[0];
  Heard heard;
  stream.listen(&heard);
  EXPECT_TRUE(talk.session->respond(stream, 200, kNoFields, {}, false));
  const std::string body(1 << 20, 'b');
  std::size_t sent = 0;
  int rounds = 0;
  for (bool done = false; !done; ++rounds) {
    const auto pushed = talk.push(stream, std::string_view(body).substr(sent), true);
    sent += pushed.accepted;
    done = pushed.done;
    EXPECT_LE(talk.output.unsent().size(), Conversation::kRoom);
    EXPECT_EQ(talk.session->anybody_wants_room(), !done);
    const int before = heard.times;
    talk.flush();
    EXPECT_TRUE(done || heard.times > before);
  }
  EXPECT_TRUE(talk.client.answer(1).body == body);
  EXPECT_LE(rounds, 18);  // a block at a time
}

// Nothing leaves, for its client reads nothing: the end of the connection is not kept from its streams until it does.
TEST(H2Session, BodiesLeaveRoomForTheLastWord) {
  Conversation talk({}, false);
  EXPECT_TRUE(talk.send(h2::hello({{4, 1 << 24}}) + h2::window(0, 1 << 24) + h2::headers(1, h2::get())));
  talk.flush();
  ServerStream& stream = *talk.streams[0];
  EXPECT_TRUE(talk.session->respond(stream, 200, kNoFields, {}, false));
  const std::string body(1 << 20, 'b');
  while (talk.push(stream, body, false).accepted != 0) {
  }
  EXPECT_LT(talk.output.room(), 1'000u);
  talk.session->terminate(ErrorCode::EnhanceYourCalm);
  talk.session->produce(talk.output);
  EXPECT_TRUE(talk.session->finished());
  EXPECT_EQ(stream.closed(), Closed::ByConnection);
  talk.client.feed(talk.output.unsent());
  EXPECT_TRUE(talk.client.goes_away());
}

TEST(H2Session, AQuantumLeavesRoomForOthers) {
  Conversation talk;
  ServerStream& one = talk.ask(h2::headers(1, h2::get()));
  ServerStream& two = talk.ask(h2::headers(3, h2::get()));
  for (ServerStream* stream : {&one, &two}) EXPECT_TRUE(talk.session->respond(*stream, 200, kNoFields, {}, false));
  const std::string body(30'000, 'b');
  EXPECT_EQ(talk.push(one, body, false, {}, 4096).accepted, 4096u);
  EXPECT_TRUE(talk.session->anybody_wants_room());
  EXPECT_EQ(talk.push(two, body, false, {}, 4096).accepted, 4096u);
}

TEST(H2Session, WindowsOpenWithWhatIsUsed) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  const std::string chunk(16 * 1024, 'c');
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(talk.send(h2::data(1, chunk)));
  talk.flush();
  EXPECT_EQ(stream.received().size(), 256u * 1024);
  const std::size_t before = talk.client.of(h2::kWindowUpdate).size();
  talk.session->consume(stream, stream.received().size());
  talk.flush();
  EXPECT_GT(talk.client.of(h2::kWindowUpdate).size(), before);
  EXPECT_TRUE(talk.send(h2::data(1, chunk)));
}

// What an enemy can make us keep: a window for each stream, one for the connection, and nothing beyond.
TEST(H2Session, WhatIsNotReadIsBoundedByTheWindows) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  const std::string chunk(16 * 1024, 'c');
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(talk.send(h2::data(1, chunk)));
  talk.send(h2::data(1, chunk));  // beyond its window
  talk.flush();
  EXPECT_NE(stream.closed(), Closed::No);
  EXPECT_TRUE(talk.client.answer(1).was_reset || talk.client.goes_away());
  EXPECT_TRUE(stream.received().empty());

  Conversation wide;
  for (std::uint32_t id = 1; id < 11; id += 2) wide.ask(h2::headers(id, h2::post(), h2::kEndHeaders));
  bool open = true;
  std::size_t kept = 0;
  for (std::uint32_t id = 1; open && id < 11; id += 2)
    for (int i = 0; open && i < 16; ++i) {
      open = wide.send(h2::data(id, chunk));
      wide.flush();
      open = open && !wide.client.goes_away();
    }
  for (ServerStream* one : wide.streams) kept += one->received().size();
  EXPECT_FALSE(open);
  EXPECT_EQ(wide.client.goaway_code(), 3u);  // FLOW_CONTROL_ERROR
  EXPECT_LE(kept, 1024u * 1024);
}

// The rest of a body that nobody wants must not close the window of the connection (haproxy/haproxy#1219).
TEST(H2Session, WhatIsDiscardedIsCreditedToTheConnection) {
  Conversation talk;
  const std::string chunk(16 * 1024, 'c');
  for (std::uint32_t id = 1; id < 41; id += 2) {
    ServerStream& stream = talk.ask(h2::headers(id, h2::post(), h2::kEndHeaders));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(talk.send(h2::data(id, chunk)));
    EXPECT_EQ(stream.received().size(), 128u * 1024);
    talk.answer(stream, "enough");
    talk.release(stream);
    talk.flush();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(talk.send(h2::data(id, chunk)));  // it was on its way
    for (int i = 0; i < 2; ++i) talk.session->reset_unwanted(), talk.flush();
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(talk.send(h2::data(id, chunk)));  // this as well
    talk.flush();
  }
  EXPECT_FALSE(talk.client.goes_away());
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

}  // namespace
}  // namespace frontdoor::http2
