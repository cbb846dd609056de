// What a session makes of frames, and what it answers, frame by frame. RFC 9113.

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using Closed = ServerStream::Closed;

const http::Fields kNoFields;

TEST(H2Session, BeginsWithItsSettings) {
  Conversation talk({}, false);
  talk.flush();  // before the client has said anything (§3.4)
  const auto settings = talk.client.of(h2::kSettings);
  ASSERT_EQ(settings.size(), 1u);
  const std::string& payload = settings[0].payload;
  EXPECT_THAT(payload, HasSubstr(h2::number(3, 2) + h2::number(128)));             // MAX_CONCURRENT_STREAMS
  EXPECT_THAT(payload, HasSubstr(h2::number(4, 2) + h2::number(256 * 1024)));      // INITIAL_WINDOW_SIZE
  EXPECT_THAT(payload, HasSubstr(h2::number(6, 2) + h2::number(32 * 1024)));       // MAX_HEADER_LIST_SIZE
  EXPECT_THAT(payload, HasSubstr(h2::number(8, 2) + h2::number(1)));               // ENABLE_CONNECT_PROTOCOL
  EXPECT_THAT(payload, HasSubstr(h2::number(9, 2) + h2::number(1)));               // NO_RFC7540_PRIORITIES
  const auto windows = talk.client.of(h2::kWindowUpdate);
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0].stream, 0u);
}

TEST(H2Session, ARequestIsOpenedAndAnswered) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get("/a?b", {{"x-c", "d"}})));
  EXPECT_EQ(stream.id(), 1);
  EXPECT_EQ(stream.refusal(), nullptr);
  EXPECT_EQ(stream.request().target, "/a?b");
  EXPECT_TRUE(stream.request_ended());
  http::Fields fields{{"Content-Type", "text/plain", http::FieldId::ContentType}};
  EXPECT_TRUE(talk.session->respond(stream, 200, fields, "5", false));
  const auto pushed = talk.push(stream, "hello", true);
  EXPECT_TRUE(pushed.done);
  EXPECT_EQ(pushed.accepted, 5u);
  EXPECT_TRUE(stream.response_ended());
  talk.flush();
  const auto answer = talk.client.answer(1);
  EXPECT_EQ(answer.status, "200");
  EXPECT_EQ(answer["content-type"], "text/plain");  // §8.2: small letters
  EXPECT_EQ(answer["content-length"], "5");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.ended);
  EXPECT_FALSE(answer.was_reset);
  EXPECT_EQ(talk.client.of(h2::kData).size(), 1u);  // its end is on the last frame, not on one of its own
  talk.release(stream);
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

TEST(H2Session, BytesMayComeOneByOne) {
  Conversation talk({}, false);
  const std::string all = h2::hello() + h2::headers(1, h2::post(), h2::kEndHeaders) + h2::data(1, "abc") + h2::end_of(1, "def");
  for (const char c : all) EXPECT_TRUE(talk.send({&c, 1}));
  ASSERT_EQ(talk.streams.size(), 1u);
  EXPECT_EQ(talk.streams[0]->received(), "abcdef");
  EXPECT_TRUE(talk.streams[0]->request_ended());
}

TEST(H2Session, AnAnswerWithoutABodyEndsWithItsHead) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get()));
  EXPECT_TRUE(talk.session->respond(stream, 304, kNoFields, {}, true));
  EXPECT_TRUE(talk.push(stream, "", true).done);
  talk.flush();
  EXPECT_TRUE(talk.client.answer(1).ended);
  EXPECT_FALSE(talk.client.saw(h2::kData));
}

TEST(H2Session, FieldsOfOneConnectionAreNotPassedOn) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get()));
  http::Fields fields;
  for (const char* name : {"Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Connection", "X-A"})
    fields.push_back({name, "b", http::field_id(name)});
  EXPECT_TRUE(talk.session->respond(stream, 200, fields, {}, true));
  talk.flush();
  EXPECT_THAT(talk.client.answer(1).fields, ElementsAre(Pair(":status", "200"), Pair("x-a", "b")));
}

TEST(H2Session, AHeadThatIsTooLargeIsNotBegun) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get()));
  const std::string huge(200'000, 'v');
  EXPECT_FALSE(talk.session->respond(stream, 200, {{"x-a", huge}}, {}, true));
  EXPECT_TRUE(talk.session->respond(stream, 502, kNoFields, {}, true));
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).status, "502");
}

