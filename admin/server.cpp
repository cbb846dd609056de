#include "admin/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <list>
#include <string_view>

#include "admin/connection.h"
#include "base/quietly.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kAfterFailure{100};  // no descriptor is left, or no memory
constexpr int kAtOnce = 16;           // accepted in one turn of the loop

constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    "Content-Length: 71\r\n\r\n"
    "{\"error\":\"busy\",\"message\":\"too many connections to the admin socket\"}\r\n";
static_assert(kBusy.substr(kBusy.find("{\"")).size() == 71);

}  // namespace

struct AdminServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& c, Log& l, AdminAccess a, AdminLimits most)
      : control(c), log(l), access(a), limits(most), acceptor(c), pause(c) {}

  asio::awaitable<void> accept(std::shared_ptr<Impl> self);
  bool accept_some();  // false: it has to wait for a while
  void take(int fd);
  bool make_room();

  asio::io_context& control;
  Log& log;
  const AdminAccess access;
  const AdminLimits limits;
  AdminRoutes routes;
  asio::posix::stream_descriptor acceptor;  // borrowed: given back by stop()
  asio::steady_timer pause;
  std::list<std::weak_ptr<AdminConnection>> open;  // oldest first
  std::shared_ptr<std::size_t> streams = std::make_shared<std::size_t>(0);
  bool stopped = false;
};

AdminServer::AdminServer(asio::io_context& control, Log& log, AdminAccess access, AdminLimits limits)
    : impl_(std::make_shared<Impl>(control, log, access, limits)) {}

AdminServer::~AdminServer() { stop(); }

void AdminServer::route(std::string method, std::string pattern, AdminHandler handler) {
  impl_->routes.add(std::move(method), std::move(pattern), std::move(handler));
}

void AdminServer::start(int listening_fd) {
  impl_->acceptor.assign(listening_fd);
  asio::co_spawn(impl_->control, impl_->accept(impl_), asio::detached);
}

void AdminServer::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  if (impl_->acceptor.is_open()) impl_->acceptor.release();
  impl_->pause.cancel();
  for (const auto& weak : impl_->open)
    if (const auto connection = weak.lock()) connection->close();
}

std::size_t AdminServer::connections() const {
  return static_cast<std::size_t>(
      std::count_if(impl_->open.begin(), impl_->open.end(), [](const auto& weak) { return !weak.expired(); }));
}

asio::awaitable<void> AdminServer::Impl::accept([[maybe_unused]] std::shared_ptr<Impl> self) {
  while (!stopped) {
    auto [error] = co_await acceptor.async_wait(acceptor.wait_read, quietly);
    if (error || stopped) co_return;
    if (accept_some()) continue;
    pause.expires_after(kAfterFailure);
    co_await pause.async_wait(quietly);
  }
}

bool AdminServer::Impl::accept_some() {
  for (int i = 0; i < kAtOnce; ++i) {
    const int fd = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
      take(fd);
    else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
      return true;
    else
      return false;
  }
  return true;
}

void AdminServer::Impl::take(int fd) {
  open.remove_if([](const auto& weak) { return weak.expired(); });
  if (open.size() >= limits.connections && !make_room()) {
    if (::send(fd, kBusy.data(), kBusy.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      // It does not even take that; it is closed all the same.
    }
    ::close(fd);
    return;
  }
  const auto connection = std::make_shared<AdminConnection>(control, fd, limits, streams);
  open.push_back(connection);
  // The routes and who may use them live in here, which the coroutine keeps.
  asio::co_spawn(control, connection->serve(routes, access),
                 [self = shared_from_this(), connection](std::exception_ptr failed) {
                   // Most likely there was no memory: this client gets no answer, everybody else goes on.
                   if (!failed) return;
                   connection->close();
                   self->log.error("an admin request failed");
                 });
}

// Whoever connects and says nothing must not keep the operator out.
bool AdminServer::Impl::make_room() {
  for (auto weak = open.begin(); weak != open.end(); ++weak) {
    const auto connection = weak->lock();
    if (!connection || !connection->reading()) continue;
    connection->close();
    open.erase(weak);
    return true;
  }
  return false;
}

}  // namespace frontdoor
