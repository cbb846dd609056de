#include "support/peers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace frontdoor::testing {

// Nagle would hold a second write back for as long as the first is not confirmed, which takes real time.
Peer::Peer(int fd, std::unique_ptr<TlsEnd> tls) : fd_(fd), tls_(std::move(tls)) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::unique_ptr<Peer> Peer::connect(const Endpoint& to, std::unique_ptr<TlsEnd> tls) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ::connect(fd, to.data(), to.size());
  return std::make_unique<Peer>(fd, std::move(tls));
}

void Peer::poll() {
  if (fd_ < 0) return;
  write_out();
  read_in();
  if (tls_) write_out();  // a handshake answers what has come
}

void Peer::write_out() {
  if (tls_) to_send_ += tls_->take_outgoing();
  while (!to_send_.empty()) {
    const ssize_t n = ::send(fd_, to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      if (n < 0 && errno != EAGAIN && errno != ENOTCONN) to_send_.clear();
      break;
    }
    to_send_.erase(0, static_cast<std::size_t>(n));
  }
  if (finishing_ && all_sent()) {
    ::shutdown(fd_, SHUT_WR);
    finishing_ = false;
  }
}

void Peer::read_in() {
  std::array<char, 65536> buffer;
  for (std::size_t left = most_per_poll_; left != 0 && !paused_ && !ended();) {
    const ssize_t n = ::recv(fd_, buffer.data(), std::min(buffer.size(), left), 0);
    if (n > 0) {
      left -= static_cast<std::size_t>(n);
      const std::string_view came(buffer.data(), static_cast<std::size_t>(n));
      if (tls_) tls_->come(came, received_);
      else received_.append(came);
      continue;
    }
    if (n == 0) eof_ = true;
    else if (errno != EAGAIN && errno != ENOTCONN) reset_ = true;
    return;
  }
}

void Peer::send(std::string_view bytes) {
  if (tls_) tls_->say(bytes);
  else to_send_ += bytes;
  poll();
}

void Peer::finish() {
  finishing_ = true;
  if (tls_) tls_->finish();
  poll();
}

void Peer::announce_end() {
  tls_->finish();
  poll();
}

void Peer::close() {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
}

void Peer::reset() {
  if (fd_ < 0) return;
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

ScriptedUpstream::ScriptedUpstream() : endpoint_(*Endpoint::numeric("127.0.0.1", 0)) {
  reserved_ = bind();
  socklen_t size = Endpoint::capacity();
  ::getsockname(reserved_, endpoint_.data(), &size);
  endpoint_.resize(size);
  listen_again();
}

ScriptedUpstream::~ScriptedUpstream() {
  stop_listening();
  ::close(reserved_);
}

int ScriptedUpstream::bind() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, endpoint_.data(), endpoint_.size()) != 0) std::abort();
  return fd;
}

void ScriptedUpstream::stop_listening() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void ScriptedUpstream::listen_again() {
  fd_ = bind();
  if (::listen(fd_, 128) != 0) std::abort();
}

void ScriptedUpstream::poll() {
  while (fd_ >= 0) {
    const int accepted = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) break;
    peers_.push_back(std::make_unique<Peer>(accepted, speaks_tls_ ? std::make_unique<TlsEnd>(TlsEnd::Side::Server, alpn_) : nullptr));
  }
  for (auto& peer : peers_) {
    peer->poll();
    if (reply_.empty()) continue;
    for (auto end = peer->received().find("\r\n\r\n"); end != std::string::npos;
         end = peer->received().find("\r\n\r\n")) {
      last_request_ = peer->received();
      peer->forget();
      ++requests_;
      peer->send(reply_);
    }
  }
}

}  // namespace frontdoor::testing
