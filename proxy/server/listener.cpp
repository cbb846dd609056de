#include "proxy/server/listener.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <new>
#include <utility>

#include "proxy/server/kept_listeners.h"
#include "proxy/server/listen_socket.h"

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
  Settings settings{.places = std::make_shared<Places>(connections),
                    .terms = {.protocols = listener.protocols,
                              .via = listener.via,
                              .server_timing = listener.server_timing,
                              .proxy_status = listener.proxy_status,
                              .request_id_header = listener.request_id_header},
                    .proxy_protocol = listener.proxy_protocol,
                    .trusted_proxies = listener.trusted_proxies,
                    .passed = listener.address.kind == Address::Kind::Fd};
  if (listener.tls && listener.tls->hsts != Millis{0})
    settings.terms.hsts =
        "max-age=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(listener.tls->hsts).count());
  if (listener.max_connections_per_client != 0)
    settings.clients = std::make_shared<ClientCounts>(listener.max_connections_per_client);
  return settings;
}

Listener::Listener(ExchangeContext& context, BufferPool& buffers, ObjectPages& connections, WorkerRoom& room,
                   Handshakes& handshakes, int fd, bool shared, Settings settings)
    : context_(context),
      buffers_(buffers),
      memory_(connections),
      room_(room),
      handshakes_(handshakes),
      fd_(fd),
      shared_(shared),
      settings_(std::move(settings)) {
  settings_.places->board().join(*this);
  try {
    room_.add(*this);
  } catch (const std::bad_alloc&) {
    settings_.places->board().leave(*this);
    throw;
  }
  ask();
}

Listener::~Listener() {
  stop_accepting();
  for (Connections* connections : {&waiting_, &working_})
    while (!connections->empty()) destroy(connections->pop_front());
  part();
}

void Listener::part() {
  if (std::exchange(parted_, true)) return;
  room_.remove(*this);
  settings_.places->board().leave(*this);
}

void Listener::ask() {
  if (asking_ || fd_ < 0) return;
  // Level-triggered: what is left in the queue after a turn is told again. One waiting worker is enough for
  // each connection of a shared socket.
  try {
    asking_ = context_.loop.watch(fd_, shared_ ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN, *this);
  } catch (const std::bad_alloc&) {
    asking_ = false;
  }
  if (!asking_) context_.loop.arm(*this, context_.loop.now() + kPause);  // out of epoll watches, or memory: try again
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
  return take_in(fd, IpEndpoint::of(from));
}

bool Listener::take_in(int fd, const IpEndpoint& client) {
  Owned connection(nullptr, Destroy{this});
  bool no_memory = false;
  try {
    connection = welcome_connection(client);
  } catch (const std::bad_alloc&) {
    no_memory = true;
  }
  if (!connection) {
    context_.loop.ops().close(fd);
    settings_.places->leave();
    if (no_memory) turn_away_for_memory();
    return !no_memory;
  }
  if (!connection->adopt(fd)) {
    if (is_limited(client.address)) settings_.clients->leave(client.address);
    settings_.places->leave();
    pause();  // epoll is out of memory or watches
    return false;
  }
  count_.add();
  room_.client_opened();
  ++accepted_;
  waiting_.push_back(*connection);
  connection.release()->start();
  return true;
}

// Null: it is not welcome.
Listener::Owned Listener::welcome_connection(const IpEndpoint& client) {
  if (!welcome(client.address)) return Owned(nullptr, Destroy{this});
  try {
    static_assert(std::is_nothrow_constructible_v<IpEndpoint, const IpEndpoint&>);  // and so are its other members
    return Owned(new (memory_.take()) ClientConnection(*this, context_.loop, client), Destroy{this});
  } catch (const std::bad_alloc&) {
    if (is_limited(client.address)) settings_.clients->leave(client.address);
    throw;
  }
}

void Listener::destroy(ClientConnection& connection) {
  connection.~ClientConnection();
  memory_.give(&connection);
}

// The next ones would fare no better: a connection that has nothing to say gives its memory, and new ones wait a moment.
void Listener::turn_away_for_memory() {
  turned_away(Unwelcome::NoMemory);
  if (!waiting_.empty()) make_room(Newcomers::Closed, [] {});
  pause();
}

