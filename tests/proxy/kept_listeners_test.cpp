// Listeners over a crash: a duplicate stands for what the launcher holds.

#include "proxy/server/kept_listeners.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace frontdoor {
namespace {

config::Listener listener_at(const std::string& text) {
  AddressError error;
  config::Listener result;
  result.address = *parse_address(text, error);
  return result;
}

std::string new_socket_path() {
  static int number = 0;
  return ::testing::TempDir() + "kept-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

// A client that is connected, or why it is not.
struct Client {
  explicit Client(const Endpoint& to) : fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    error = ::connect(fd, to.data(), to.size()) == 0 ? 0 : errno;
  }
  ~Client() { ::close(fd); }
  int fd;
  int error;
};

// Opens as a front door does, and keeps what a launcher would keep when that one has crashed.
std::vector<KeptSocket> open_and_crash(const std::vector<config::Listener>& listeners, unsigned workers,
                                       std::vector<Endpoint>* bound = nullptr) {
  std::vector<KeptSocket> kept;
  std::vector<ListenSockets> opened;
  for (const auto& each : listeners) opened.push_back(open_listen_sockets(each.address, workers));
  const auto names = names_to_keep(listeners);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    EXPECT_EQ(opened[i].error, "");
    if (bound) bound->push_back(opened[i].bound);
    add_kept(kept, names[i], opened[i]);
  }
  for (KeptSocket& socket : kept) socket.fd = ::fcntl(socket.fd, F_DUPFD_CLOEXEC, 0);
  for (const auto& sockets : opened)
    for (const int fd : sockets.fds) ::close(fd);
  return kept;
}

void close_all(const std::vector<int>& fds) {
  for (const int fd : fds) ::close(fd);
}

TEST(KeptListeners, EachHasANameOfItsOwnAndPassedOnesHaveNone) {
  const auto names = names_to_keep(
      {listener_at("127.0.0.1:0"), listener_at(":8080"), listener_at("127.0.0.1:0"), listener_at("fd:web"), listener_at("[::1]:80")});
  EXPECT_EQ(names, (std::vector<std::string>{"127.0.0.1:0", ":8080", "127.0.0.1:0 number 2", "", "[::1]:80"}));
  EXPECT_EQ(names_to_keep({listener_at(std::string(250, 'h') + ":80")}).front(), "") << "the launcher cuts longer ones";
}

TEST(KeptListeners, ClientsThatCameMeanwhileAreThere) {
  for (const std::string& text : {std::string("127.0.0.1:0"), "unix:" + new_socket_path()}) {
    const std::vector<config::Listener> listeners{listener_at(text)};
    std::vector<Endpoint> bound;
    const auto kept = open_and_crash(listeners, 1, &bound);
    ASSERT_EQ(kept.size(), 1u);
    const Client client(bound.front());
    ASSERT_EQ(client.error, 0) << text;
    auto sorted = sort_kept(names_to_keep(listeners), kept);
    ASSERT_EQ(sorted.front().size(), 1u) << text;
    const ListenSockets adopted = adopt_listen_sockets(listeners.front().address, 1, sorted.front());
    EXPECT_EQ(adopted.bound, bound.front());
    EXPECT_EQ(adopted.shared, text.starts_with("unix:"));
    EXPECT_EQ(adopted.file.path.empty(), !text.starts_with("unix:"));
    const int accepted = ::accept(adopted.fds.front(), nullptr, nullptr);
    EXPECT_GE(accepted, 0);
    ::close(accepted);
    close_all(adopted.fds);
    if (adopted.shared) remove_socket_file(adopted.file);
  }
}

