// What our end of a connection to an upstream says, and makes of what comes, frame by frame. RFC 9113.

#include "http2/client_session.h"

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using Ended = RequestStream::Closed;

const http::Fields kNone;

// One session and a scripted server, without a socket.
class Asking {
 public:
  explicit Asking(const ClientLimits& limits = {}, const std::string& hello = h2::settings()) : session(limits), block_(64 * 1024, '\0') {
    output.lend(block_.data(), block_.size());
    flush();
    if (!hello.empty()) {
      EXPECT_TRUE(send(hello + h2::settings_ack()));
    }
    flush();
  }
  bool send(std::string_view bytes) { return session.receive(bytes, now); }
  void flush() {
    for (;;) {
      session.produce(output);
      if (output.empty()) return;
      raw_ += output.unsent();
      output.sent(output.unsent().size());
      if (raw_.size() >= kPreface.size() && fed_ == 0) fed_ = kPreface.size();
      server.feed(std::string_view(raw_).substr(fed_));
      fed_ = raw_.size();
      session.room_came();
    }
  }
  RequestStream& get(std::string_view path = "/", const http::Fields& fields = {}) {
    return *session.ask({.method_text = "GET", .method = http::Method::Get, .authority = "e", .target = path, .fields = fields});
  }
  RequestStream& post(std::string_view length = {}) {
    return *session.ask({.method_text = "POST", .method = http::Method::Post, .authority = "e", .target = "/", .fields = kNone,
                         .content_length = length, .ended = false});
  }
  Session::Pushed push(RequestStream& stream, std::string_view bytes, bool last, const http::Fields& trailers = {}) {
    return session.push(stream, bytes, last, trailers, output, 1 << 20);
  }
  const std::string& raw() const { return raw_; }

  TimePoint now{std::chrono::hours{1}};
  Output output;
  ClientSession session;
  h2::Reader server;  // what the server has read

 private:
  std::string block_;
  std::string raw_;
  std::size_t fed_ = 0;
};

TEST(H2ClientSession, BeginsWithThePrefaceAndItsSettings) {
  Asking talk({}, "");
  EXPECT_TRUE(talk.raw().starts_with(kPreface));
  const auto settings = talk.server.of(h2::kSettings);
  ASSERT_EQ(settings.size(), 1u);
  EXPECT_THAT(settings[0].payload, HasSubstr(h2::number(2, 2) + h2::number(0)));           // no push
  EXPECT_THAT(settings[0].payload, HasSubstr(h2::number(4, 2) + h2::number(256 * 1024)));  // of a stream
  const auto windows = talk.server.of(h2::kWindowUpdate);
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0].stream, 0u);
  EXPECT_EQ(windows[0].payload, h2::number(100 * 256 * 1024 - 65'535)) << "as large as those of all streams";
}

TEST(H2ClientSession, ARequestIsAskedAndAnswered) {
  Asking talk;
  const http::Fields fields{{"X-Name", "value"}, {"Connection", "close", http::FieldId::Connection}, {"Host", "other", http::FieldId::Host}};
  RequestStream& stream = talk.get("/a?b", fields);
  EXPECT_FALSE(stream.head_sent());
  talk.flush();
  EXPECT_TRUE(stream.head_sent());
  const auto asked = talk.server.asked(1);
  EXPECT_EQ(asked[":method"], "GET");
  EXPECT_EQ(asked[":scheme"], "http");
  EXPECT_EQ(asked[":authority"], "e");
  EXPECT_EQ(asked[":path"], "/a?b");
  EXPECT_EQ(asked["x-name"], "value") << "small letters (§8.2)";
  EXPECT_EQ(asked["te"], "trailers");
  EXPECT_FALSE(asked.has("connection"));
  EXPECT_FALSE(asked.has("host"));
  EXPECT_TRUE(asked.ended);

  EXPECT_EQ(stream.final_head(), nullptr);
  Heard heard;
  stream.listen(&heard);
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("200", {{"content-type", "text/plain"}}), h2::kEndHeaders)));
  EXPECT_EQ(heard.times, 1);
  ASSERT_NE(stream.final_head(), nullptr);
  EXPECT_EQ(stream.final_head()->status, 200);
  EXPECT_EQ(stream.final_head()->reason, "OK");
  EXPECT_EQ(stream.final_head()->version, http::Version::Http2);
  EXPECT_EQ(stream.final_head()->framing.kind, http::BodyKind::Chunked);
  EXPECT_TRUE(talk.send(h2::data(1, "abc")));
  EXPECT_EQ(stream.received(), "abc");
  EXPECT_FALSE(stream.response_ended());
  EXPECT_TRUE(talk.send(h2::end_of(1, "def")));
  EXPECT_EQ(stream.received(), "abcdef") << "it outlives its stream";
  EXPECT_TRUE(stream.response_ended());
  EXPECT_EQ(stream.closed(), Ended::InOrder);
  talk.session.consume(stream, 6);
  talk.session.release(stream);
  talk.flush();
  EXPECT_FALSE(talk.server.asked(1).was_reset);
  EXPECT_EQ(talk.session.open_streams(), 0u);
}

