// What a failed connect says about an upstream, and which connections are used again.

#include "proxy/h1/h1_dialer.h"

#include <gtest/gtest.h>

#include <array>

#include "proxy/h1/h1_upstream_connection.h"
#include "support/fake_streams.h"
#include "support/wire.h"

namespace frontdoor {
namespace {

TEST(ConnectFailures, OnlyNobodyThereTakesAnUpstreamOut) {
  EXPECT_EQ(upstream_failure(ConnectFailure::Refused), UpstreamFailure::Refused);
  EXPECT_EQ(upstream_failure(ConnectFailure::Full), UpstreamFailure::Overloaded);
  EXPECT_EQ(upstream_failure(ConnectFailure::TimedOut), UpstreamFailure::ConnectTimeout);
  EXPECT_EQ(upstream_failure(ConnectFailure::OurFault), UpstreamFailure::LocalResources);
  EXPECT_EQ(upstream_failure(ConnectFailure::Unreachable), UpstreamFailure::Unreachable);
}

// A loopback upstream, its LocalUpstream and a dialer; the test reads and answers at the accepted socket.
class Dialing : public ::testing::Test {
 protected:
  Dialing() : shared_(std::make_shared<Upstream>("app", Address{Address::Kind::Tcp, "127.0.0.1", 1}, 1u,
                                                 std::make_shared<PoolMemory>())) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    at_ = *Endpoint::numeric("127.0.0.1", 0);
    EXPECT_EQ(::bind(listening_, at_.data(), at_.size()), 0);
    EXPECT_EQ(::listen(listening_, 8), 0);
    socklen_t size = Endpoint::capacity();
    ::getsockname(listening_, at_.data(), &size);
    at_.resize(size);
    shared_->set_endpoints({at_});
    upstream_ = LocalUpstream::create(shared_, 0, wire_.loop);
  }
  ~Dialing() override {
    if (peer_ >= 0) ::close(peer_);
    if (listening_ >= 0) ::close(listening_);
  }

