// Floods: each ends in ENHANCE_YOUR_CALM, whatever its frames may cost, and honest clients are none.

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using Closed = ServerStream::Closed;

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

// Each costs us the reading of a head and a frame. (A client that has not read our SETTINGS yet may send some too many.)
TEST(H2Session, StreamsBeyondWhatIsAllowedCountAsResets) {
  ServerLimits limits;
  limits.streams = 2;
  Conversation talk(limits, false);  // one that has acknowledged the limit, and breaks it, is cut at once
  ASSERT_TRUE(talk.send(h2::hello()));
  std::uint32_t id = 1;
  for (; id < 4000 && talk.send(h2::headers(id, h2::get())); id += 2) talk.flush();
  EXPECT_GT(id, 800u);
  EXPECT_LT(id, 1200u);
  talk.flush();
  EXPECT_EQ(talk.client.goaway_code(), 11u);
  EXPECT_STREQ(talk.session->fault(), "RST_STREAM flood");
}

}  // namespace
}  // namespace frontdoor::http2
