// What a Transport makes of epoll's edges: it never calls in vain, never forgets a byte, and tells a FIN from
// a RST.

#include "loop/transport.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/wire.h"

namespace frontdoor {
namespace {

using testing::CountingSocketOps;
using testing::FakeTime;
using testing::Link;
using testing::Wire;

struct Notified final : Runnable {
  int times = 0;
  void run() override { ++times; }
};

std::string read_all(Transport& transport, std::size_t room = 4096) {
  std::string out;
  std::vector<char> buffer(room);
  for (;;) {
    const IoResult result = transport.read(buffer.data(), room);
    if (result.status != IoStatus::Ok) return out;
    out.append(buffer.data(), result.bytes);
  }
}

IoStatus read_status(Transport& transport) {
  std::array<char, 64> buffer;
  return transport.read(buffer.data(), buffer.size()).status;
}

iovec part(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

class OnBothLinks : public ::testing::TestWithParam<Link> {};
INSTANTIATE_TEST_SUITE_P(Transport, OnBothLinks, ::testing::Values(Link::UnixPair, Link::Tcp),
                         [](const auto& link) { return link.param == Link::Tcp ? "Tcp" : "Unix"; });

TEST_P(OnBothLinks, AShortReadMeansDrainedAndCostsNoFurtherCall) {
  Wire wire(GetParam());
  EXPECT_FALSE(wire.transport.may_read());
  EXPECT_EQ(read_status(wire.transport), IoStatus::WouldBlock);
  EXPECT_EQ(wire.ops.receives, 0u) << "nothing has come: the kernel is not asked";

  wire.peer_sends("hello");
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.may_read(); }));
  EXPECT_EQ(read_all(wire.transport), "hello");
  EXPECT_EQ(wire.ops.receives, 1u) << "five bytes of 4096: there are no more";
  EXPECT_FALSE(wire.transport.may_read());

  wire.peer_sends("again");
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.may_read(); }));
  EXPECT_EQ(read_all(wire.transport), "again");
  EXPECT_EQ(wire.ops.receives, 2u);
}

TEST_P(OnBothLinks, AFullReadGoesOn) {
  Wire wire(GetParam());
  wire.peer_sends("abcdef");
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.may_read(); }));
  EXPECT_EQ(read_all(wire.transport, 3), "abcdef");
  EXPECT_EQ(wire.ops.receives, 3u) << "the room was filled twice, so a third call has to tell";
}

// What may be read and what has not been read are two things.
TEST_P(OnBothLinks, AFullReadLeavesNothingUnreadThoughMoreMayCome) {
  Wire wire(GetParam());
  wire.peer_sends("abc");
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.may_read(); }));
  EXPECT_TRUE(wire.transport.unread());
  char all[3];
  EXPECT_EQ(wire.transport.read(all, sizeof all).bytes, sizeof all);
  EXPECT_TRUE(wire.transport.may_read());
  EXPECT_FALSE(wire.transport.unread());
  wire.peer_finishes();
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.peer_finished(); }));
  EXPECT_TRUE(wire.transport.may_read());
  EXPECT_FALSE(wire.transport.unread()) << "an end is no byte";
}

TEST_P(OnBothLinks, BytesInFrontOfAFinAreReadBeforeTheEnd) {
  Wire wire(GetParam());
  wire.peer_sends("last words");
  wire.peer_finishes();
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.peer_finished(); }));
  EXPECT_FALSE(wire.transport.peer_gone()) << "a FIN alone: it may still read";
  EXPECT_EQ(read_all(wire.transport), "last words");
  EXPECT_EQ(read_status(wire.transport), IoStatus::End);
  const iovec answer = part("answer");
  EXPECT_EQ(wire.transport.write(&answer, 1).bytes, 6u);
  wire.turn();
  EXPECT_EQ(wire.peer_receives(), "answer");
}