  Detached dial_into(Dialed& result, bool& done) {
    Dialed dialed = co_await dialer_.dial(*upstream_, waker_, wire_.loop.now() + Millis{1'000}, caller_);
    result = std::move(dialed);
    done = true;
  }
  Dialed dial() {
    Dialed dialed;
    bool done = false;
    dial_into(dialed, done);
    EXPECT_TRUE(wire_.turn_until([&] { return done; }));
    return dialed;
  }
  void accept() {
    if (peer_ >= 0) ::close(peer_);
    EXPECT_TRUE(wire_.turn_until([&] { return (peer_ = ::accept(listening_, nullptr, nullptr)) >= 0; }));
  }
  std::string receive() {
    std::string out;
    wire_.turn_until([&] {
      char buffer[4096];
      const ssize_t n = ::recv(peer_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) out.append(buffer, static_cast<std::size_t>(n));
      return out.find("\r\n\r\n") != std::string::npos;
    });
    return out;
  }
  // One request and its answer on this stream, which is then given back.
  void serve_once(std::unique_ptr<UpstreamStream> stream, std::string_view answer,
                  std::string_view behind = "") {
    http::Fields none;
    EXPECT_TRUE(stream->send_head({"GET", "/", "e", none, {}}, http::Method::Get));
    EXPECT_EQ(stream->request_body().push("", true, none).state, Pushed::State::Done);
    receive();
    const std::string all = std::string(answer) + std::string(behind);
    ASSERT_EQ(::send(peer_, all.data(), all.size(), MSG_NOSIGNAL), static_cast<ssize_t>(all.size()));
    ASSERT_TRUE(wire_.turn_until([&] { return stream->poll_head() == UpstreamStream::HeadState::Final; }));
    for (Peeked peeked = stream->response_body().peek(); peeked.state == Peeked::State::Bytes;
         peeked = stream->response_body().peek())
      stream->response_body().consume(peeked.bytes.size());
    dialer_.give_back(*upstream_, std::move(stream), Millis{60'000});
  }
  bool reusable(Dialer::Verify verify = Dialer::Verify::No) {
    return dialer_.reuse(*upstream_, waker_, verify) != nullptr;
  }
  void pass(Duration by) {
    wire_.time.advance(by);
    wire_.turn();
    wire_.turn();
  }

  testing::Wire wire_;
  BufferPool buffers_{64 * 1024};
  LocalSnapshot::Known known_;
  WorkerRoom room_{wire_.loop, nullptr, known_};
  Connector connector_{wire_.loop, room_};
  H1Dialer dialer_{wire_.loop, buffers_, http::HeadLimits{}, connector_};
  Waker waker_{wire_.loop};
  testing::FakeClientStream client_{waker_};
  struct Caller final : Dialer::Caller {
    explicit Caller(const ClientStream& stream) : client_stream(stream) {}
    const ClientStream& client() const override { return client_stream; }
    TimePoint wanted_until() override { return until; }
    const ClientStream& client_stream;
    TimePoint until = Waker::kNever;
  } caller_{client_};
  std::shared_ptr<Upstream> shared_;
  int listening_ = -1;
  int peer_ = -1;
  Endpoint at_;
  std::shared_ptr<LocalUpstream> upstream_;
};

// A listener whose backlog is full: the kernel drops what would come in.
class SilentListener {
 public:
  SilentListener() {
    EXPECT_EQ(::bind(fd_, at_.data(), at_.size()), 0);
    EXPECT_EQ(::listen(fd_, 0), 0);
    socklen_t size = Endpoint::capacity();
    ::getsockname(fd_, at_.data(), &size);
    at_.resize(size);
    for (int& fd : queued_) {
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      ::connect(fd, at_.data(), at_.size());
    }
  }
  ~SilentListener() {
    for (const int fd : queued_) ::close(fd);
    ::close(fd_);
  }
  const Endpoint& at() const { return at_; }

 private:
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  Endpoint at_ = *Endpoint::numeric("127.0.0.1", 0);
  std::array<int, 4> queued_{};
};

// Its upstream was taken out, or its client has left.
TEST_F(Dialing, WhatNobodyWantsAnyLongerIsGivenUpAtOnce) {
  const SilentListener silent;
  shared_->set_endpoints({silent.at()});
  Dialed dialed;
  bool done = false;
  dial_into(dialed, done);
  wire_.turn();
  caller_.until = wire_.loop.now() + Millis{100};
  waker_.wake();
  wire_.turn();
  EXPECT_FALSE(done) << "it has some patience left";
  pass(Millis{120});
  ASSERT_TRUE(done) << "long before its deadline";
  EXPECT_FALSE(dialed.stream);
  EXPECT_EQ(dialed.failure, UpstreamFailure::None);
  EXPECT_EQ(wire_.ops.open_descriptors, 1);
}

TEST_F(Dialing, ASilentFirstAddressDoesNotHideASecondThatAnswers) {
  const SilentListener silent;
  shared_->set_endpoints({silent.at(), at_});
  Dialed dialed;
  bool done = false;
  dial_into(dialed, done);
  wire_.turn();
  EXPECT_FALSE(done);
  pass(Millis{520});
  EXPECT_TRUE(wire_.turn_until([&] { return done; })) << "half of the time for each of two";
  EXPECT_TRUE(dialed.stream);
}

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(Dialing, AConnectionInOrderIsUsedAgain) {
  Dialed dialed = dial();
  ASSERT_TRUE(dialed.stream);
  EXPECT_FALSE(dialed.stream->reused());
  accept();
  serve_once(std::move(dialed.stream), kAnswer);
  EXPECT_EQ(buffers_.in_use(), 0u) << "an idle connection holds no buffer";
  auto stream = dialer_.reuse(*upstream_, waker_, Dialer::Verify::Yes);
  ASSERT_TRUE(stream);
  EXPECT_TRUE(stream->reused());
  EXPECT_FALSE(stream->sent_anything());
  serve_once(std::move(stream), kAnswer);
  EXPECT_TRUE(reusable());
}

TEST_F(Dialing, AConnectionInDoubtIsNotUsedAgain) {
  struct {
    std::string_view answer;
    std::string_view behind;
  } const cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", ""},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ""},
      {kAnswer, "x"},  // more than was announced
      {kAnswer, kAnswer},
      {"HTTP/1.1 204 No Content\r\n\r\n", "body"},
  };
  for (const auto& c : cases) {
    Dialed dialed = dial();
    ASSERT_TRUE(dialed.stream);
    accept();
    serve_once(std::move(dialed.stream), c.answer, c.behind);
    EXPECT_FALSE(reusable()) << c.answer << c.behind;
  }
}

TEST_F(Dialing, AnIdleConnectionThatIsClosedOrSpeaksUnaskedIsDropped) {
  for (const bool speaks : {false, true}) {
    Dialed dialed = dial();
    accept();
    serve_once(std::move(dialed.stream), kAnswer);
    ASSERT_FALSE(upstream_->idle.empty());
    if (speaks)
      ASSERT_EQ(::send(peer_, "x", 1, MSG_NOSIGNAL), 1);
    else
      ::shutdown(peer_, SHUT_WR);
    EXPECT_TRUE(wire_.turn_until([&] { return upstream_->idle.empty(); }));
    EXPECT_EQ(wire_.ops.open_descriptors, 1) << "only the test's own wire";
  }
}

TEST_F(Dialing, WhatEpollHasNotToldYetIsSeenByVerify) {
  Dialed dialed = dial();
  accept();
  serve_once(std::move(dialed.stream), kAnswer);
  ::shutdown(peer_, SHUT_WR);
  const auto closed = [&] {
    auto& idle = static_cast<H1UpstreamConnection&>(upstream_->idle.front());
    return !idle.transport().quiet();
  };
  while (!closed()) {
  }
  EXPECT_FALSE(reusable(Dialer::Verify::Yes));
}

TEST_F(Dialing, AnIdleConnectionIsClosedBeforeTheUpstreamWould) {
  Dialed dialed = dial();
  accept();
  serve_once(std::move(dialed.stream), kAnswer);
  pass(Millis{3'900});
  EXPECT_FALSE(upstream_->idle.empty());
  pass(Millis{150});
  EXPECT_TRUE(upstream_->idle.empty()) << "4 s while nothing is known";

  dialed = dial();
  accept();
  serve_once(std::move(dialed.stream),
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=20\r\n\r\nok");
  EXPECT_EQ(shared_->learned_idle_limit(), Millis{20'000});
  pass(Millis{18'900});
  EXPECT_FALSE(upstream_->idle.empty());
  pass(Millis{150});
  EXPECT_TRUE(upstream_->idle.empty()) << "a second before its own limit";
}

TEST_F(Dialing, AllAddressesAreTriedAndOnlyARefusalByAllIsOne) {
  const Endpoint working = at_;
  ::close(std::exchange(listening_, -1));
  EXPECT_EQ(dial().failure, UpstreamFailure::Refused);
  shared_->set_endpoints({working, working});
  EXPECT_EQ(dial().failure, UpstreamFailure::Refused);
  // A broadcast address cannot be connected to: EACCES or ENETUNREACH, but no refusal.
  const Endpoint unreachable = *Endpoint::numeric("255.255.255.255", 9);
  for (const auto& endpoints : {std::vector{unreachable, working}, std::vector{working, unreachable}}) {
    shared_->set_endpoints(endpoints);
    EXPECT_NE(dial().failure, UpstreamFailure::Refused);
  }
  shared_->set_endpoints({});
  EXPECT_EQ(dial().failure, UpstreamFailure::Unreachable);
  EXPECT_EQ(wire_.ops.open_descriptors, 1);
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(Dialing, ConnectionsOfAnEarlierLifeServeNoRequestEvenBeforeTheWorkerHasHeardOfItsEnd) {
  const auto turns_to = [&](UpstreamState state) {
    ASSERT_TRUE(shared_->change(shared_->seen(), state, "test", wire_.loop.now()));
  };
  turns_to(UpstreamState::Up);
  for (int life = 0; life < 2; ++life) {
    Dialed dialed = dial();
    accept();
    serve_once(std::move(dialed.stream), kOk);
  }
  ASSERT_FALSE(upstream_->idle.empty());
  turns_to(UpstreamState::Down);
  turns_to(UpstreamState::Up);  // on the control thread; the worker's loop has not turned
  EXPECT_FALSE(reusable());
  EXPECT_TRUE(upstream_->idle.empty());

  // One that was begun before and is given back after: the same.
  Dialed early = dial();
  accept();
  turns_to(UpstreamState::Down);
  turns_to(UpstreamState::Up);
  serve_once(std::move(early.stream), kOk);
  EXPECT_TRUE(upstream_->idle.empty());

  // And the message about the earlier life's end leaves the later one's alone.
  Dialed late = dial();
  accept();
  serve_once(std::move(late.stream), kOk);
  pass(Millis{0});
  EXPECT_TRUE(reusable());
}

TEST_F(Dialing, ConnectionsToAnUpstreamThatIsNoLongerNamedServeNoOtherRequest) {
  Dialed busy = dial();
  accept();
  upstream_->set_named(false);
  serve_once(std::move(busy.stream), kOk);
  EXPECT_TRUE(upstream_->idle.empty()) << "a busy one ends with its request";
  upstream_->set_named(true);
  Dialed next = dial();
  accept();
  serve_once(std::move(next.stream), kOk);
  EXPECT_FALSE(upstream_->idle.empty());
  upstream_->set_named(false);
  EXPECT_TRUE(upstream_->idle.empty()) << "an idle one at once";
}

TEST_F(Dialing, RequestsThatAnticipateContentSayThatThereIsNone) {
  Dialed dialed = dial();
  accept();
  http::Fields none;
  ASSERT_TRUE(dialed.stream->send_head({"POST", "/", "e", none, {}}, http::Method::Post));
  EXPECT_EQ(dialed.stream->request_body().push("", true, none).state, Pushed::State::Done);
  EXPECT_EQ(receive(), "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace frontdoor
