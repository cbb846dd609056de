// Clients that read an answer more slowly than its upstream sends it: whether they are heard meanwhile, and what their end costs.

#include "h2_stage.h"

namespace frontdoor::testing {
namespace {

// A client with a window of gigabytes that reads less than its upstream sends: what it makes free is full again at once.
struct SlowDownload : H2Stage {
  explicit SlowDownload(std::string_view extra = "")
      : H2Stage(extra, "", h2::hello({{4, 0x7fffffff}}) + h2::window(0, 0x7fffffff - 65'535)) {}

  // `behind`: what the client says in the same breath. Afterwards it reads nothing, and all there is room for is full.
  void begin(std::string_view behind = "") {
    client.send(h2::headers(1, h2::get()) + std::string(behind));
    ASSERT_TRUE(upstream_has(1));
    client.peer().pause_reading(true);
    upstream.last().send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + std::string(8 << 20, 'b'));
    client.settle();
    ASSERT_FALSE(upstream.last().all_sent());
  }
  bool asked_for(std::string_view path) {
    for (std::size_t i = 0; i < upstream.connections(); ++i)
      if (upstream.connection(i).saw(path)) return true;
    return false;
  }
  // Reads 8 KiB at a time, of a download without end, until `done`. How much it has read; kInVain: in vain.
  static constexpr std::size_t kInVain = 4 << 20;
  template <class Done>
  std::size_t reads_until(Done&& done) {
    client.peer().pause_reading(false);
    client.peer().read_slowly(8 * 1024);
    std::size_t rounds = 0;
    client.until([&] {
      Peer& download = upstream.connection(0);
      if (download.is_open() && download.all_sent()) download.send(std::string(1 << 20, 'b'));
      return done() || ++rounds * 4 * 1024 > kInVain;  // asked twice in each
    });
    return rounds * 4 * 1024;
  }
};

// What it was to be told does not leave: the others of its worker are served meanwhile, and in the end it is cut.
TEST(H2Conversation, AConnectionThatEndsWhileItsClientReadsNothingHoldsNobodyUp) {
  SlowDownload stage("[timeouts]\nclient_header = \"5s\"\nclient_write = \"20s\"\n");
  stage.begin(h2::headers(3, h2::get()).substr(0, 5));
  stage.proxy.time().advance(std::chrono::seconds{6});  // for the rest of that head
  stage.client.settle();
  ASSERT_TRUE(stage.client.until([&] { return stage.upstream.connection(0).ended(); })) << "it has been ended";
  H2Client neighbour(stage.proxy);
  neighbour.send(h2::headers(1, h2::get()));
  ASSERT_TRUE(neighbour.until([&] { return stage.upstream.connections() == 2 && stage.upstream.last().saw("\r\n\r\n"); }));
  stage.upstream.last().send(kUpstreamHello);
  ASSERT_TRUE(neighbour.ended(1));
  stage.proxy.time().advance(std::chrono::seconds{21});
  stage.client.settle();
  EXPECT_EQ(stage.proxy.worker().open_connections(), 1u);
}

}  // namespace
}  // namespace frontdoor::testing
