#include "proxy/listener.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <new>
#include <utility>

#include "proxy/listen_socket.h"

namespace frontdoor {

namespace {

constexpr Millis kPause{100};

// How many connections are asked whether their client has just sent something, before the one to be closed is
// found: each costs a system call.
constexpr int kLooks = 16;

bool somebody_waits(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return ::poll(&asked, 1, 0) == 1;
}

// How many connections the kernel has accepted for us. Of a unix socket it does not say: then what may be at
// most.
std::uint64_t waiting_to_be_accepted(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_unacked
                                                                    : std::uint64_t{kListenBacklog};
}

}  // namespace

Listener::Settings Listener::Settings::of(const config::Listener& listener, std::uint64_t connections) {
  Settings settings{std::make_shared<Places>(connections), listener.via, listener.proxy_protocol,
                    listener.trusted_proxies};
  if (listener.max_connections_per_client != 0)
    settings.clients = std::make_shared<ClientCounts>(listener.max_connections_per_client);
  return settings;
}

Listener::Listener(ExchangeContext& context, BufferPool& buffers, const bool& draining, int fd, bool shared,
                   Settings settings)
    : context_(context),
      buffers_(buffers),
      draining_(draining),
      fd_(fd),
      shared_(shared),
      settings_(std::move(settings)) {
  settings_.places->board().join(*this);
  ask();
}

Listener::~Listener() {
  stop_accepting();
  for (Connections* connections : {&waiting_, &working_})
    while (!connections->empty()) delete &connections->pop_front();
  settings_.places->board().leave(*this);
}

void Listener::ask() {
  if (asking_ || fd_ < 0) return;
  // Level-triggered: what is left in the queue after a turn is told again. One waiting worker is enough for
  // each connection of a shared socket.
  asking_ = context_.loop.watch(fd_, shared_ ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN, *this);
  if (!asking_) context_.loop.arm(*this, context_.loop.now() + kPause);  // out of epoll watches: try again
}

void Listener::pause() {
  if (!std::exchange(asking_, false)) return;
  ++pauses_;
  context_.loop.unwatch(fd_, *this);
  context_.loop.arm(*this, context_.loop.now() + kPause);
}

void Listener::resume() {
  Timer::cancel();
  ask();
}

void Listener::expired(TimePoint) { ask(); }

void Listener::run() {
  if (!asking_) return;
  for (unsigned came = 0; came < batch_.size(); ++came)
    if (!accept_one(Limit::Kept)) return batch_.fewer_came(came);
  batch_.all_came(context_.loop.now());
}

bool Listener::accept_one(Limit limit) {
  if (!take_place(limit)) return false;
  Endpoint from;
  const int fd = context_.loop.ops().accept(fd_, from);
  if (fd < 0) {
    const int error = errno;
    settings_.places->leave();
    return accept_failed(error);
  }
  const IpEndpoint client = IpEndpoint::of(from);
  if (!welcome(client.address)) {
    context_.loop.ops().close(fd);
    settings_.places->leave();
    return true;
  }
  auto connection = std::make_unique<ClientConnection>(*this, context_.loop, client);
  if (!connection->adopt(fd)) {
    if (is_limited(client.address)) settings_.clients->leave(client.address);
    settings_.places->leave();
    pause();  // epoll is out of memory or watches
    return false;
  }
  count(+1);
  ++accepted_;
  waiting_.push_back(*connection);
  connection.release()->start();
  return true;
}

bool Listener::accept_failed(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
      switch (make_room()) {
        case Room::Now:
          return true;
        case Room::Soon:
          return false;
        case Room::None:
          break;
      }
      settings_.places->board().ask(*this);
      [[fallthrough]];
    case ENOBUFS:
    case ENOMEM:
      pause();
      return false;
    case EINTR:
    case ECONNABORTED:
      return true;  // that one has gone, the next may be fine
    default:
      return false;  // EAGAIN: none left
  }
}

// ---- Room at the limit

bool Listener::take_place(Limit limit) {
  Places& places = *settings_.places;
  if (places.enter()) {
    full_ = false;
    return true;
  }
  // Nobody is closed for a newcomer that another worker has taken, or that there is not.
  if (!somebody_waits(fd_)) return false;
  const Room room = make_room();
  if (limit == Limit::Exceeded) {
    places.enter_anyway();
    return true;
  }
  if (room != Room::None) return places.enter();
  // All of this worker's are at work. Those of others may wait, or one has ended just now.
  places.board().await();
  if (places.enter()) return true;
  if (std::exchange(full_, true)) places.count_full();  // and nobody else could make room either
  places.board().ask(*this);
  pause();
  return false;
}

Listener::Room Listener::make_room() {
  for (int looks = 0; looks < kLooks && !waiting_.empty(); ++looks) {
    ClientConnection& longest = waiting_.front();
    if (longest.spare()) {
      waiting_.push_back(longest);
      continue;
    }
    working_.push_back(longest);  // nobody chooses it again
    longest.lose_place();
    settings_.places->count_closed_for_room();
    settings_.places->leave();
    const std::uint64_t before = connections();
    longest.cut();
    return connections() < before ? Room::Now : Room::Soon;
  }
  return waiting_.empty() ? Room::None : Room::Soon;
}

void Listener::room_wanted() noexcept {
  try {
    context_.loop.post([this] { answer_room_wanted(); });
  } catch (const std::bad_alloc&) {
    // The other one asks again after its pause.
  }
}

void Listener::room_came() noexcept {
  try {
    context_.loop.post([this] { resume(); });
  } catch (const std::bad_alloc&) {
    // It tries again after its pause.
  }
}

// Only for as long as it is true: the one that asked may have been helped by another meanwhile.
void Listener::answer_room_wanted() {
  if (settings_.places->taken() >= settings_.places->limit()) make_room();
}

// Before anything is spent on a connection. With `proxy_protocol` it is a proxy that has connected; its
// clients are counted when their headers have come.
bool Listener::welcome(const IpAddress& from) {
  if (!settings_.proxy_protocol) return admit(from);
  if (contains(settings_.trusted_proxies, from)) return true;
  turned_away(Unwelcome::UntrustedProxy);
  return false;
}

// A trusted proxy speaks for many clients, and a client of a unix socket has no address.
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
  const bool has_place = connection.has_place();
  delete &connection;
  if (has_place) settings_.places->leave();
  // A descriptor is free again: do not wait for the end of the pause.
  resume();
}

void Listener::accept_rest() {
  if (fd_ < 0) return;
  for (std::uint64_t left = waiting_to_be_accepted(fd_); left != 0 && accept_one(Limit::Exceeded); --left) {
  }
}

void Listener::stop_accepting() {
  Timer::cancel();
  Runnable::unlink();
  if (fd_ < 0) return;
  if (std::exchange(asking_, false)) context_.loop.unwatch(fd_, *this);
  context_.loop.ops().close(std::exchange(fd_, -1));
}

std::uint64_t Listener::idle_connections() {
  std::uint64_t count = 0;
  for_each_waiting([&](ClientConnection& connection) { count += connection.idle() ? 1 : 0; });
  return count;
}

void Listener::close_idle() {
  closing_idle_ = true;
  const std::size_t count = idle_connections();
  std::size_t index = 0;
  for_each_waiting([&](ClientConnection& connection) {
    if (connection.idle()) connection.close_idle(index++, count);
  });
}

void Listener::cut_all() {
  for (Connections* connections : {&waiting_, &working_})
    connections->for_each([](ClientConnection& connection) { connection.cut(); });
}

}  // namespace frontdoor