TEST(H2ClientSession, BytesMayComeOneByOne) {
  Asking talk({}, "");
  RequestStream& stream = talk.get();
  talk.flush();
  for (const char c : h2::settings() + h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::end_of(1, "abc"))
    EXPECT_TRUE(talk.send({&c, 1}));
  EXPECT_EQ(stream.received(), "abc");
  EXPECT_TRUE(stream.response_ended());
}

TEST(H2ClientSession, ABodyWaitsForWindowsAndEndsWithTrailers) {
  Asking talk({}, h2::settings({{4, 5}}));
  RequestStream& stream = talk.post();
  Heard heard;
  stream.listen(&heard);
  auto pushed = talk.push(stream, "abcdefgh", true, {});
  EXPECT_EQ(pushed.accepted, 5u);
  EXPECT_FALSE(pushed.done);
  heard.times = 0;
  EXPECT_TRUE(talk.send(h2::window(1, 3)));
  talk.flush();
  EXPECT_EQ(heard.times, 1);
  const http::Fields trailers{{"X-Sum", "1"}};
  pushed = talk.push(stream, "fgh", true, trailers);
  EXPECT_TRUE(pushed.done);
  talk.flush();
  const auto asked = talk.server.asked(1);
  EXPECT_EQ(asked.body, "abcdefgh");
  EXPECT_EQ(asked.trailers, (h2::Pairs{{"x-sum", "1"}}));
  EXPECT_TRUE(asked.ended);
}

TEST(H2ClientSession, AnswersMayHaveInformationalHeadsAndTrailers) {
  Asking talk;
  RequestStream& stream = talk.get();
  talk.flush();
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("100"), h2::kEndHeaders) +
                        h2::headers(1, h2::status("103", {{"link", "a"}}), h2::kEndHeaders) +
                        h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::data(1, "x") +
                        h2::headers(1, {{"grpc-status", "0"}, {"host", "e"}})));
  const http::ResponseHead* head = stream.next_informational();
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->status, 100);
  head = stream.next_informational();
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->status, 103);
  EXPECT_EQ(head->fields.front().value, "a");
  EXPECT_EQ(stream.next_informational(), nullptr);
  EXPECT_EQ(stream.final_head()->status, 200);
  EXPECT_EQ(pairs(stream.trailers()), (h2::Pairs{{"grpc-status", "0"}})) << "routing is no trailer";
  EXPECT_TRUE(stream.response_ended());
}

TEST(H2ClientSession, AHeadThatEndsItsStreamIsAWholeAnswer) {
  Asking talk;
  RequestStream& stream = talk.get();
  talk.flush();
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("200", {{"grpc-status", "5"}}))));
  ASSERT_NE(stream.final_head(), nullptr);
  EXPECT_EQ(stream.final_head()->framing, (http::Framing{http::BodyKind::Length, 0}));
  EXPECT_TRUE(stream.response_ended());
  EXPECT_EQ(stream.closed(), Ended::InOrder);
}