TEST(H2Session, ALargeHeadTakesContinuations) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get()));
  const std::string large(40'000, '~');  // long in Huffman's code
  EXPECT_TRUE(talk.session->respond(stream, 200, {{"x-a", large}, {"x-b", large}, {"x-c", "d"}}, {}, true));
  talk.flush();
  EXPECT_TRUE(talk.client.answer(1)["x-b"] == large);
  EXPECT_EQ(talk.client.answer(1)["x-c"], "d");
}

TEST(H2Session, InformationalHeadsComeBeforeTheFinalOne) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::get()));
  EXPECT_TRUE(talk.session->inform(stream, 103, {{"link", "</a>"}}));
  talk.flush();
  EXPECT_TRUE(talk.session->respond(stream, 200, kNoFields, {}, true));
  talk.flush();
  EXPECT_THAT(talk.client.answer(1).informational, ElementsAre("103"));
  EXPECT_EQ(talk.client.answer(1).status, "200");
}

TEST(H2Session, TrailersOfTheAnswer) {
  Conversation talk;
  ServerStream& with_body = talk.ask(h2::headers(1, h2::get()));
  talk.answer(with_body, "hello", {{"Grpc-Status", "0"}});
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).body, "hello");
  EXPECT_THAT(talk.client.answer(1).trailers, ElementsAre(Pair("grpc-status", "0")));
  EXPECT_TRUE(talk.client.answer(1).ended);

  ServerStream& without = talk.ask(h2::headers(3, h2::get()));
  EXPECT_TRUE(talk.session->respond(without, 200, kNoFields, {}, false));
  EXPECT_TRUE(talk.push(without, "", true, {{"grpc-status", "5"}}).done);
  talk.flush();
  EXPECT_THAT(talk.client.answer(3).trailers, ElementsAre(Pair("grpc-status", "5")));
  EXPECT_TRUE(talk.client.answer(3).ended);
}

TEST(H2Session, TrailersOfTheRequest) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
  EXPECT_TRUE(talk.send(h2::data(1, "abc") + h2::headers(1, {{"digest", "x"}, {"host", "evil"}})));
  EXPECT_TRUE(stream.request_ended());
  EXPECT_EQ(stream.received(), "abc");
  EXPECT_THAT(pairs(stream.trailers()), ElementsAre(Pair("digest", "x")));
}