// The FIN comes after the bytes were read: no further byte will make an edge, the FIN itself must.
TEST_P(OnBothLinks, AFinBehindADrainedSocketIsTold) {
  Wire wire(GetParam());
  Notified notified;
  wire.transport.notify(&notified);
  wire.peer_sends("x");
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.may_read(); }));
  read_all(wire.transport);
  const int before = notified.times;
  wire.peer_finishes();
  ASSERT_TRUE(wire.turn_until([&] { return notified.times > before; }));
  EXPECT_EQ(read_status(wire.transport), IoStatus::End);
}

TEST(Transport, ResetIsGoneAndFails) {
  Wire wire(Link::Tcp);
  wire.reset_peer();
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.peer_gone(); }));
  std::array<char, 8> buffer;
  const IoResult result = wire.transport.read(buffer.data(), buffer.size());
  EXPECT_EQ(result.status, IoStatus::Failed);
  EXPECT_EQ(result.error, ECONNRESET);
  const iovec bytes = part("x");
  EXPECT_EQ(wire.transport.write(&bytes, 1).status, IoStatus::Failed);
}

TEST(Transport, OurOwnFinFollowedByTheirsIsNoHangUp) {
  Wire wire(Link::Tcp);
  wire.transport.shutdown_write();
  wire.peer_finishes();
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.peer_finished(); }));
  wire.turn();
  EXPECT_FALSE(wire.transport.peer_gone());
  EXPECT_EQ(read_status(wire.transport), IoStatus::End);
}

TEST(Transport, AClosedUnixPeerIsGoneYetItsLastBytesCanBeRead) {
  Wire wire(Link::UnixPair);
  wire.peer_sends("bye");
  wire.close_peer();
  ASSERT_TRUE(wire.turn_until([&] { return wire.transport.peer_gone(); }));
  EXPECT_EQ(read_all(wire.transport), "bye");
}

TEST_P(OnBothLinks, AShortWriteMeansFullUntilTheNextEdge) {
  Wire wire(GetParam());
  Notified notified;
  wire.transport.notify(&notified);
  const std::string much(std::size_t{8} << 20, 'x');
  const iovec all = part(much);
  const IoResult first = wire.transport.write(&all, 1);
  ASSERT_EQ(first.status, IoStatus::Ok);
  ASSERT_LT(first.bytes, much.size());
  EXPECT_FALSE(wire.transport.may_write());
  const auto calls = wire.ops.sends;
  EXPECT_EQ(wire.transport.write(&all, 1).status, IoStatus::WouldBlock);
  EXPECT_EQ(wire.ops.sends, calls);

  std::size_t sent = first.bytes;
  std::size_t arrived = 0;
  ASSERT_TRUE(wire.turn_until([&] {
    arrived += wire.peer_receives().size();
    if (wire.transport.may_write() && sent < much.size()) {
      const iovec rest = part(std::string_view(much).substr(sent));
      sent += wire.transport.write(&rest, 1).bytes;
    }
    return arrived == much.size();
  })) << sent
      << " of " << much.size() << " sent, " << arrived << " arrived";
  EXPECT_GT(notified.times, 0);
}

// Few connections ever fill their socket. The others are not woken for having room.
TEST_P(OnBothLinks, RoomIsNoEventBeforeThereWasNone) {
  Wire wire(GetParam());
  Notified notified;
  wire.transport.notify(&notified);
  const iovec hello = part("hello");
  EXPECT_EQ(wire.transport.write(&hello, 1).bytes, 5u);
  wire.turn();
  EXPECT_EQ(wire.peer_receives(), "hello");
  wire.turn();
  EXPECT_EQ(notified.times, 0);
  EXPECT_TRUE(wire.transport.may_write());

  // The peer has made room between the write that found none and the loop's next turn.
  const std::string much(std::size_t{8} << 20, 'x');
  const iovec all = part(much);
  std::size_t sent = wire.transport.write(&all, 1).bytes;
  ASSERT_FALSE(wire.transport.may_write());
  std::size_t arrived = 0;
  ASSERT_TRUE(wire.turn_until([&] {
    arrived += wire.peer_receives().size();
    return arrived == sent && wire.transport.may_write();
  }));
  EXPECT_GT(notified.times, 0);
}

