// What a session makes of the frames of a request, and what it answers, frame by frame. RFC 9113.

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

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

}  // namespace
}  // namespace frontdoor::http2
