// Those who wait for a stream on one upstream, and what that costs others.

#include "proxy/h2_upstream/h2_dialer.h"

#include <gtest/gtest.h>

#include <ctime>
#include <memory>

#include "proxy/upstreams/worker_room.h"
#include "support/deaf_socket.h"
#include "support/fake_streams.h"
#include "support/wire.h"

namespace frontdoor {
namespace {

class H2Dialing : public ::testing::Test {
 protected:
  // One to which a connect takes until its deadline.
  std::shared_ptr<LocalUpstream> deaf_upstream(unsigned number) {
    const Address address{Address::Kind::Tcp, "127.0.0.1", 1};
    const auto shared = std::make_shared<Upstream>("app", address, number, std::make_shared<PoolMemory>());
    shared->set_endpoints({deaf_.endpoint()});
    auto local = LocalUpstream::create(shared, 0, wire_.loop);
    local->speaks_http2 = true;
    return local;
  }
  Detached wait_for(LocalUpstream& upstream) {
    Waker waker(wire_.loop);
    const Dialed dialed = co_await dialer_.dial(upstream, waker, wire_.loop.now() + Millis{10'000}, caller_);
    if (dialed.failure == UpstreamFailure::ConnectTimeout) ++timed_out_;
  }
  Duration cost_of_asking(LocalUpstream& upstream) {
    const auto cpu = [] {
      timespec at{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
      return std::chrono::seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec};
    };
    const auto before = cpu();
    for (int i = 0; i < 5'000; ++i) EXPECT_EQ(dialer_.reuse(upstream, waker_, Dialer::Verify::No), nullptr);
    return std::chrono::duration_cast<Duration>(cpu() - before);
  }

  testing::Wire wire_;
  testing::DeafSocket deaf_;
  BufferPool buffers_{64 * 1024};
  LocalSnapshot::Known known_;
  WorkerRoom room_{wire_.loop, nullptr, known_};
  Connector connector_{wire_.loop, room_};
  H2Dialer dialer_{wire_.loop, buffers_, http::HeadLimits{}, connector_, nullptr};
  Waker waker_{wire_.loop};
  testing::FakeClientStream client_{waker_};
  struct Caller final : Dialer::Caller {
    explicit Caller(const ClientStream& stream) : client_stream(stream) {}
    const ClientStream& client() const override { return client_stream; }
    TimePoint wanted_until() override { return Waker::kNever; }
    const ClientStream& client_stream;
  } caller_{client_};
  int timed_out_ = 0;
};

// Twenty thousand in one row: asked five thousand times, that is a hundred million looks.
TEST_F(H2Dialing, ThoseWhoWaitForOneUpstreamCostTheOthersNothing) {
  constexpr int kWaiting = 20'000;
  const auto full = deaf_upstream(1);
  const auto other = deaf_upstream(2);
  const Duration alone = cost_of_asking(*other);
  for (int i = 0; i < kWaiting; ++i) wait_for(*full);
  EXPECT_LT(cost_of_asking(*other), 10 * alone + Millis{20});
  EXPECT_LT(cost_of_asking(*full), 10 * alone + Millis{20});
  wire_.time.advance(Millis{11'000});
  EXPECT_TRUE(wire_.turn_until([&] { return timed_out_ == kWaiting; }));
}

}  // namespace
}  // namespace frontdoor