TEST(KeptListeners, MoreWorkersThanBeforeHaveSocketsOfTheirOwnAndFewerHaveAllOfThem) {
  struct {
    std::string address;
    unsigned before, now;
    std::size_t kept, sockets;
  } const cases[] = {{"127.0.0.1:0", 1, 3, 1, 3}, {"127.0.0.1:0", 3, 1, 3, 3},
                     {"unix:" + new_socket_path(), 1, 3, 1, 3}, {"unix:" + new_socket_path(), 3, 1, 1, 1}};
  for (const auto& c : cases) {
    const std::vector<config::Listener> listeners{listener_at(c.address)};
    std::vector<Endpoint> bound;
    const auto kept = open_and_crash(listeners, c.before, &bound);
    EXPECT_EQ(kept.size(), c.kept) << c.address;
    const auto sorted = sort_kept(names_to_keep(listeners), kept);
    const ListenSockets adopted = adopt_listen_sockets(listeners.front().address, c.now, sorted.front());
    EXPECT_EQ(adopted.error, "");
    EXPECT_EQ(adopted.fds.size(), c.sockets) << c.address << " with " << c.now;
    for (const int fd : adopted.fds) {
      Endpoint own;
      socklen_t size = Endpoint::capacity();
      ::getsockname(fd, own.data(), &size);
      own.resize(size);
      EXPECT_EQ(own, bound.front());
    }
    close_all(adopted.fds);
    if (adopted.shared) remove_socket_file(adopted.file);
  }
}

// While somebody else still holds it.
TEST(KeptListeners, WhatIsNotConfiguredAnyMoreRefusesAndItsAddressIsFree) {
  for (const std::string& text : {std::string("127.0.0.1:0"), "unix:" + new_socket_path()}) {
    std::vector<Endpoint> bound;
    auto kept = open_and_crash({listener_at(text)}, 1, &bound);
    const int launchers = ::fcntl(kept.front().fd, F_DUPFD_CLOEXEC, 0);
    const Client waiting(bound.front());
    EXPECT_EQ(waiting.error, 0);
    const auto sorted = sort_kept(names_to_keep({listener_at("127.0.0.1:1")}), kept);
    EXPECT_TRUE(sorted.front().empty());
    EXPECT_EQ(Client(bound.front()).error, ECONNREFUSED) << text;
    if (!text.starts_with("unix:")) {
      const ListenSockets again = open_listen_sockets(listener_at("127.0.0.1:" + std::to_string(bound.front().port())).address, 2);
      EXPECT_EQ(again.error, "");
      close_all(again.fds);
    }
    ::close(launchers);
    if (text.starts_with("unix:")) ::unlink(text.c_str() + 5);
  }
}

TEST(KeptListeners, OneThatListensNoMoreIsNotTakenUp) {
  for (const std::string& text : {std::string("127.0.0.1:0"), "unix:" + new_socket_path()}) {
    const auto kept = open_and_crash({listener_at(text)}, 1);
    stop_listening(kept.front().fd);
    EXPECT_TRUE(sort_kept(names_to_keep({listener_at(text)}), kept).front().empty()) << text;
    if (text.starts_with("unix:")) ::unlink(text.c_str() + 5);
  }
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[1]);
  EXPECT_TRUE(sort_kept({"a"}, {{"listener 0 a", ends[0]}}).front().empty()) << "nor what is no socket";
}

TEST(KeptListeners, AUnixSocketWhoseFileIsAnotherOnesByNowIsNotTakenUp) {
  const std::string path = new_socket_path();
  const auto kept = open_and_crash({listener_at("unix:" + path)}, 1);
  ::rename(path.c_str(), (path + ".old").c_str());  // its inode stays in use
  const ListenSockets successor = open_listen_sockets(listener_at("unix:" + path).address, 1);
  EXPECT_TRUE(sort_kept(names_to_keep({listener_at("unix:" + path)}), kept).front().empty());
  EXPECT_EQ(Client(successor.bound).error, 0);
  close_all(successor.fds);
  ::unlink(path.c_str());
  ::unlink((path + ".old").c_str());
}

// The successor of a front door that is leaving asks the socket who listens.
TEST(KeptListeners, ATakenUpUnixSocketSaysWhoListensNow) {
  const std::string path = new_socket_path();
  const std::vector<config::Listener> listeners{listener_at("unix:" + path)};
  const auto kept = open_and_crash(listeners, 1);
  const pid_t child = ::fork();
  if (child == 0) {
    adopt_listen_sockets(listeners.front().address, 1, {kept.front().fd});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const Client client(Endpoint::unix_path(path));
  ucred who{};
  socklen_t size = sizeof who;
  ::getsockopt(client.fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
  EXPECT_EQ(who.pid, child);
  ::close(kept.front().fd);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace frontdoor
