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
  session_.reset();
  transport_.notify(this);
  loop_.arm(*this, waiting_since_ + timeouts().client_idle);
  if (transport_.may_read()) loop_.enqueue(*this);
}

const config::Timeouts& ClientConnection::timeouts() const {
  return owner_.context().snapshot->shared().config.timeouts;
}

// Something happened while parked.
void ClientConnection::run() {
  if (session_) return;
  if (transport_.peer_gone()) return owner_.closed(*this);
  // A request that comes at the last moment is served.
  if (loop_.now() >= due()) {
    if (!spare()) return owner_.closed(*this);
  } else if (!transport_.may_read()) {
    return;
  }
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
    case H1Session::Ended::Idle:
      park();
      co_return;
    case H1Session::Ended::Reset:
      transport_.abort();
      break;
    case H1Session::Ended::Close:
      break;
  }
  owner_.closed(*this);
}

void ClientConnection::begin_session(InputBuffer input) {
  header_.reset();
  const ConnectedClient client{client_, owner_.trusted_proxies(), owner_.via(), named_};
  SessionOwner& self = *this;
  session_ = std::make_unique<H1Session>(owner_.context(), owner_.buffers(), transport_, self, client,
                                         std::move(input), owner_.draining());
}

// From here on the client is who the proxy says it is. False: the connection is not wanted.
Task<bool> ClientConnection::read_proxy_header() {
  const ProxyHeader header = co_await header_->read(loop_.now() + timeouts().client_header);
  if (header.status != ProxyHeader::Status::Complete) {
    if (header_->saw_anything()) owner_.turned_away(Unwelcome::NoProxyHeader);
    co_return false;
  }
  if (header.source.address.known())
    client_ = header.source;
  else
    named_ = header.local;
  waiting_since_ = loop_.now();  // its request need not come with the header
  co_return owner_.admit(client_.address);
}

// A request that comes in pieces is not the one to be given up while others have nothing to say. Once for
// each head: it is no way to stay for ever.
void ClientConnection::head_begun() { owner_.waits(*this); }

void ClientConnection::exchange_begins() { owner_.works(*this); }

void ClientConnection::exchange_ended() {
  waiting_since_ = loop_.now();
  spared_at_ = {};
  owner_.waits(*this);
}

bool ClientConnection::spare() {
  if (transport_.peer_gone()) return false;
  if (spared_at_ == loop_.now()) return true;  // in this very turn: nobody has read them yet
  if (spared_at_ != TimePoint{} || !transport_.bytes_wait()) return false;
  spared_at_ = loop_.now();
  return true;
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
