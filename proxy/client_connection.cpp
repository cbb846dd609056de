#include "proxy/client_connection.h"

#include <netinet/tcp.h>

#include <utility>

namespace frontdoor {

bool ClientConnection::adopt(int fd) {
  if (client_.address.known()) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return transport_.adopt(fd);
}

void ClientConnection::start() {
  if (!owner_.wants_proxy_header()) return park();
  header_ = std::make_unique<ProxyHeaderReader>(loop_, owner_.buffers(), transport_);
  serve();
}

void ClientConnection::park() {
  // Empty lines are no use of the connection: they do not make it live longer.
  if (!session_ || session_->served_any()) idle_until_ = loop_.now() + timeouts().client_idle;
  session_.reset();
  transport_.notify(this);
  loop_.arm(*this, idle_until_);
  if (transport_.may_read()) loop_.enqueue(*this);
}

const config::Timeouts& ClientConnection::timeouts() const {
  return owner_.context().snapshot->shared().config.timeouts;
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
  if (header_ && !co_await read_proxy_header()) {
    owner_.closed(*this);
    co_return;
  }
  begin_session(header_ ? header_->take_rest() : InputBuffer(owner_.buffers()));
  const H1Session::Ended ended = co_await session_->serve();
  switch (ended) {
    case H1Session::Ended::Idle: park(); co_return;
    case H1Session::Ended::Reset: transport_.abort(); break;
    case H1Session::Ended::Close: break;
  }
  owner_.closed(*this);
}

void ClientConnection::begin_session(InputBuffer input) {
  header_.reset();
  const ConnectedClient client{client_, owner_.trusted_proxies(), owner_.via(), named_};
  session_ = std::make_unique<H1Session>(owner_.context(), owner_.buffers(), transport_, client, std::move(input),
                                         owner_.draining());
}

// From here on the client is who the proxy says it is. False: the connection is not wanted.
Task<bool> ClientConnection::read_proxy_header() {
  const ProxyHeader header = co_await header_->read(loop_.now() + timeouts().client_header);
  if (header.status != ProxyHeader::Status::Complete) {
    if (header_->saw_anything()) owner_.turned_away(Unwelcome::NoProxyHeader);
    co_return false;
  }
  if (header.source.address.known()) client_ = header.source;
  else named_ = header.local;
  co_return owner_.admit(client_.address);
}

void ClientConnection::expired(TimePoint) {
  if (!session_) loop_.enqueue(*this);
}

void ClientConnection::cut() {
  if (session_) return session_->cut();
  if (header_) return header_->cut();
  owner_.closed(*this);
}

}  // namespace frontdoor
