// How many TLS handshakes a worker has at a time, and what they may do in one turn.

#include "proxy/server/handshakes.h"

#include "proxy/server/tls_handshake.h"
#include "support/fake_time.h"
#include "tls/load.h"
#include "tls/self_signed.h"

namespace frontdoor {
namespace {

using testing::FakeTime;

struct HandshakeStage {
  FakeTime time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
  Handshakes all{loop};
};

TEST(Handshakes, AFewStepsInATurn) {
  HandshakeStage stage;
  for (int turn = 0; turn < 3; ++turn) {
    stage.loop.run_once(Millis{0});
    for (unsigned step = 0; step < Handshakes::kStepsInATurn; ++step) EXPECT_TRUE(stage.all.may_step()) << step;
    EXPECT_FALSE(stage.all.may_step());
    EXPECT_FALSE(stage.all.may_step());
  }
}

TEST(Handshakes, TheLongestMakesRoom) {
  HandshakeStage stage;
  auto made = tls::make_self_signed({"a.example"}, 1'800'000'000, 90);
  tls::ServerFiles files;
  files.made.push_back({"self-signed", made.cert, made.key, ""});
  const auto loaded = tls::load_server(files, std::make_shared<tls::TicketKeys>(std::chrono::hours(12)), 1'800'000'000);
  ASSERT_TRUE(loaded.context);
  const tls::Server server(loaded.context);

  struct One {
    One(HandshakeStage& on, const tls::Server& at) : transport(on.loop), handshake(on.loop, transport, on.all, at, "") {}
    Transport transport;
    TlsHandshake handshake;
  };
  std::vector<std::unique_ptr<One>> many;
  for (std::size_t i = 0; i < Handshakes::kMost + 3; ++i) many.push_back(std::make_unique<One>(stage, server));
  EXPECT_EQ(stage.all.count(), Handshakes::kMost);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(many[i]->handshake.is_cut(), i < 3) << i;
  many.erase(many.begin());  // one that has made room
  EXPECT_EQ(stage.all.count(), Handshakes::kMost);
  many.pop_back();
  EXPECT_EQ(stage.all.count(), Handshakes::kMost - 1);
  many.clear();
  EXPECT_EQ(stage.all.count(), 0u);
}

}  // namespace
}  // namespace frontdoor