bool Listener::accept_failed(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
      switch (room_.make(Newcomers::Kept)) {
        case Room::Now: return true;
        case Room::Soon: return false;
        case Room::None: break;
      }
      if (room_.budget()) room_.budget()->count_full();
      room_.ask_others();
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
  const bool fits = room_.client_fits();
  if (fits && places.enter()) {
    full_ = false;
    return true;
  }
  // Nobody is closed for a newcomer that another worker has taken, or that there is not.
  if (!somebody_waits(fd_)) return false;
  const Room made = fits ? make_room(Newcomers::Kept, [&] { places.count_closed_for_room(); })
                         : room_.make(Newcomers::Kept);
  if (limit == Limit::Exceeded) {
    places.enter_anyway();
    return true;
  }
  if (made != Room::None) return places.enter();
  return wait_for_room(fits);
}

// All of this worker's are at work. Those of others may wait, or one has ended just now.
bool Listener::wait_for_room(bool fits) {
  Places& places = *settings_.places;
  if (fits) {
    places.board().await();
    if (places.enter()) return true;
  }
  if (std::exchange(full_, true)) {  // and nobody else could make room either
    if (fits) places.count_full();
    else room_.budget()->count_full();
  }
  if (fits) places.board().ask(*this);
  else room_.ask_others();
  pause();
  return false;
}

Room Listener::make_room(Newcomers newcomers, const std::function<void()>& closed) {
  for (int looks = 0; looks < kLooks && !waiting_.empty(); ++looks) {
    ClientConnection& longest = waiting_.front();
    if (newcomers == Newcomers::Kept && longest.has_just_come()) return Room::None;  // the others waited less
    if (longest.spare()) {
      waiting_.push_back(longest);
      continue;
    }
    working_.push_back(longest);  // nobody chooses it again
    longest.lose_place();
    settings_.places->leave();
    closed();
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
  Places& places = *settings_.places;
  if (places.taken() >= places.limit()) make_room(Newcomers::Kept, [&] { places.count_closed_for_room(); });
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
  turned_away_[static_cast<std::size_t>(why)].add();
}

void Listener::closed(ClientConnection& connection) {
  count_.subtract();
  if (connection.admitted() && is_limited(connection.client())) settings_.clients->leave(connection.client());
  const bool has_place = connection.has_place();
  destroy(connection);
  room_.client_closed();
  if (has_place) settings_.places->leave();
  // A descriptor is free again: do not wait for the end of the pause.
  resume();
}

bool Listener::accept_rest() {
  if (fd_ < 0) return true;
  const std::uint64_t pauses = pauses_;
  for (int taken = 0; taken < kListenBacklog && waiting_to_be_accepted(fd_) != 0; ++taken)
    if (!accept_one(Limit::Exceeded)) return pauses_ != pauses || !somebody_waits(fd_);
  return true;
}

void Listener::stop_accepting() {
  const int fd = give_socket();
  if (fd < 0) return;
  // The launcher holds it, too, and a kernel that accepts for nobody lets clients wait in vain.
  const bool others = settings_.others_listen && settings_.others_listen->load();
  if (!settings_.passed && !others) stop_listening(fd);
  context_.loop.ops().close(fd);
}

void Listener::leave_socket() {
  const int fd = give_socket();
  if (fd >= 0) context_.loop.ops().close(fd);
}

int Listener::give_socket() {
  Timer::cancel();
  Runnable::unlink();
  if (fd_ >= 0 && std::exchange(asking_, false)) context_.loop.unwatch(fd_, *this);
  return std::exchange(fd_, -1);
}

void Listener::take_socket(int fd) {
  fd_ = fd;
  ask();
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

void Listener::drain_begins() {
  draining_ = true;
  for (Connections* connections : {&waiting_, &working_})
    connections->for_each([](ClientConnection& connection) { connection.drain_begins(); });
}

void Listener::cut_all() {
  for (Connections* connections : {&waiting_, &working_})
    connections->for_each([](ClientConnection& connection) { connection.cut(); });
}

}  // namespace frontdoor
