#include "proxy/listener.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

namespace frontdoor {

namespace {

constexpr int kAcceptsPerTurn = 16;  // then the connections that are there get their turn
constexpr Millis kPause{100};

}  // namespace

Listener::Listener(ExchangeContext& context, BufferPool& buffers, const bool& draining, int fd, bool shared,
                   Limits limits)
    : context_(context), buffers_(buffers), draining_(draining), fd_(fd), shared_(shared), limits_(limits) {
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
  if (connections() >= limits_.connections) {
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
  auto connection = std::make_unique<ClientConnection>(*this, context_.loop);
  if (!connection->adopt(fd, from)) {
    pause();  // epoll is out of memory or watches
    return false;
  }
  count(+1);
  ++accepted_;
  connections_.push_back(*connection.release());
  return true;
}

void Listener::count(std::int64_t change) {
  count_.store(connections() + static_cast<std::uint64_t>(change), std::memory_order_relaxed);
}

void Listener::closed(ClientConnection& connection) {
  count(-1);
  delete &connection;
  // There is room again: do not wait for the end of the pause.
  Timer::cancel();
  ask();
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