TEST(H2Session, ManyStreamsAreAnsweredInAnyOrder) {
  Conversation talk;
  std::string all;
  for (std::uint32_t id = 1; id < 200; id += 2) all += h2::headers(id, h2::get("/" + std::to_string(id)));
  EXPECT_TRUE(talk.send(all));
  ASSERT_EQ(talk.streams.size(), 100u);
  auto streams = talk.streams;
  std::reverse(streams.begin(), streams.end());
  for (ServerStream* stream : streams) {
    talk.answer(*stream, std::string(stream->request().target));
    talk.release(*stream);
  }
  talk.flush();
  for (std::uint32_t id = 1; id < 200; id += 2) EXPECT_EQ(talk.client.answer(id).body, "/" + std::to_string(id));
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

TEST(H2Session, MoreStreamsThanAllowedAreRefused) {
  ServerLimits limits;
  limits.streams = 2;
  Conversation talk(limits, false);
  EXPECT_TRUE(talk.send(h2::hello() + h2::headers(1, h2::get()) + h2::headers(3, h2::get()) + h2::headers(5, h2::get())));
  talk.flush();
  EXPECT_EQ(talk.streams.size(), 2u);
  EXPECT_TRUE(talk.client.answer(5).was_reset);
  EXPECT_EQ(talk.client.answer(5).code, 7u);  // REFUSED_STREAM: it may be sent again (§8.7)
}

// ---- Flow control

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

// ---- How streams end

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

// ---- What is malformed

struct Malformed {
  const char* rule;
  std::string bytes;
};

TEST(H2Session, MalformedRequestsAreStreamErrorsAndTold) {
  const std::vector<Malformed> rows{
      {"§8.2.1: capital letters", h2::headers(1, h2::get("/a", {{"X-A", "b"}}))},
      {"§8.2.1: line end in a value", h2::headers(1, h2::get("/a", {{"x-a", "b\r\nc: d"}}))},
      {"§8.2.1: NUL in a value", h2::headers(1, h2::get("/a", {{"x-a", std::string("b\0c", 3)}}))},
      {"§8.2.2: connection-specific", h2::headers(1, h2::get("/a", {{"connection", "close"}}))},
      {"§8.2.2: connection-specific", h2::headers(1, h2::get("/a", {{"transfer-encoding", "chunked"}}))},
      {"§8.3: unknown pseudo-header", h2::headers(1, h2::get("/a", {{":x", "b"}}))},
      {"§8.3: no :path", h2::headers(1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}})},
      {"§8.3: behind a field", h2::headers(1, {{":method", "GET"}, {":scheme", "http"}, {"a", "b"}, {":path", "/a"}})},
      {"§8.1.1: a length without DATA", h2::headers(1, h2::post("/a", {{"content-length", "5"}}))},
  };
  for (const auto& row : rows) {
    Conversation talk;
    EXPECT_TRUE(talk.send(row.bytes)) << row.rule;
    ASSERT_EQ(talk.streams.size(), 1u) << row.rule;  // for the log
    ServerStream& stream = *talk.streams[0];
    EXPECT_TRUE(stream.malformed()) << row.rule;
    ASSERT_NE(stream.refusal(), nullptr) << row.rule;
    EXPECT_EQ(stream.refusal()->status, 400) << row.rule;
    talk.release(stream);
    talk.flush();
    EXPECT_TRUE(talk.client.answer(1).was_reset) << row.rule;
    EXPECT_EQ(talk.client.answer(1).code, 1u) << row.rule;  // PROTOCOL_ERROR
    EXPECT_FALSE(talk.client.goes_away()) << row.rule;
    EXPECT_EQ(talk.session->open_streams(), 0u) << row.rule;
    talk.answer(talk.ask(h2::headers(3, h2::get())), "next");  // the connection lives on, its tables too
    talk.flush();
    EXPECT_EQ(talk.client.answer(3).body, "next") << row.rule;
  }
}

TEST(H2Session, LengthAndDataMustAgree) {
  for (const std::string& rest : {h2::end_of(1, "abc"), h2::end_of(1, "abcdefgh"), h2::data(1, "abcdefgh"),
                                  h2::data(1, "abc") + h2::headers(1, {{"x", "y"}})}) {
    Conversation talk;
    ServerStream& stream = talk.ask(h2::headers(1, h2::post("/", {{"content-length", "5"}}), h2::kEndHeaders));
    EXPECT_TRUE(talk.send(rest));
    talk.flush();
    EXPECT_EQ(stream.closed(), Closed::ByFault);
    EXPECT_EQ(talk.client.answer(1).code, 1u);
    EXPECT_FALSE(talk.client.goes_away());
  }
}

TEST(H2Session, MalformedTrailersResetTheirStream) {
  for (const h2::Pairs& trailers : {h2::Pairs{{":path", "/"}}, h2::Pairs{{"X", "y"}}, h2::Pairs{{"connection", "close"}}}) {
    Conversation talk;
    ServerStream& stream = talk.ask(h2::headers(1, h2::post(), h2::kEndHeaders));
    EXPECT_TRUE(talk.send(h2::headers(1, trailers)));
    talk.flush();
    EXPECT_NE(stream.closed(), Closed::No);
    EXPECT_EQ(talk.client.answer(1).code, 1u);
  }
}

TEST(H2Session, WhatOnlyTheGateRefusesIsOpenedWithItsRefusal) {
  Conversation talk;
  ServerStream& stream = talk.ask(h2::headers(1, h2::post("/", {{"host", "other.example"}}), h2::kEndHeaders));
  ASSERT_NE(stream.refusal(), nullptr);
  EXPECT_FALSE(stream.malformed());
  EXPECT_TRUE(talk.session->respond(stream, stream.refusal()->status, kNoFields, {}, true));
  talk.release(stream);
  talk.flush();
  EXPECT_EQ(talk.client.answer(1).status, "400");
  EXPECT_TRUE(talk.client.answer(1).ended);
  EXPECT_FALSE(talk.client.answer(1).was_reset);
}

