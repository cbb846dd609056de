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

}  // namespace
}  // namespace frontdoor::testing
