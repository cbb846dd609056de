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
  // For the rest of that head: client_header. For a client that reads nothing it would be another three times as long.
  stage.proxy.time().advance(std::chrono::seconds{6});
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

TEST(H2Conversation, ASlowDownloadDoesNotKeepItsConnectionFromBeingRead) {
  for (const char* tls : {"", "tls = \"self-signed\""}) {
    SlowDownload stage(tls);
    stage.begin();
    stage.client.send(h2::headers(3, h2::get("/second")));
    stage.client.settle();
    EXPECT_LT(stage.reads_until([&] { return stage.asked_for("/second"); }), SlowDownload::kInVain) << tls;
    stage.client.send(h2::ping());
    EXPECT_LT(stage.reads_until([&] { return stage.client.reader().saw(h2::kPing); }), SlowDownload::kInVain) << tls;
    EXPECT_LE(stage.proxy.worker().buffers_in_use(), 4u) << tls;
    stage.client.send(h2::reset(1));
    EXPECT_LT(stage.reads_until([&] { return stage.upstream.connection(0).ended(); }), SlowDownload::kInVain) << tls;
  }
}

// What has come of a head and is not read while its client takes nothing is late by our doing.
TEST(H2Conversation, AHeadIsNotLateWhileWeDoNotReadIt) {
  const std::string head = h2::headers(3, h2::get("/second"));
  for (const bool complete : {true, false}) {
    SlowDownload stage("[timeouts]\nclient_header = \"5s\"\nclient_write = \"60s\"\n");
    stage.begin(head.substr(0, 5));
    if (complete) stage.client.send(head.substr(5));
    for (int seconds = 0; seconds < 8; ++seconds) {
      stage.proxy.time().advance(std::chrono::seconds{1});
      stage.client.settle();
    }
    stage.reads_until([&] { return stage.asked_for("/second") || stage.client.reader().goes_away(); });
    EXPECT_EQ(stage.asked_for("/second"), complete);
    EXPECT_EQ(stage.client.reader().goes_away(), !complete);
  }
}

// Its FIN may be read at any time, and is no part of the head that it owes.
TEST(H2Conversation, AHeadThatItsFinHasCutIsLateThoughWeDoNotReadTheFin) {
  SlowDownload stage("[timeouts]\nclient_header = \"5s\"\nclient_write = \"60s\"\n");
  stage.begin(h2::headers(3, h2::get()).substr(0, 5));
  stage.client.peer().finish();
  stage.client.settle();
  ASSERT_FALSE(stage.upstream.connection(0).ended());
  stage.proxy.time().advance(std::chrono::seconds{6});
  stage.client.settle();
  EXPECT_TRUE(stage.client.until([&] { return stage.upstream.connection(0).ended(); }));
}

}  // namespace
}  // namespace frontdoor::testing