TEST_P(OnBothLinks, WritesSeveralPartsInOneCall) {
  Wire wire(GetParam());
  const iovec parts[] = {part("head "), part(""), part("body")};
  EXPECT_EQ(wire.transport.write(parts, 3).bytes, 9u);
  EXPECT_EQ(wire.ops.sends, 1u);
  wire.turn();
  EXPECT_EQ(wire.peer_receives(), "head body");
}

TEST_P(OnBothLinks, QuietSaysWhetherAnIdleConnectionIsStillGood) {
  Wire wire(GetParam());
  EXPECT_TRUE(wire.transport.quiet());
  wire.peer_sends("x");
  EXPECT_TRUE(wire.turn_until([&] { return !wire.transport.quiet(); }));
  wire.turn();
  EXPECT_EQ(read_all(wire.transport), "x") << "looking takes nothing away";
  wire.peer_finishes();
  EXPECT_TRUE(wire.turn_until([&] { return !wire.transport.quiet(); }));
}

TEST(Transport, AbortSendsAReset) {
  Wire wire(Link::Tcp);
  wire.transport.abort();
  EXPECT_FALSE(wire.transport.is_open());
  char byte = 0;
  EXPECT_EQ(::recv(wire.peer(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

// While an instance is spawned, its process holds a copy of each descriptor until its exec; epoll then still
// knows the connection that was closed here.
TEST_P(OnBothLinks, AClosedTransportHearsNothingThoughACopyOfItsSocketLivesOn) {
  Wire wire(GetParam());
  const int copy = ::dup(wire.transport.fd());
  {
    Transport gone(wire.loop);
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    const int second_copy = ::dup(pair[0]);
    ASSERT_TRUE(gone.adopt(pair[0]));
    gone.close();
    ASSERT_EQ(::write(pair[1], "x", 1), 1);
    ::close(pair[1]);
    ::close(second_copy);
  }
  wire.transport.close();
  wire.peer_sends("x");
  Notified notified;
  wire.transport.notify(&notified);
  wire.turn();
  wire.turn();
  EXPECT_EQ(notified.times, 0);
  ::close(copy);
}

// ---- Connecting

struct Listening {
  explicit Listening(const Endpoint& where) : at(where) {
    fd = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, at.data(), at.size()), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    socklen_t size = Endpoint::capacity();
    ::getsockname(fd, at.data(), &size);
    at.resize(size);
  }
  ~Listening() { close(); }
  void close() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  Endpoint at;
  int fd = -1;
};

std::string fresh_path() {
  static int number = 0;
  return ::testing::TempDir() + "fd-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

// 0, or the errno that the connect came to.
int connect(Wire& wire, Transport& transport, const Endpoint& to) {
  int error = transport.start_connect(to);
  if (error != EINPROGRESS) return error;
  auto state = Transport::Connecting::Pending;
  EXPECT_TRUE(wire.turn_until([&] {
    state = transport.connected(error);
    return state != Transport::Connecting::Pending;
  }));
  EXPECT_EQ(state == Transport::Connecting::Connected, error == 0);
  return error;
}

TEST(Connect, OverTcp) {
  Wire wire;
  Listening listening(*Endpoint::numeric("127.0.0.1", 0));
  Transport transport(wire.loop);
  ASSERT_EQ(connect(wire, transport, listening.at), 0);
  EXPECT_TRUE(transport.may_write());
  const iovec bytes = part("x");
  EXPECT_EQ(transport.write(&bytes, 1).bytes, 1u);
}

// A port that no connect can have been given as its own.
Endpoint below_the_ephemeral_ports() {
  Endpoint at = *Endpoint::numeric("127.0.0.1", 0);
  for (std::uint16_t port = 20'000; port < 30'000; ++port) {
    at.set_port(port);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = ::bind(fd, at.data(), at.size()) == 0;
    ::close(fd);
    if (free) return at;
  }
  ADD_FAILURE() << "no port is free";
  return at;
}

TEST(Connect, AsksTheKernelOnlyWhatItCanNotKnow) {
  Wire wire;
  {
    Listening fixed(below_the_ephemeral_ports());
    Transport transport(wire.loop);
    ASSERT_EQ(connect(wire, transport, fixed.at), 0);
    EXPECT_EQ(wire.ops.self_checks, 0u);
  }
  Listening ephemeral(*Endpoint::numeric("127.0.0.1", 0));
  if (ephemeral.at.port() < 32'768) GTEST_SKIP() << "net.ipv4.ip_local_port_range begins earlier than by default";
  {
    Transport transport(wire.loop);
    ASSERT_EQ(connect(wire, transport, ephemeral.at), 0);
    EXPECT_EQ(wire.ops.self_checks, 1u);
  }
  EXPECT_EQ(wire.ops.errors_asked, 0u) << "those were connected";
  ephemeral.close();
  Transport transport(wire.loop);
  ASSERT_EQ(connect(wire, transport, ephemeral.at), ECONNREFUSED);
  EXPECT_LE(wire.ops.errors_asked, 1u) << "none where the connect itself has said it";
  EXPECT_EQ(wire.ops.self_checks, 1u);
}

TEST(Connect, OverAUnixPath) {
  Wire wire;
  const std::string path = fresh_path();
  Listening listening(Endpoint::unix_path(path));
  {
    Transport transport(wire.loop);
    EXPECT_EQ(connect(wire, transport, listening.at), 0);
    EXPECT_TRUE(transport.may_write());
  }
  ::unlink(path.c_str());
}

TEST(Connect, RefusedLeavesNoDescriptorBehind) {
  Wire wire;
  Listening tcp(*Endpoint::numeric("127.0.0.1", 0));
  const std::string path = fresh_path();
  Listening local(Endpoint::unix_path(path));
  tcp.close();
  local.close();  // the file stays, nobody listens
  const auto before = wire.ops.open_descriptors;
  {
    Transport transport(wire.loop);
    EXPECT_EQ(connect(wire, transport, tcp.at), ECONNREFUSED);
    Transport second(wire.loop);
    EXPECT_EQ(connect(wire, second, Endpoint::unix_path(path)), ECONNREFUSED);
    ::unlink(path.c_str());
    Transport third(wire.loop);
    EXPECT_EQ(connect(wire, third, Endpoint::unix_path(path)), ENOENT);
  }
  EXPECT_EQ(wire.ops.open_descriptors, before);
}

// TCP's simultaneous open: a socket that happens to have the port that it connects to meets itself.
TEST(Connect, ToItselfIsRefused) {
  struct MeetsItself final : SocketOps {
    int open(int family) override { return kernel.open(family); }
    int connect(int fd, const Endpoint& to) override {
      EXPECT_EQ(::bind(fd, to.data(), to.size()), 0);
      return kernel.connect(fd, to);
    }
    int accept(int fd, Endpoint& from) override { return kernel.accept(fd, from); }
    ssize_t receive(int fd, char* into, std::size_t room, int flags) override {
      return kernel.receive(fd, into, room, flags);
    }
    ssize_t send(int fd, const iovec* parts, std::size_t count) override { return kernel.send(fd, parts, count); }
    int shutdown_write(int fd) override { return kernel.shutdown_write(fd); }
    void close(int fd) override { kernel.close(fd); }
    KernelSocketOps kernel;
  } ops;
  FakeTime time;
  EventLoop loop(time, ops);
  Endpoint unused = *Endpoint::numeric("127.0.0.1", 0);
  unused.set_port(Listening(unused).at.port());
  Transport transport(loop);
  int error = transport.start_connect(unused);
  for (int turns = 0; error == EINPROGRESS && turns < 5'000; ++turns) {
    loop.run_once(Millis{1});
    if (transport.connected(error) == Transport::Connecting::Pending) error = EINPROGRESS;
  }
  EXPECT_EQ(error, ECONNREFUSED);
}

TEST(Connect, AFullUnixBacklogIsTold) {
  Wire wire;
  const std::string path = fresh_path();
  Listening listening(Endpoint::unix_path(path));
  std::vector<std::unique_ptr<Transport>> transports;
  int error = 0;
  while (error == 0 && transports.size() < 10) {
    transports.push_back(std::make_unique<Transport>(wire.loop));
    error = connect(wire, *transports.back(), listening.at);
  }
  EXPECT_EQ(error, EAGAIN);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace frontdoor
