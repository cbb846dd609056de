#include "proxy/listener.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

namespace frontdoor {

namespace {

constexpr int kAcceptsPerTurn = 16;  // then the connections that are there get their turn
constexpr Millis kPause{100};

}  // namespace

Listener::Settings Listener::Settings::of(const config::Listener& listener, std::uint64_t connections) {
  Settings settings{connections, listener.via, listener.proxy_protocol, listener.trusted_proxies};
  if (listener.max_connections_per_client != 0)
    settings.clients = std::make_shared<ClientCounts>(listener.max_connections_per_client);
  return settings;
}

Listener::Listener(ExchangeContext& context, BufferPool& buffers, const bool& draining, int fd, bool shared,
                   Settings settings)
    : context_(context), buffers_(buffers), draining_(draining), fd_(fd), shared_(shared), settings_(std::move(settings)) {
  ask();
}

Listener::~Listener() {
  stop_accepting();
  while (!connections_.empty()) delete &connections_.pop_front();
}

void Listener::ask() {
  if (asking_ || fd_ < 0) return;
  // Level-triggered: what is left in the queue after a turn is told again. One waiting worker is enough for each
  // connection of a shared socket.
  asking_ = context_.loop.watch(fd_, shared_ ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN, *this);
  if (!asking_) context_.loop.arm(*this, context_.loop.now() + kPause);  // out of epoll watches: try again
}

void Listener::pause() {
  if (!std::exchange(asking_, false)) return;
  ++pauses_;
  context_.loop.unwatch(fd_);
  context_.loop.arm(*this, context_.loop.now() + kPause);
}

void Listener::expired(TimePoint) { ask(); }

void Listener::run() {
  if (!asking_) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i)
    if (!accept_one()) return;
}

bool Listener::accept_one() {
  if (connections() >= settings_.connections) {
    pause();
    return false;
  }
  Endpoint from;
  const int fd = context_.loop.ops().accept(fd_, from);
  if (fd < 0) {
    switch (errno) {
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: pause(); return false;
      case EINTR:
      case ECONNABORTED: return true;  // that one has gone, the next may be fine
      default: return false;           // EAGAIN: none left
    }
  }
  const IpEndpoint client = IpEndpoint::of(from);
  if (!welcome(client.address)) {
    context_.loop.ops().close(fd);
    return true;
  }
  auto connection = std::make_unique<ClientConnection>(*this, context_.loop, client);
  if (!connection->adopt(fd)) {
    if (is_limited(client.address)) settings_.clients->leave(client.address);
    pause();  // epoll is out of memory or watches
    return false;
  }
  count(+1);
  ++accepted_;
  connections_.push_back(*connection);
  connection.release()->start();
  return true;
}

// Before anything is spent on a connection. With `proxy_protocol` it is a proxy that has connected; its clients are
// counted when their headers have come.
bool Listener::welcome(const IpAddress& from) {
  if (!settings_.proxy_protocol) return admit(from);
  if (contains(settings_.trusted_proxies, from)) return true;
  turned_away(Unwelcome::UntrustedProxy);
  return false;
}

// A trusted proxy speaks for many clients; who reaches a unix socket has no address.
bool Listener::is_limited(const IpAddress& client) const {
  return settings_.clients && client.known() && !contains(settings_.trusted_proxies, client);
}

bool Listener::admit(const IpAddress& client) {
  if (!is_limited(client) || settings_.clients->enter(client)) return true;
  turned_away(Unwelcome::TooManyOfClient);
  return false;
}

void Listener::turned_away(Unwelcome why) {
  auto& counter = turned_away_[static_cast<std::size_t>(why)];
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Listener::count(std::int64_t change) {
  count_.store(connections() + static_cast<std::uint64_t>(change), std::memory_order_relaxed);
}

void Listener::closed(ClientConnection& connection) {
  count(-1);
  if (connection.admitted() && is_limited(connection.client())) settings_.clients->leave(connection.client());
  delete &connection;
  // There is room again: do not wait for the end of the pause.
  Timer::cancel();
  ask();
}

void Listener::accept_rest() {
  while (asking_ && accept_one()) {
  }
}

void Listener::stop_accepting() {
  Timer::cancel();
  Runnable::unlink();
  if (fd_ < 0) return;
  if (std::exchange(asking_, false)) context_.loop.unwatch(fd_);
  context_.loop.ops().close(std::exchange(fd_, -1));
}

void Listener::cut_all() {
  connections_.for_each([](ClientConnection& connection) { connection.cut(); });
}

}  // namespace frontdoor