TEST(H2ClientSession, WhatIsNoAnswerResetsItsStreamAndNoOther) {
  const struct {
    const char* what;
    std::string frames;
    const char* fault;
  } cases[] = {
      {"no :status", h2::headers(1, {{"a", "b"}}), nullptr},
      {"a status that is none", h2::headers(1, h2::status("20")), nullptr},
      {"a status of six hundred", h2::headers(1, h2::status("600")), nullptr},
      {"101", h2::headers(1, h2::status("101"), h2::kEndHeaders), nullptr},
      {"another pseudo-header", h2::headers(1, h2::status("200", {{":path", "/"}})), nullptr},
      {":status twice", h2::headers(1, {{":status", "200"}, {":status", "200"}}), nullptr},
      {":status behind a field", h2::headers(1, {{"a", "b"}, {":status", "200"}}), nullptr},
      {"a capital letter", h2::headers(1, h2::status("200", {{"Name", "b"}})), nullptr},
      {"a line end in a value", h2::headers(1, h2::status("200", {{"a", "b\r\nc: d"}})), nullptr},
      {"connection", h2::headers(1, h2::status("200", {{"connection", "close"}})), nullptr},
      {"transfer-encoding", h2::headers(1, h2::status("200", {{"transfer-encoding", "chunked"}})), nullptr},
      {"two lengths", h2::headers(1, h2::status("200", {{"content-length", "1"}, {"content-length", "2"}}), h2::kEndHeaders), nullptr},
      {"a 1xx that ends the stream", h2::headers(1, h2::status("103")), nullptr},
      {"a length without a body", h2::headers(1, h2::status("200", {{"content-length", "3"}})), nullptr},
      {"less than its length", h2::headers(1, h2::status("200", {{"content-length", "3"}}), h2::kEndHeaders) + h2::end_of(1, "ab"), nullptr},
      {"more than its length", h2::headers(1, h2::status("200", {{"content-length", "3"}}), h2::kEndHeaders) + h2::data(1, "abcd"), nullptr},
      {"trailers that do not end it",
       h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::headers(1, {{"a", "b"}}, h2::kEndHeaders), nullptr},
      {"a pseudo-header among trailers", h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::headers(1, {{":status", "200"}}),
       nullptr},
      {"too large a head", h2::headers(1, h2::status("200", {{"a", std::string(33'000, 'x')}})), "response head too large"},
  };
  for (const auto& one : cases) {
    Asking talk;
    RequestStream& stream = talk.get();
    RequestStream& neighbour = talk.get();
    talk.flush();
    std::string frames = one.frames;
    if (frames.size() > 20'000) frames = h2::frame(h2::kHeaders, h2::kEndStream, 1, one.frames.substr(9, 16'000)) +
                                         h2::frame(h2::kContinuation, h2::kNone, 1, one.frames.substr(9 + 16'000, 16'000)) +
                                         h2::frame(h2::kContinuation, h2::kEndHeaders, 1, one.frames.substr(9 + 32'000));
    EXPECT_TRUE(talk.send(frames)) << one.what;
    talk.flush();
    EXPECT_EQ(stream.closed(), Ended::ByFault) << one.what;
    EXPECT_STRNE(stream.fault(), "") << one.what;
    if (one.fault) {
      EXPECT_STREQ(stream.fault(), one.fault) << one.what;
    }
    EXPECT_TRUE(talk.server.asked(1).was_reset) << one.what;
    EXPECT_TRUE(talk.send(h2::headers(3, h2::status("200"), h2::kEndHeaders) + h2::end_of(3, "ok"))) << one.what;
    EXPECT_EQ(neighbour.received(), "ok") << one.what;
    EXPECT_FALSE(talk.server.goes_away()) << one.what;
  }
}

TEST(H2ClientSession, ResetsTellWhetherItWasProcessed) {
  for (const ErrorCode code : {ErrorCode::RefusedStream, ErrorCode::InternalError, ErrorCode::Cancel, ErrorCode::NoError}) {
    Asking talk;
    RequestStream& stream = talk.get();
    talk.flush();
    EXPECT_TRUE(talk.send(h2::reset(1, static_cast<std::uint32_t>(code))));
    EXPECT_EQ(stream.closed(), Ended::ByReset);
    EXPECT_EQ(stream.error(), code);
    EXPECT_TRUE(talk.session.may_ask());
  }
}

TEST(H2ClientSession, AnEarlyAnswerIsWholeWhateverIsSaidOfTheRestOfTheRequest) {
  for (const std::uint32_t code : {0u, 8u}) {
    Asking talk;
    RequestStream& stream = talk.post();
    talk.push(stream, "ab", false);
    talk.flush();
    EXPECT_TRUE(talk.send(h2::headers(1, h2::status("413"), h2::kEndHeaders) + h2::end_of(1, "no") + h2::reset(1, code)));
    EXPECT_EQ(stream.closed(), Ended::InOrder);
    EXPECT_EQ(stream.received(), "no");
    EXPECT_TRUE(talk.push(stream, "c", false).failed);
    talk.session.consume(stream, 2);
    talk.session.release(stream);
    talk.flush();
    EXPECT_FALSE(talk.server.asked(1).was_reset);
  }
}

TEST(H2ClientSession, WhoeverLeavesIsCancelled) {
  Asking talk;
  RequestStream& stream = talk.get();
  RequestStream& upload = talk.post();
  talk.flush();
  talk.session.release(stream);
  EXPECT_TRUE(talk.send(h2::headers(3, h2::status("200")))) << "a whole answer, and the request goes on";
  talk.session.release(upload);
  talk.flush();
  EXPECT_EQ(talk.server.asked(1).code, static_cast<std::uint32_t>(ErrorCode::Cancel));
  EXPECT_EQ(talk.server.asked(3).code, static_cast<std::uint32_t>(ErrorCode::Cancel));
  EXPECT_EQ(talk.session.open_streams(), 0u);
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::data(1, "late"))) << "it had crossed";
}

TEST(H2ClientSession, WhatIsTakenBackBeforeItLeftWasNeverSent) {
  Asking talk;
  RequestStream& stream = talk.get();
  talk.session.release(stream);
  talk.flush();
  EXPECT_TRUE(talk.server.asked(1).fields.empty());
  EXPECT_EQ(talk.session.open_streams(), 0u);
}

TEST(H2ClientSession, StreamsAboveTheLastOfAGoawayWereNeverProcessed) {
  Asking talk;
  RequestStream& first = talk.get();
  RequestStream& second = talk.get();
  talk.flush();
  EXPECT_TRUE(talk.send(h2::goaway(1)));
  EXPECT_TRUE(talk.session.goes_away());
  EXPECT_FALSE(talk.session.may_ask());
  EXPECT_EQ(second.closed(), Ended::ByReset);
  EXPECT_EQ(second.error(), ErrorCode::RefusedStream);
  EXPECT_EQ(first.closed(), Ended::No);
  talk.send(h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::headers(1, {{"grpc-status", "0"}}));
  EXPECT_TRUE(first.response_ended()) << "it ends with its trailers";
  talk.session.release(first);
  talk.session.release(second);
  talk.flush();
  EXPECT_FALSE(talk.session.too_many_pings());
}

TEST(H2ClientSession, AGoawayMayNameTooManyPings) {
  for (const char* words : {"too_many_pings", "other"}) {
    Asking talk;
    talk.send(h2::goaway(0, 11, words));
    EXPECT_EQ(talk.session.too_many_pings(), std::string_view(words) == "too_many_pings");
  }
}

TEST(H2ClientSession, AsManyStreamsAsTheOtherSideAllows) {
  Asking talk({}, "");
  EXPECT_FALSE(talk.session.knows_settings());
  EXPECT_EQ(talk.session.streams_at_once(), 100u);
  EXPECT_TRUE(talk.send(h2::settings({{3, 2}})));
  EXPECT_TRUE(talk.session.knows_settings());
  EXPECT_EQ(talk.session.streams_at_once(), 2u);
  RequestStream& first = talk.get();
  talk.get();
  EXPECT_FALSE(talk.session.may_ask());
  EXPECT_TRUE(talk.session.takes_requests());
  talk.flush();
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("200"))));
  talk.session.release(first);
  EXPECT_TRUE(talk.session.may_ask());
  EXPECT_TRUE(talk.send(h2::settings({{3, 4'000'000'000}})));
  EXPECT_EQ(talk.session.streams_at_once(), 100u) << "and no more than we want";
}

TEST(H2ClientSession, PingsAreAnsweredAndAnswersHeard) {
  Asking talk;
  EXPECT_TRUE(talk.send(h2::ping("abcdefgh")));
  talk.flush();
  const auto answers = talk.server.of(h2::kPing);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].flags, h2::kAck);
  EXPECT_EQ(answers[0].payload, "abcdefgh");
  talk.session.ping();
  talk.flush();
  EXPECT_FALSE(talk.session.ping_answered());
  EXPECT_TRUE(talk.send(h2::ping(talk.server.of(h2::kPing).back().payload, h2::kAck)));
  EXPECT_TRUE(talk.session.ping_answered());
}

TEST(H2ClientSession, TheConnectionsEndIsTheEndOfEachStream) {
  Asking talk;
  RequestStream& first = talk.get();
  RequestStream& second = talk.get();
  talk.flush();
  talk.session.connection_lost();
  EXPECT_EQ(first.closed(), Ended::ByConnection);
  EXPECT_EQ(second.closed(), Ended::ByConnection);
  EXPECT_TRUE(talk.session.finished());
  EXPECT_FALSE(talk.session.may_ask());
  talk.session.release(first);
  talk.session.release(second);
  EXPECT_EQ(talk.session.open_streams(), 0u);
}

// Of an upstream, too. Each ends the connection; the first five with ENHANCE_YOUR_CALM and in our words.
TEST(H2ClientSession, WhoBreaksTheRulesOfAConnectionLosesIt) {
  const auto many = [](const std::string& frame, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += frame;
    return all;
  };
  std::string bomb;  // one indexed field, again and again
  bomb += '\x40' + h2::length7(1) + "a" + h2::length7(4'000) + std::string(4'000, 'x');
  const struct {
    const char* what;
    std::string frames;
    const char* fault;
  } cases[] = {
      {"SETTINGS", many(h2::settings(), 200), "SETTINGS flood"},
      {"PING", many(h2::ping(), 400), "PING flood"},
      {"empty DATA", h2::headers(1, h2::status("200"), h2::kEndHeaders) + many(h2::data(1, ""), 400), "flood of empty DATA frames"},
      {"CONTINUATION", h2::headers(1, h2::status("200"), h2::kNone) + many(h2::frame(h2::kContinuation, 0, 1, h2::field("a", "b")), 200),
       "CONTINUATION flood"},
      {"a header bomb", h2::frame(h2::kHeaders, h2::kEndHeaders, 1, h2::block(h2::status("200")) + bomb + std::string(2'000, '\xbe')),
       "header list bomb"},
      {"PUSH_PROMISE", h2::frame(h2::kPushPromise, h2::kEndHeaders, 1, h2::number(2) + h2::block(h2::get())), "PROTOCOL_ERROR"},
      {"DATA before a head", h2::data(1, "a"), "PROTOCOL_ERROR"},
      {"HEADERS on a stream of its own", h2::headers(2, h2::status("200")), "PROTOCOL_ERROR"},
      {"a broken table", h2::frame(h2::kHeaders, h2::kEndHeaders, 1, "\xff\xff\xff\xff\xff"), "COMPRESSION_ERROR"},
      {"a window beyond all bounds", h2::window(0, 0x7fffffff), "FLOW_CONTROL_ERROR"},
  };
  for (const auto& one : cases) {
    Asking talk;
    RequestStream& stream = talk.get();
    RequestStream& neighbour = talk.get();
    talk.flush();
    talk.send(one.frames);
    talk.flush();
    EXPECT_TRUE(talk.server.goes_away()) << one.what;
    EXPECT_STREQ(talk.session.fault(), one.fault) << one.what;
    EXPECT_TRUE(talk.session.finished()) << one.what;
    EXPECT_NE(stream.closed(), Ended::No) << one.what;
    EXPECT_EQ(neighbour.closed(), Ended::ByConnection) << one.what;
    talk.session.release(stream);
    talk.session.release(neighbour);
  }
}

TEST(H2ClientSession, WhatIsNoHttp2IsSeenAtOnce) {
  Asking talk({}, "");
  RequestStream& stream = talk.get();
  talk.flush();
  talk.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  talk.flush();
  EXPECT_FALSE(talk.session.knows_settings());
  EXPECT_STRNE(talk.session.fault(), "");
  EXPECT_EQ(stream.closed(), Ended::ByConnection);
  talk.session.release(stream);
}

// gRPC's libraries measure the way with a PING for what they have received.
TEST(H2ClientSession, APingForEachFrameOfABodyIsNoFlood) {
  Asking talk;
  RequestStream& stream = talk.post();
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(talk.push(stream, "message", false).accepted, 7u);
    talk.flush();
    ASSERT_TRUE(talk.send(h2::ping() + h2::window(0, 7) + h2::window(1, 7))) << i;
  }
  talk.session.release(stream);
}

TEST(H2ClientSession, InformationalHeadsAreKeptInPartAndCounted) {
  Asking talk;
  RequestStream& stream = talk.get();
  talk.flush();
  for (int i = 0; i < 32; ++i) EXPECT_TRUE(talk.send(h2::headers(1, h2::status("103"), h2::kEndHeaders)));
  EXPECT_EQ(stream.closed(), Ended::No);
  int kept = 0;
  while (stream.next_informational()) ++kept;
  EXPECT_EQ(kept, 4);
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("103"), h2::kEndHeaders)));
  talk.flush();
  EXPECT_EQ(stream.closed(), Ended::ByFault);
  EXPECT_STREQ(stream.fault(), "too many informational responses");
}

TEST(H2ClientSession, AHeadThatIsTooLargeToSendIsNotAsked) {
  Asking talk;
  const std::string large(200 * 1024, 'x');
  const http::Fields fields{{"a", large}};
  EXPECT_EQ(talk.session.ask({.method_text = "GET", .authority = "e", .target = "/", .fields = fields}), nullptr);
  EXPECT_EQ(talk.session.open_streams(), 0u);
}

// ---- RFC 8441

RequestStream& connect(Asking& talk) {
  const http::Fields fields{{"Sec-WebSocket-Version", "13"}};
  return *talk.session.ask({.method_text = "CONNECT", .method = http::Method::Connect, .authority = "e", .target = "/ws",
                            .fields = fields, .ended = false, .protocol = "websocket"});
}

TEST(H2ClientSession, KnowsWhetherExtendedConnectIsAllowed) {
  EXPECT_FALSE(Asking({}, "").session.allows_extended_connect());
  EXPECT_FALSE(Asking().session.allows_extended_connect());
  EXPECT_FALSE(Asking({}, h2::settings({{8, 0}})).session.allows_extended_connect());
  Asking talk({}, h2::settings({{8, 1}}));
  EXPECT_TRUE(talk.session.allows_extended_connect());
  Asking late;
  EXPECT_TRUE(late.send(h2::settings({{8, 1}})));
  EXPECT_TRUE(late.session.allows_extended_connect());
}

TEST(H2ClientSession, ATunnelIsAskedForAndCarriesData) {
  Asking talk({}, h2::settings({{8, 1}}));
  RequestStream& stream = connect(talk);
  talk.flush();
  const auto asked = talk.server.asked(1);
  EXPECT_EQ(asked[":method"], "CONNECT");
  EXPECT_EQ(asked[":protocol"], "websocket");
  EXPECT_EQ(asked[":path"], "/ws");
  EXPECT_EQ(asked[":scheme"], "http");
  EXPECT_FALSE(asked.ended);
  EXPECT_FALSE(asked.has("te"));
  EXPECT_FALSE(stream.is_tunnel());
  // RFC 9110 §9.3.6: a length says nothing.
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("200", {{"content-length", "3"}}), h2::kEndHeaders)));
  EXPECT_TRUE(stream.is_tunnel());
  EXPECT_EQ(stream.final_head()->framing.kind, http::BodyKind::Chunked);
  EXPECT_TRUE(talk.send(h2::data(1, "hello")));
  EXPECT_EQ(stream.received(), "hello");
  EXPECT_TRUE(talk.push(stream, "up", false).done);
  talk.flush();
  EXPECT_EQ(talk.server.asked(1).body, "up");
  EXPECT_TRUE(talk.push(stream, "", true).done);
  EXPECT_TRUE(talk.send(h2::end_of(1)));
  EXPECT_EQ(stream.closed(), Ended::InOrder);
}

