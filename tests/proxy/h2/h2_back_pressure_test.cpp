// Who is slow at one end of an HTTP/2 client's stream, and who waits for it: nobody buffers more than a window.

#include "h2_stage.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

TEST(H2Conversation, ASlowReaderMakesNobodyBuffer) {
  H2Stage stage("", "", h2::hello({{4, 1000}}));
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  const std::string body(8 << 20, 'b');
  stage.upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).body.size() == 1000; }));
  stage.client.settle();
  EXPECT_EQ(stage.client.answer(1).body.size(), 1000u);
  EXPECT_FALSE(stage.upstream.last().all_sent());  // it waits as well
  EXPECT_LE(stage.proxy.worker().buffers_in_use(), 2u);
  // A neighbour is not held up.
  stage.client.send(h2::headers(3, h2::get()));
  ASSERT_TRUE(stage.upstream_has(2));
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.ended(3));
  stage.client.send(h2::window(0, 16 << 20) + h2::window(1, 16 << 20));
  ASSERT_TRUE(stage.client.until([&] {
    const h2::Frame& last = stage.client.reader().frames.back();
    return last.stream == 1 && last.ends();
  }));
  EXPECT_TRUE(stage.client.answer(1).body == body);
}

TEST(H2Conversation, AClientThatTakesNothingIsGivenUp) {
  H2Stage stage("[timeouts]\nclient_write = \"5s\"\n", "", h2::hello({{4, 0}}));
  stage.client.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(stage.client.until([&] { return stage.client.answer(1).status == "200"; }));
  stage.proxy.time().advance(std::chrono::seconds{6});
  ASSERT_TRUE(stage.client.ended(1));
  EXPECT_TRUE(stage.client.answer(1).was_reset);
  EXPECT_EQ(stage.client.answer(1).code, 8u);  // CANCEL
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"outcome\":\"client_write_timeout\""));
}

TEST(H2Conversation, AnUploadThatNobodyTakesWaitsInItsWindow) {
  H2Stage stage("", "", h2::hello() + h2::settings_ack());  // our window is the client's from its acknowledgement on
  stage.client.send(h2::headers(1, h2::post(), h2::kEndHeaders));
  ASSERT_TRUE(stage.upstream_has(1));
  stage.upstream.last().pause_reading(true);
  // Until its window is closed: it is a well-behaved client.
  std::size_t sent = 0;
  std::size_t window = 65'535;
  std::size_t seen = 0;
  const auto credit = [&] {
    std::size_t by = 0;
    for (const auto& frame : stage.client.reader().of(h2::kWindowUpdate))
      if (frame.stream == 1) by += static_cast<std::size_t>(static_cast<unsigned char>(frame.payload[0])) << 24 |
                                   static_cast<std::size_t>(static_cast<unsigned char>(frame.payload[1])) << 16 |
                                   static_cast<std::size_t>(static_cast<unsigned char>(frame.payload[2])) << 8 |
                                   static_cast<unsigned char>(frame.payload[3]);
    return by;
  };
  window = 256 * 1024;  // as our SETTINGS say
  for (int rounds = 0; rounds < 3000; ++rounds) {
    stage.client.settle();
    const std::size_t more = credit();
    window += more - seen;
    seen = more;
    if (window < 16'384) break;
    stage.client.send(h2::data(1, std::string(16'384, 'u')));
    window -= 16'384;
    sent += 16'384;
  }
  EXPECT_LT(window, 16'384u);
  EXPECT_FALSE(stage.client.reader().goes_away());
  EXPECT_FALSE(stage.client.answer(1).was_reset);
  EXPECT_LE(stage.proxy.worker().buffers_in_use(), 3u);
  stage.upstream.last().pause_reading(false);
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.last().received().size() > sent; }));
}

// Four uploads that wait for an upstream have all of the connection's window. Whoever has none left is not slow.
TEST(H2Conversation, AnUploadThatItsNeighboursHoldUpIsNotBlamedForIt) {
  for (const bool goes_on : {true, false}) {
    ScriptedUpstream away, upstream;
    away.stop_listening();
    TestProxy proxy({&upstream}, "[timeouts]\nclient_body = \"6s\"\n[pool.held]\nupstreams = [\"" + away.address() +
                                     "\"]\nhold.timeout = \"20s\"\n[[route]]\npath = \"/held\"\npool = \"held\"\n[[route]]\npath = \"/\"\npool = \"app\"\n");
    H2Client client(proxy, h2::hello() + h2::settings_ack());
    client.settle();
    for (std::uint32_t id = 1; id <= 7; id += 2) {
      client.send(h2::headers(id, h2::post("/held"), h2::kEndHeaders));
      for (int i = 0; i < 16; ++i) client.send(h2::data(id, std::string(16'384, 'u')));
    }
    client.send(h2::headers(9, h2::post("/"), h2::kEndHeaders));
    ASSERT_TRUE(client.until([&] { return upstream.connections() == 1 && upstream.last().saw("\r\n\r\n"); }));
    const auto opened = [&] {
      std::size_t by = 0;
      for (const auto& frame : client.reader().of(h2::kWindowUpdate)) by += frame.stream == 0 ? frame.code() : 0;
      return by;
    };
    const std::size_t at_first = opened();
    for (int i = 0; i < 3; ++i) {
      proxy.time().advance(std::chrono::seconds{6});
      client.settle();
      ASSERT_EQ(client.answer(9).status, "") << i;
    }
    EXPECT_EQ(opened(), at_first);
    proxy.time().advance(std::chrono::seconds{3});
    ASSERT_TRUE(client.until([&] { return client.answer(7).status == "503" && opened() != at_first; }));
    proxy.time().advance(std::chrono::seconds{4});
    client.settle();
    ASSERT_EQ(client.answer(9).status, "");
    if (goes_on) {
      client.send(h2::end_of(9, "abc"));
      ASSERT_TRUE(client.until([&] { return upstream.last().saw("abc"); }));
      upstream.last().send(kUpstreamHello);
    } else {
      proxy.time().advance(std::chrono::seconds{3});  // now it may send
    }
    ASSERT_TRUE(client.ended(9));
    EXPECT_EQ(client.answer(9).status, goes_on ? "200" : "408");
  }
}

}  // namespace
}  // namespace frontdoor::testing
