#include "loop/transport.h"

#include <netinet/in.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <new>
#include <utility>

namespace frontdoor {

namespace {

void set_no_delay(int fd, int family) {
  // A proxy writes whole messages; Nagle would only hold the last segment back.
  const int on = 1;
  if (family != AF_UNIX) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

constexpr std::uint32_t kInput = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kInputAndRoom = kInput | EPOLLOUT;

// Of a port below the ephemeral range (it starts at 32768) the kernel need not be asked.
bool met_itself(SocketOps& ops, int fd, std::uint16_t port) { return port >= 32'768 && ops.met_itself(fd, port); }

}  // namespace

bool Transport::watch(int fd, std::uint32_t events) {
  int error = ENOMEM;
  try {
    if (loop_.watch(fd, events, *this)) {
      fd_ = fd;
      room_is_told_ = (events & EPOLLOUT) != 0;
      return true;
    }
    error = errno;
  } catch (const std::bad_alloc&) {
    // The loop's table could not grow: as if the kernel had had no memory for it.
  }
  loop_.ops().close(fd);
  errno = error;
  return false;
}

bool Transport::adopt(int fd) {
  if (!watch(fd, kInput)) return false;
  writable_ = true;
  return true;
}

int Transport::start_connect(const Endpoint& to) {
  const int fd = loop_.ops().open(to.family());
  if (fd < 0) return errno;
  set_no_delay(fd, to.family());
  connecting_to_ = to.port();
  int error = loop_.ops().connect(fd, to) == 0 ? 0 : errno;
  if (error == 0 && met_itself(loop_.ops(), fd, connecting_to_)) error = ECONNREFUSED;
  if (error == 0) {
    if (!watch(fd, kInput)) return errno;
    writable_ = true;
    return 0;
  }
  if (error != EINPROGRESS) {
    loop_.ops().close(fd);
    return error;
  }
  return watch(fd, kInputAndRoom) ? EINPROGRESS : errno;
}

Transport::Connecting Transport::connected(int& error) {
  if (!writable_ && !peer_gone_) return Connecting::Pending;
  // A connect that failed is told as an error; room alone means that there is a connection.
  error = peer_gone_ ? loop_.ops().error_of(fd_) : 0;
  if (error == 0 && met_itself(loop_.ops(), fd_, connecting_to_)) error = ECONNREFUSED;
  return error == 0 ? Connecting::Connected : Connecting::Failed;
}

IpEndpoint Transport::local_address() const {
  Endpoint local;
  socklen_t size = Endpoint::capacity();
  if (::getsockname(fd_, local.data(), &size) != 0) return {};
  local.resize(size);
  return IpEndpoint::of(local);
}

void Transport::on_events(std::uint32_t events) {
  if (events & EPOLLIN) readable_ = true;
  if (events & EPOLLOUT) writable_ = true;
  if (events & EPOLLRDHUP) readable_ = peer_finished_ = true;
  if (events & (EPOLLERR | EPOLLHUP)) {
    readable_ = writable_ = peer_finished_ = true;
    // HUP alone after our own FIN is the regular end of a connection, not a hang-up.
    if ((events & EPOLLERR) || !write_shut_) peer_gone_ = true;
  }
  if (listener_) loop_.enqueue(*listener_);
}

IoResult Transport::read(char* into, std::size_t room) {
  if (tls_) return read_decrypted(into, room);
  return read_socket(into, room);
}

IoResult Transport::write(const iovec* parts, std::size_t count) {
  if (tls_) return tls_->write(parts, count);
  return write_socket(parts, count);
}

IoResult Transport::read_decrypted(char* into, std::size_t room) {
  return may_read() ? tls_->read(into, room) : IoResult{};
}

bool Transport::decrypted_input_waits() {
  return may_read() && tls_->input_waits();
}

IoResult Transport::read_socket(char* into, std::size_t room) {
  if (!readable_) return {};
  for (;;) {
    const ssize_t n = loop_.ops().receive(fd_, into, room, 0);
    if (n > 0) {
      // Edge-triggered: fewer bytes than asked for means the queue is empty, and the next byte makes an edge. Only
      // behind a FIN no edge will come, so keep reading until the end itself is seen.
      if (static_cast<std::size_t>(n) < room && !peer_finished_ && loop_.ops().partial_means_exhausted())
        readable_ = false;
      return {IoStatus::Ok, static_cast<std::size_t>(n), 0};
    }
    if (n == 0) return {IoStatus::End, 0, 0};
    if (errno == EINTR) continue;
    if (would_block(errno)) {
      readable_ = false;
      return {};
    }
    return {IoStatus::Failed, 0, errno};
  }
}

IoResult Transport::write_socket(const iovec* parts, std::size_t count) {
  if (!writable_) return {};
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < count; ++i) wanted += parts[i].iov_len;
  for (;;) {
    const ssize_t n = loop_.ops().send(fd_, parts, count);
    if (n >= 0) {
      if (static_cast<std::size_t>(n) < wanted && loop_.ops().partial_means_exhausted()) full();
      return {IoStatus::Ok, static_cast<std::size_t>(n), 0};
    }
    if (errno == EINTR) continue;
    if (would_block(errno)) {
      full();
      return {};
    }
    return {IoStatus::Failed, 0, errno};
  }
}

void Transport::full() {
  writable_ = false;
  if (std::exchange(room_is_told_, true)) return;
  loop_.watch_for(fd_, kInputAndRoom, *this);  // what has come since is told as well
}

bool Transport::quiet() {
  char byte = 0;
  const ssize_t n = loop_.ops().receive(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && would_block(errno)) return !decrypted_;
  if (!tls_) return false;
  readable_ = true;  // the event may still be behind others
  return !decrypted_input_waits();
}

bool Transport::bytes_wait() {
  char byte = 0;
  if (loop_.ops().receive(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) return false;
  readable_ = true;  // the event may still be behind others that one wait did not bring
  return true;
}

std::size_t Transport::unacknowledged() const {
  int bytes = 0;
  const std::size_t sealed = tls_ ? tls_->owed() : 0;
  return sealed + (::ioctl(fd_, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
}

void Transport::shutdown_write() {
  if (tls_ && !write_shut_) tls_->finish_writing();
  write_shut_ = true;
  loop_.ops().shutdown_write(fd_);
}

void Transport::close() {
  if (fd_ < 0) return;
  if (tls_ && !write_shut_ && !peer_gone_) tls_->finish_writing();
  loop_.forget(*this);
  loop_.ops().close(std::exchange(fd_, -1));
  readable_ = decrypted_ = writable_ = false;
}

void Transport::abort() {
  if (fd_ < 0) return;
  write_shut_ = true;  // no close_notify either: it would say that all was sent
  const linger reset{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close();
}

}  // namespace frontdoor
