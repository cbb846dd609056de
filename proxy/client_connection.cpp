#include "proxy/client_connection.h"

#include <netinet/tcp.h>

#include <cstring>

namespace frontdoor {

bool ClientConnection::adopt(int fd, const Endpoint& from) {
  if (!from.is_unix()) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (!transport_.adopt(fd)) return false;
  const std::string ip = from.ip();
  ip_size_ = static_cast<std::uint8_t>(std::min(ip.size(), ip_.size()));
  std::memcpy(ip_.data(), ip.data(), ip_size_);
  client_.ip = {ip_.data(), ip_size_};
  client_.via = owner_.via();
  park();
  return true;
}

void ClientConnection::park() {
  session_.reset();
  transport_.notify(this);
  idle_until_ = loop_.now() + idle_limit();
  loop_.arm(*this, idle_until_);
  if (transport_.may_read()) loop_.enqueue(*this);
}

Duration ClientConnection::idle_limit() const {
  return owner_.context().snapshot->shared().config.timeouts.client_idle;
}

// Something happened while parked.
void ClientConnection::run() {
  if (session_) return;
  if (transport_.peer_gone() || loop_.now() >= idle_until_) return owner_.closed(*this);
  if (!transport_.may_read()) return;
  Timer::cancel();
  serve();
}

Detached ClientConnection::serve() {
  session_ = std::make_unique<H1Session>(owner_.context(), owner_.buffers(), transport_, client_, owner_.draining());
  const H1Session::Ended ended = co_await session_->serve();
  switch (ended) {
    case H1Session::Ended::Idle: park(); co_return;
    case H1Session::Ended::Reset: transport_.abort(); break;
    case H1Session::Ended::Close: break;
  }
  owner_.closed(*this);
}

void ClientConnection::expired(TimePoint) {
  if (!session_) loop_.enqueue(*this);
}

void ClientConnection::cut() {
  if (session_) return session_->cut();
  owner_.closed(*this);
}

}  // namespace frontdoor
