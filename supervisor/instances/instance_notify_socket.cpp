#include "supervisor/instances/instance_notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/address.h"
#include "base/detached.h"
#include "base/quietly.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr unsigned kMostInASecond = 50;  // each asks /proc who sent it
constexpr std::size_t kLongestMessage = 4'096;

}  // namespace

OwnedFd InstanceNotifySocket::bind_at(const std::string& path, const std::optional<ProcessIdentity>& owner) {
  OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Endpoint at = Endpoint::unix_path(path);
  const int on = 1;
  // The file is made with the socket's mode: there is no moment in which it is anybody's, and no path that chmod(2)
  // would follow. Nor is a link followed to change its owner.
  if (!socket.valid() || ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      ::fchmod(socket.get(), 0600) != 0 || ::bind(socket.get(), at.data(), at.size()) != 0 ||
      (owner && ::lchown(path.c_str(), owner->uid, owner->gid) != 0))
    return {};
  return socket;
}

InstanceNotifySocket::InstanceNotifySocket(asio::io_context& control, OwnedFd&& socket)
    : control_(control), socket_(control, socket.get()) {
  socket.release();
}

std::string InstanceNotifySocket::path() {
  Endpoint at;
  socklen_t size = Endpoint::capacity();
  if (::getsockname(fd(), at.data(), &size) != 0) return "";
  at.resize(size);
  return at.to_string().substr(sizeof("unix:") - 1);
}

void InstanceNotifySocket::listen(Listener listener) {
  listener_ = std::move(listener);
  asio::co_spawn(control_, run(shared_from_this()), or_end);
}

void InstanceNotifySocket::close() {
  if (socket_.is_open()) socket_.close();
}

asio::awaitable<void> InstanceNotifySocket::run([[maybe_unused]] std::shared_ptr<InstanceNotifySocket> self) {
  asio::steady_timer pause(control_);
  while (socket_.is_open()) {
    auto [error] = co_await socket_.async_wait(socket_.wait_read, quietly);
    if (error) break;
    const TimePoint second = Clock::now() + Millis{1'000};
    unsigned taken = 0;
    while (socket_.is_open() && Clock::now() < second) {
      if (taken == kMostInASecond) {
        if (!std::exchange(told_of_flood_, true)) listener_.flooded();
        pause.expires_at(second);
        co_await pause.async_wait(quietly);
        break;
      }
      if (take_one()) {
        ++taken;
        continue;
      }
      auto [more] = co_await socket_.async_wait(socket_.wait_read, quietly);
      if (more) break;
    }
  }
  listener_ = {};  // what it holds may hold this
}

// Descriptors that come along are closed: what a service manager would store is not stored here, and BARRIER=1 is
// answered by that, when all before it has been read.
bool InstanceNotifySocket::take_one() {
  std::array<char, kLongestMessage> text;
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(64 * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(fd(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EINTR;
  std::optional<ucred> sender;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET) continue;
    if (each->cmsg_type == SCM_CREDENTIALS) std::memcpy(&sender.emplace(), CMSG_DATA(each), sizeof(ucred));
    for (std::size_t i = 0; each->cmsg_type == SCM_RIGHTS && i < (each->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
      ::close(fd);
    }
  }
  if (!sender || (header.msg_flags & MSG_TRUNC) != 0) return true;
  if (!listener_.belongs(sender->pid, sender->uid)) {
    if (!std::exchange(told_of_stranger_, true)) listener_.stranger(sender->pid);
    return true;
  }
  const NotifyMessage message = parse_notify_message({text.data(), static_cast<std::size_t>(size)});
  listener_.said(message);
  return true;
}

}  // namespace frontdoor