TEST(H2ClientSession, ARefusedTunnelIsAnAnswer) {
  Asking talk({}, h2::settings({{8, 1}}));
  RequestStream& stream = connect(talk);
  talk.flush();
  EXPECT_TRUE(talk.send(h2::headers(1, h2::status("403", {{"content-length", "4"}}), h2::kEndHeaders) + h2::end_of(1, "nope")));
  EXPECT_FALSE(stream.is_tunnel());
  EXPECT_EQ(stream.final_head()->framing, (http::Framing{http::BodyKind::Length, 4}));
  EXPECT_EQ(stream.received(), "nope");
}

TEST(H2ClientSession, HeadersOnATunnelAreAnError) {
  for (const auto& block : {h2::Pairs{{"x-end", "1"}}, h2::Pairs{{":status", "200"}}, h2::Pairs{}}) {
    Asking talk({}, h2::settings({{8, 1}}));
    RequestStream& stream = connect(talk);
    talk.flush();
    EXPECT_TRUE(talk.send(h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::headers(1, block)));
    talk.flush();
    EXPECT_TRUE(talk.server.asked(1).was_reset);
    EXPECT_EQ(talk.server.asked(1).code, 1u);
    EXPECT_EQ(stream.closed(), Ended::ByFault);
    EXPECT_TRUE(talk.session.may_ask()) << "the connection serves on";
  }
}

}  // namespace
}  // namespace frontdoor::http2