TEST(H2Session, ErrorsOfTheConnectionAreToldWithGoaway) {
  const std::vector<std::pair<std::string, std::uint32_t>> rows{
      {h2::data(0, "x"), 1},
      {h2::headers(2, h2::get()), 1},                                    // §5.1.1: even
      {h2::frame(h2::kWindowUpdate, 0, 0, h2::number(0)), 1},            // §6.9
      {h2::frame(h2::kSettings, 0, 0, "abc"), 6},                        // §6.5: FRAME_SIZE_ERROR
      {h2::frame(h2::kPing, 0, 0, "abc"), 6},
      {h2::frame(h2::kPushPromise, 4, 1, h2::number(2)), 1},             // §8.4: from a client
      {h2::frame(h2::kContinuation, 4, 1, ""), 1},                       // §6.10
      {h2::frame(h2::kHeaders, 5, 1, "\x3f\xff\xff\xff\xff\xff\x0f"), 9},  // COMPRESSION_ERROR
      {h2::frame(h2::kHeaders, 0, 1, h2::block(h2::get())) + h2::ping(), 1},  // §6.2: nothing in between
      {h2::settings({{4, 0xffffffff}}), 3},                              // §6.5.2
      {h2::number(20'000, 3) + std::string(6, '\0'), 6},                 // §4.2: longer than we allow
  };
  int row = 0;
  for (const auto& [bytes, code] : rows) {
    Conversation talk;
    talk.send(bytes);
    talk.flush();
    EXPECT_TRUE(talk.client.goes_away()) << row;
    EXPECT_EQ(talk.client.goaway_code(), code) << row;
    EXPECT_TRUE(talk.session->finished()) << row;
    EXPECT_STRNE(talk.session->fault(), "") << row;
    for (ServerStream* stream : talk.streams) EXPECT_EQ(stream->closed(), Closed::ByConnection) << row;
    ++row;
  }
}

TEST(H2Session, WhoDoesNotSpeakHttp2IsToldSo) {
  Conversation talk({}, false);
  EXPECT_FALSE(talk.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_STREQ(talk.session->fault(), "no HTTP/2 preface");
  talk.flush();
  EXPECT_EQ(talk.client.goaway_code(), 1u);
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

// ---- Floods: each ends in ENHANCE_YOUR_CALM, whatever its frames may cost

struct Flood {
  const char* name;
  std::string once;  // first
  std::string bytes;  // again and again
  std::size_t most;   // times
};

TEST(H2Session, FloodsAreEnded) {
  const std::string no_path = h2::block({{":method", "GET"}});
  const std::vector<Flood> floods{
      {"PING flood", "", h2::ping(), 200},
      {"SETTINGS flood", "", h2::settings({{4, 1000}}), 100},
      {"flood of empty DATA frames", h2::headers(1, h2::post(), h2::kEndHeaders), h2::data(1, ""), 300},
      {"flood of empty DATA frames", h2::headers(1, h2::post(), h2::kEndHeaders),
       h2::frame(h2::kData, h2::kPadded, 1, std::string(1, '\x04') + "pppp"), 300},
      {"WINDOW_UPDATE flood", "", h2::window(0, 1), 1500},
      {"flood of PRIORITY or unknown frames", "", h2::frame(h2::kPriority, 0, 1, h2::number(0) + "x"), 1500},
      {"flood of PRIORITY or unknown frames", "", h2::frame(0xee, 0, 0, "x"), 1500},
      {"CONTINUATION flood", h2::frame(h2::kHeaders, 0, 1, ""), h2::frame(h2::kContinuation, 0, 1, ""), 2},
      {"CONTINUATION flood", h2::frame(h2::kHeaders, 0, 1, ""), h2::frame(h2::kContinuation, 0, 1, h2::field("a", "b")), 20},
  };
  for (const auto& flood : floods) {
    Conversation talk;
    EXPECT_TRUE(talk.send(flood.once)) << flood.name;
    std::size_t times = 0;
    while (times < flood.most && talk.send(flood.bytes)) {
      ++times;
      talk.flush();
    }
    EXPECT_LT(times, flood.most) << flood.name;
    talk.flush();
    EXPECT_TRUE(talk.session->flooded()) << flood.name;
    EXPECT_STREQ(talk.session->fault(), flood.name);
    EXPECT_EQ(talk.client.goaway_code(), 11u) << flood.name;
    EXPECT_TRUE(talk.session->finished()) << flood.name;
    EXPECT_FALSE(talk.send(h2::ping())) << flood.name;
    for (ServerStream* stream : talk.streams) EXPECT_EQ(stream->closed(), Closed::ByConnection) << flood.name;
  }
}

TEST(H2Session, RapidResetIsEnded) {
  Conversation talk;
  std::uint32_t id = 1;
  for (; id < 4000 && talk.send(h2::headers(id, h2::get())); id += 2) {
    if (!talk.send(h2::reset(id))) break;
    while (!talk.streams.empty()) talk.release(*talk.streams.back());
  }
  EXPECT_LT(id, 1200u);
  talk.flush();
  EXPECT_EQ(talk.client.goaway_code(), 11u);
  EXPECT_STREQ(talk.session->fault(), "RST_STREAM flood");
}

// CVE-2025-8671: the client breaks a rule on each stream, so that we are the one who resets it.
TEST(H2Session, MadeResetsCountAsResets) {
  for (const bool malformed : {true, false}) {
    Conversation talk;
    std::uint32_t id = 1;
    for (; id < 4000; id += 2) {
      const bool open = malformed ? talk.send(h2::headers(id, h2::get("/", {{"connection", "close"}})))
                                  : talk.send(h2::headers(id, h2::post(), h2::kEndHeaders) + h2::window(id, 0x7fffffff));
      talk.flush();
      while (!talk.streams.empty()) talk.release(*talk.streams.back());
      talk.flush();
      if (!open || talk.session->finished()) break;
    }
    EXPECT_LT(id, 1200u) << malformed;
    EXPECT_EQ(talk.client.goaway_code(), 11u) << malformed;
  }
}

TEST(H2Session, HeaderListBombsAreEnded) {
  ServerLimits limits;
  limits.head = {.header_bytes = 8 * 1024, .header_count = 100, .uri_bytes = 1024};
  Conversation talk(limits);
  // One large field goes into the table, and is named by single bytes from then on.
  const std::string insert = std::string(1, '\x40') + h2::length7(1) + "a" + h2::length7(3000) + std::string(3000, 'v');
  const std::string bomb = h2::block(h2::get()) + insert + std::string(4000, '\xbe');
  EXPECT_FALSE(talk.send(h2::frame(h2::kHeaders, h2::kEndStream | h2::kEndHeaders, 1, bomb)));
  talk.flush();
  EXPECT_STREQ(talk.session->fault(), "header list bomb");
  EXPECT_EQ(talk.client.goaway_code(), 11u);
  EXPECT_TRUE(talk.streams.empty());
  EXPECT_EQ(talk.session->open_streams(), 0u);
}

TEST(H2Session, AListThatIsOnlyTooLargeIsAnswered) {
  ServerLimits limits;
  limits.head = {.header_bytes = 1024, .header_count = 100, .uri_bytes = 1024};
  Conversation talk(limits);
  ServerStream& stream = talk.ask(h2::headers(1, h2::get("/", {{"x-a", std::string(2000, 'v')}})));
  ASSERT_NE(stream.refusal(), nullptr);
  EXPECT_EQ(stream.refusal()->status, 431);
}

// A client that never reads what its frames ask for: what waits for it does not grow without end.
TEST(H2Session, AcknowledgementsThatNobodyReadsAreBounded) {
  Conversation talk;
  std::size_t times = 0;
  while (times < 100'000 && talk.send(h2::ping())) {
    ++times;
    talk.now += std::chrono::milliseconds{200};  // no flood by its rate
  }
  EXPECT_LT(times, 100'000u);
  EXPECT_TRUE(talk.session->flooded());
}

TEST(H2Session, BusyClientsAreNoFlood) {
  Conversation talk({}, false);
  EXPECT_TRUE(talk.send(h2::hello({{4, 1 << 20}}) + h2::window(0, 1 << 24)));
  const std::string body(8 * 1024, 'b');
  for (std::uint32_t id = 1; id < 10'001; id += 2) {
    ASSERT_TRUE(talk.send(h2::headers(id, h2::get())));
    ServerStream& stream = *talk.streams.back();
    talk.answer(stream, body);
    talk.release(stream);
    talk.flush();
    ASSERT_TRUE(talk.send(h2::window(0, 8 * 1024)));
    talk.now += std::chrono::microseconds{100};
  }
  EXPECT_FALSE(talk.client.goes_away());
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
