// What a session refuses: requests that are malformed, frames that break the rules of a connection. RFC 9113 §8.1.1, §5.4.

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using Closed = ServerStream::Closed;

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

}  // namespace
}  // namespace frontdoor::http2
