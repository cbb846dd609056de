// The set of listeners over reloads: what is opened, what stays, what a refused one leaves behind.

#include "proxy/server/open_listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace frontdoor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

config::Listener listener_on(const std::string& address, const std::string& name = "") {
  AddressError error;
  config::Listener listener;
  listener.name = name;
  listener.address = *parse_address(address, error);
  return listener;
}

bool can_connect(const Endpoint& to) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, to.data(), to.size()) == 0;
  ::close(fd);
  return connected;
}

std::string port_of(const Endpoint& bound) { return std::to_string(bound.port()); }

// Closes, as the workers would.
struct ListenersOpen : ::testing::Test {
  ~ListenersOpen() override {
    open.remove_socket_files();
    for (const auto& listener : open.all()) close(listener);
  }
  static void close(const OpenListener& listener) {
    for (const int fd : listener.fds) ::close(fd);
  }

  PreparedListeners prepare(std::vector<config::Listener> next) { return open.prepare(std::move(next), 2, {}, {}); }
  OpenListeners::Taken take(std::vector<config::Listener> next) {
    auto prepared = prepare(std::move(next));
    EXPECT_THAT(prepared.failures(), IsEmpty());
    auto taken = open.take(std::move(prepared), {});
    for (const auto& listener : taken.closed) close(listener);
    return taken;
  }

  OpenListeners open{100};
  const std::string path = ::testing::TempDir() + "open-listeners-" + std::to_string(::getpid());
};

TEST_F(ListenersOpen, OnlyWhatIsNewIsOpenedAndOnlyWhatIsGoneIsClosed) {
  EXPECT_THAT(take({listener_on("127.0.0.1:0", "a"), listener_on("127.0.0.1:0", "b")}).opened, SizeIs(2));
  const OpenListener a = open.all()[0], b = open.all()[1];
  EXPECT_THAT(a.fds, SizeIs(2)) << "one for each worker";
  const auto taken = take({listener_on("127.0.0.1:0", "c"), listener_on("127.0.0.1:0", "a")});
  EXPECT_THAT(taken.opened, SizeIs(1));
  EXPECT_THAT(taken.changed, IsEmpty());
  EXPECT_THAT(taken.closed, SizeIs(1));
  EXPECT_EQ(taken.closed[0].id, b.id);
  EXPECT_EQ(open.all()[1].id, a.id) << "in the order of the new file";
  EXPECT_EQ(open.all()[1].settings, a.settings) << "untouched";
  EXPECT_TRUE(can_connect(open.all()[0].bound));
  EXPECT_FALSE(can_connect(b.bound));
}

TEST_F(ListenersOpen, ChangedTermsKeepTheSocketsAndTheCountsOfPlaces) {
  config::Listener limited = listener_on("127.0.0.1:0", "a");
  limited.max_connections = 3;
  limited.max_connections_per_client = 2;
  take({limited});
  const auto before = open.all()[0];
  EXPECT_TRUE(before.settings->places->enter());
  limited.max_connections = 1;
  limited.max_connections_per_client = 1;
  limited.via = false;
  const auto taken = take({limited});
  ASSERT_THAT(taken.changed, SizeIs(1));
  const auto after = open.all()[0];
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.fds, before.fds);
  EXPECT_FALSE(after.settings->terms.via);
  EXPECT_TRUE(before.settings->terms.via) << "those that are open keep theirs";
  EXPECT_EQ(after.settings->places, before.settings->places);
  EXPECT_EQ(after.settings->places->limit(), 1u);
  EXPECT_FALSE(after.settings->places->enter()) << "the one that was there counts";
  EXPECT_EQ(after.settings->clients, before.settings->clients);
  const IpAddress client = IpEndpoint::of(*Endpoint::numeric("192.0.2.1", 1)).address;
  EXPECT_TRUE(after.settings->clients->enter(client));
  EXPECT_FALSE(after.settings->clients->enter(client));
}

