#include "admin/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <exception>
#include <list>
#include <string_view>

#include "admin/connection.h"
#include "base/detached.h"
#include "base/quietly.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kAfterFailure{100};  // no descriptor is left, or no memory
constexpr int kAtOnce = 16;           // accepted in one turn of the loop
constexpr Millis kStuckReader{1'000};  // with an answer, when others wait for its place

// To whom there is no place for: made once, since it is sent when there is the least to spare.
std::string busy_answer() {
  const AdminBody body = problem_body({503, "busy", "too many connections to the admin socket or address"});
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: " + body.content_type +
         "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.text.size()) + "\r\n\r\n" + body.text;
}

}  // namespace

// Where connections are accepted: the unix socket or the TCP address. A flood of one leaves the places of the other alone.
struct Door {
  Door(asio::io_context& control, AdminPolicy own_policy) : policy(std::move(own_policy)), acceptor(control), pause(control) {}

  AdminPolicy policy;
  asio::posix::stream_descriptor acceptor;  // borrowed: given back by stop()
  asio::steady_timer pause;
  std::list<std::weak_ptr<AdminConnection>> open;  // oldest first
  std::shared_ptr<AdminStreams> streams = std::make_shared<AdminStreams>();
};

struct AdminServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& c, Log& l, AdminAccess a, AdminLimits most) : control(c), log(l), access(a), limits(most) {}

  void start(int fd, AdminPolicy policy);
  asio::awaitable<void> accept(std::shared_ptr<Impl> self, Door& door);
  bool accept_some(Door& door);  // false: it has to wait for a while
  void take(Door& door, int fd);
  static bool make_room(Door& door);

  asio::io_context& control;
  Log& log;
  const AdminAccess access;
  const AdminLimits limits;
  const std::string busy = busy_answer();
  AdminRoutes routes;
  std::list<Door> doors;
  bool stopped = false;
};

AdminServer::AdminServer(asio::io_context& control, Log& log, AdminAccess access, AdminLimits limits)
    : impl_(std::make_shared<Impl>(control, log, access, limits)) {}

AdminServer::~AdminServer() { stop(); }

void AdminServer::route(std::string method, std::string pattern, AdminHandler handler, AdminNeeds needs) {
  if (method != "GET") needs = AdminNeeds::Trust;
  impl_->routes.add(std::move(method), std::move(pattern), std::move(handler), needs);
}

const std::vector<AdminRoute>& AdminServer::routes() const { return impl_->routes.all(); }

void AdminServer::start(int unix_socket) { impl_->start(unix_socket, {.access = impl_->access}); }

void AdminServer::start_tcp(int tcp_socket, AdminTcpRules rules) {
  AdminPolicy policy;
  policy.rules = std::move(rules);
  impl_->start(tcp_socket, std::move(policy));
}

void AdminServer::set_rules(AdminTcpRules rules) {
  for (Door& door : impl_->doors)
    if (door.policy.rules) door.policy.rules = rules;
}

void AdminServer::refuse_changes(std::string why) { impl_->routes.refuse_changes(std::move(why)); }

void AdminServer::stop_accepting() {
  impl_->stopped = true;
  for (Door& door : impl_->doors) {
    if (door.acceptor.is_open()) door.acceptor.release();
    door.pause.cancel();
  }
}

void AdminServer::stop() {
  stop_accepting();
  for (Door& door : impl_->doors) {
    for (const auto& weak : door.open)
      if (const auto connection = weak.lock()) connection->close();
  }
}

std::size_t AdminServer::connections() const {
  std::size_t count = 0;
  for (const Door& door : impl_->doors)
    for (const auto& weak : door.open) count += weak.expired() ? 0 : 1;
  return count;
}

void AdminServer::Impl::start(int fd, AdminPolicy policy) {
  Door& door = doors.emplace_back(control, std::move(policy));
  door.acceptor.assign(fd);
  asio::co_spawn(control, accept(shared_from_this(), door), OrTell(log, "accepting who asks"));
}

// `self` keeps the door, too.
asio::awaitable<void> AdminServer::Impl::accept([[maybe_unused]] std::shared_ptr<Impl> self, Door& door) {
  while (!stopped) {
    auto [error] = co_await door.acceptor.async_wait(door.acceptor.wait_read, quietly);
    if (error || stopped) co_return;
    if (accept_some(door)) continue;
    door.pause.expires_after(kAfterFailure);
    co_await door.pause.async_wait(quietly);
  }
}

bool AdminServer::Impl::accept_some(Door& door) {
  for (int i = 0; i < kAtOnce; ++i) {
    const int fd = ::accept4(door.acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
      take(door, fd);
    else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
      return true;
    else
      return false;
  }
  return true;
}

void AdminServer::Impl::take(Door& door, int fd) {
  door.open.remove_if([](const auto& weak) { return weak.expired(); });
  if (door.open.size() >= limits.connections && !make_room(door)) {
    if (::send(fd, busy.data(), busy.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      // It does not even take that; it is closed all the same.
    }
    ::close(fd);
    return;
  }
  std::shared_ptr<AdminConnection> connection;
  try {
    connection = std::make_shared<AdminConnection>(control, fd, limits, door.policy, door.streams);
    door.open.push_back(connection);
  } catch (const std::exception&) {  // no memory, or the kernel gives no more watches: the door stays open for the next one
    if (!connection) ::close(fd);
    return log.error("an admin request failed");
  }
  // The routes and who may use them live in here, which the coroutine keeps.
  asio::co_spawn(control, connection->serve(routes), [self = shared_from_this(), connection](std::exception_ptr failed) {
    // Most likely there was no memory: this client gets no answer, everybody else goes on.
    if (!failed) return;
    connection->close();
    self->log.error("an admin request failed");
  });
}

// A connection that says nothing must not keep the operator out, nor one that asks and does not read its answer; nor, where
// strangers come, one that has no token and is about to be told so.
bool AdminServer::Impl::make_room(Door& door) {
  const auto close_first = [&door](auto may_go) {
    for (auto weak = door.open.begin(); weak != door.open.end(); ++weak) {
      const auto connection = weak->lock();
      if (!connection || !may_go(*connection)) continue;
      connection->close();
      door.open.erase(weak);
      return true;
    }
    return false;
  };
  return close_first([](const AdminConnection& each) { return each.reading(); }) ||
         close_first([](const AdminConnection& each) { return each.stuck(kStuckReader); }) ||
         (door.policy.rules && close_first([](const AdminConnection& each) { return !each.trusted(); }));
}

}  // namespace frontdoor