TEST_F(ListenersOpen, WhenOneCanNotBeOpenedNothingIsAndNothingIsLeftBehind) {
  take({listener_on("127.0.0.1:0", "a")});
  const Endpoint mine = open.all()[0].bound;
  const ListenSockets other = open_listen_sockets(listener_on("127.0.0.1:0").address, 1);
  {
    const auto prepared = prepare({listener_on("unix:" + path), listener_on("127.0.0.1:" + port_of(other.bound)), listener_on("127.0.0.1:0", "a"),
                                   listener_on("unix:/nowhere/at/all")});
    ASSERT_THAT(prepared.failures(), SizeIs(2)) << "all of them are told";
    EXPECT_EQ(prepared.failures()[0].listener, 1u);
    EXPECT_THAT(prepared.failures()[0].reason, HasSubstr("address in use by pid " + std::to_string(::getpid())));
    EXPECT_EQ(prepared.failures()[1].listener, 3u);
    EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the file of the unix socket goes, too";
  EXPECT_TRUE(can_connect(mine));
  EXPECT_THAT(open.all(), SizeIs(1));
  ::close(other.fds.front());
}

TEST_F(ListenersOpen, OneThatMovesFromAllInterfacesToOneKeepsItsPort) {
  take({listener_on(":0", "a")});
  const std::string port = port_of(open.all()[0].bound);
  const auto taken = take({listener_on("127.0.0.1:" + port)});
  EXPECT_THAT(taken.opened, SizeIs(1));
  EXPECT_THAT(taken.closed, SizeIs(1));
  EXPECT_TRUE(can_connect(open.all()[0].bound));
  take({listener_on(":" + port)});
  EXPECT_TRUE(can_connect(*Endpoint::numeric("127.0.0.1", open.all()[0].bound.port())));
}

// A process of this user, which listens with SO_REUSEPORT as we do.
struct Stranger {
  explicit Stranger(const Address& address) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid = ::fork();
    if (pid == 0) {
      const char told = open_listen_sockets(address, 1).error.empty() ? 'y' : 'n';
      if (::write(ready[1], &told, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char told = 0;
    EXPECT_EQ(::read(ready[0], &told, 1), 1);
    EXPECT_EQ(told, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Stranger() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  pid_t pid = -1;
};

TEST_F(ListenersOpen, OneThatMovesToAnotherAddressOfItsPortDoesNotShareItWithAStranger) {
  take({listener_on("127.0.0.1:0", "a")});
  const std::string port = port_of(open.all()[0].bound);
  {
    const Stranger stranger(listener_on("127.0.0.2:" + port).address);
    for (const char* const to : {"127.0.0.2:", ":"}) {
      const auto prepared = prepare({listener_on(to + port, "a")});
      ASSERT_THAT(prepared.failures(), SizeIs(1)) << to;
      EXPECT_THAT(prepared.failures()[0].reason, HasSubstr("address in use by pid "));
    }
  }
  take({listener_on("127.0.0.2:" + port, "a")});
}

// Its workers have not closed the sockets yet.
TEST_F(ListenersOpen, OneThatWasRemovedAMomentAgoMayComeBack) {
  take({listener_on("127.0.0.1:0", "a")});
  const std::string port = port_of(open.all()[0].bound);
  auto without = prepare({listener_on("unix:" + path)});
  const auto removed = open.take(std::move(without), {});
  ASSERT_THAT(removed.closed, SizeIs(1));
  EXPECT_THAT(take({listener_on("127.0.0.1:" + port)}).opened, SizeIs(1));
  close(removed.closed[0]);
}

// A second one would share the first one's clients.
TEST_F(ListenersOpen, OfTwoThatMeanTheSameAddressOneIsRefused) {
  take({listener_on("127.0.0.1:0", "a")});
  const std::string port = port_of(open.all()[0].bound);
  const auto prepared = prepare({listener_on("127.0.0.1:" + port, "b"), listener_on("127.0.0.1:" + port, "c")});
  EXPECT_THAT(prepared.failures(), SizeIs(1));
  const auto files = prepare({listener_on("127.0.0.1:0", "a"), listener_on("unix:" + path), listener_on("unix:/" + path)});
  EXPECT_THAT(files.failures(), SizeIs(1));
}

// `config diff` asks, and changes nothing.
TEST_F(ListenersOpen, ATrialFindsWhatAReloadWouldAndLeavesNothing) {
  take({listener_on("127.0.0.1:0", "a")});
  const std::string port = port_of(open.all()[0].bound);
  const ListenSockets other = open_listen_sockets(listener_on("127.0.0.1:0").address, 1);
  const std::string taken_port = port_of(other.bound);
  const std::string free_port = port_of(*Endpoint::numeric("127.0.0.1", open.all()[0].bound.port()));  // on another address
  const struct {
    std::vector<std::string> addresses;
    std::vector<std::size_t> refused;
  } cases[] = {
      {{"127.0.0.1:" + port}, {}},
      {{"127.0.0.2:" + free_port, "unix:" + path}, {}},
      {{":" + port}, {}},  // from one address to all of them
      {{"127.0.0.1:" + taken_port, "unix:" + path}, {0}},
      {{"127.0.0.2:" + free_port, "unix:/nowhere/at/all"}, {1}},
      {{"127.0.0.2:" + free_port, "localhost:" + port, "127.0.0.2:" + free_port}, {2}},
      {{"127.0.0.2:" + free_port, "0.0.0.0:" + free_port}, {1}},
      {{"unix:" + path, "unix:/" + path}, {0}},
  };
  for (const auto& c : cases) {
    std::vector<config::Listener> next;
    for (const std::string& address : c.addresses) next.push_back(listener_on(address));
    std::vector<std::size_t> refused;
    for (const auto& failure : open.try_out(next, {})) refused.push_back(failure.listener);
    EXPECT_EQ(refused, c.refused) << c.addresses.back();
    EXPECT_EQ(prepare(next).failures().size(), c.refused.size()) << c.addresses.back() << ": a reload says something else";
    EXPECT_FALSE(can_connect(*Endpoint::numeric("127.0.0.2", open.all()[0].bound.port())));
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
  }
  EXPECT_TRUE(can_connect(open.all()[0].bound));
  ::close(other.fds.front());
}

// Somebody else has bound them and listens, on one address by SO_REUSEPORT perhaps.
TEST_F(ListenersOpen, PassedSocketsOfOneAddressAreInNobodysWay) {
  const ListenSockets theirs = open_listen_sockets(listener_on("127.0.0.1:0").address, 2);
  const std::vector<PassedSocket> passed{{"a", theirs.fds[0]}, {"b", theirs.fds[1]}};
  const std::vector<config::Listener> next{listener_on("fd:a"), listener_on("fd:b")};
  EXPECT_THAT(open.try_out(next, passed), IsEmpty());
  EXPECT_THAT(open.prepare(next, 2, passed, {}).failures(), IsEmpty());
  for (const int fd : theirs.fds) ::close(fd);
}

// Whoever came in would be reset.
TEST_F(ListenersOpen, NobodyComesInBeforeAllAreBound) {
  take({listener_on("127.0.0.1:0", "a")});
  const Endpoint elsewhere = *Endpoint::numeric("127.0.0.2", open.all()[0].bound.port());
  const std::vector<config::Listener> fine{listener_on(elsewhere.to_string()), listener_on("unix:" + path)};
  auto with_failure = fine;
  with_failure.push_back(listener_on("unix:/nowhere/at/all"));
  {
    const auto prepared = prepare(with_failure);
    ASSERT_THAT(prepared.failures(), SizeIs(1));
    EXPECT_FALSE(can_connect(elsewhere));
    EXPECT_FALSE(can_connect(Endpoint::unix_path(path)));
  }
  const auto prepared = prepare(fine);
  ASSERT_THAT(prepared.failures(), IsEmpty());
  EXPECT_TRUE(can_connect(elsewhere)) << "who comes now is served";
  EXPECT_TRUE(can_connect(Endpoint::unix_path(path)));
}

TEST_F(ListenersOpen, TheFileOfAUnixSocketGoesWithItAndIsLeftAloneElse) {
  take({listener_on("unix:" + path), listener_on("127.0.0.1:0")});
  take({listener_on("127.0.0.1:0"), listener_on("unix:" + path)});
  EXPECT_TRUE(can_connect(Endpoint::unix_path(path)));
  take({listener_on("127.0.0.1:0")});
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(ListenersOpen, ANumberThatRequestsAreCountedUnderStaysWithItsName) {
  const auto numbers = [this] {
    std::vector<unsigned> all;
    for (const auto& listener : open.all()) all.push_back(listener.settings->terms.index);
    return all;
  };
  take({listener_on("127.0.0.1:0", "a"), listener_on("127.0.0.1:0", "b")});
  EXPECT_THAT(numbers(), ElementsAre(0, 1));
  take({listener_on("127.0.0.1:0", "b"), listener_on("127.0.0.1:0", "c")});
  EXPECT_THAT(numbers(), ElementsAre(1, 2));
  take({listener_on("127.0.0.1:0", "c"), listener_on("127.0.0.1:0", "a")});
  EXPECT_THAT(numbers(), ElementsAre(2, 0)) << "it counts on";
  EXPECT_THAT(open.counted_titles(), ElementsAre("a", "b", "c"));
}

TEST_F(ListenersOpen, ClientsAreSentToWhereTlsIsSpokenNow) {
  config::Listener redirecting = listener_on("127.0.0.1:0", "plain");
  redirecting.redirect = config::Listener::Redirect::Https;
  config::Listener tls = listener_on("127.0.0.1:0", "tls");
  take({redirecting, tls});
  EXPECT_EQ(open.all()[0].settings->terms.redirect_port, 443);
  tls.tls = config::ListenerTls{.self_signed = true};
  const auto taken = take({redirecting, tls});
  EXPECT_THAT(taken.changed, SizeIs(2)) << "the one that redirects has not changed itself";
  EXPECT_EQ(open.all()[0].settings->terms.redirect_port, open.all()[1].bound.port());
}

TEST_F(ListenersOpen, WhatTheLauncherIsToKeepIsWhatListensNow) {
  take({listener_on("127.0.0.1:0", "a"), listener_on("unix:" + path)});
  EXPECT_THAT(open.to_keep(), SizeIs(3)) << "a unix socket is one for all workers";
  take({listener_on("unix:" + path)});
  ASSERT_THAT(open.to_keep(), SizeIs(1));
  EXPECT_THAT(open.to_keep()[0].name, HasSubstr(path));
}

TEST_F(ListenersOpen, ClosedForRoomIsCountedOnWhenItsListenerHasGone) {
  take({listener_on("127.0.0.1:0", "a")});
  open.all()[0].settings->places->count_closed_for_room();
  take({listener_on("127.0.0.1:0", "b")});
  EXPECT_EQ(open.closed_for_room(), 1u);
}

}  // namespace
}  // namespace frontdoor
