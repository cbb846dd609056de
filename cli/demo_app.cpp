#include "cli/demo_app.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "cli/exit_codes.h"
#include "demo_page.h"

namespace frontdoor::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

void replace(std::string& text, std::string_view what, const std::string& by) {
  const auto at = text.find(what);
  if (at != text.npos) text.replace(at, what.size(), by);
}

void report(char letter) { [[maybe_unused]] const auto written = write(1, &letter, 1); }

[[noreturn]] void crash() {
  prctl(PR_SET_DUMPABLE, 0);  // a demo leaves no core files behind
  std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

class DemoApp {
 public:
  DemoApp(asio::io_context& io, const DemoAppCommand& command)
      : acceptor_(io), crash_soon_(io), name_(command.name), port_(command.port) {}

  bool listen() {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port_);
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(1024, error);
    if (error) return false;
    report(kReportListening);
    return true;
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(quietly);
      if (!error) asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }

 private:
  asio::awaitable<void> serve(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    boost::beast::flat_buffer buffer;
    for (;;) {
      Request request;
      auto [read_error, read] = co_await http::async_read(socket, buffer, request, quietly);
      if (read_error) co_return;
      Response response = answer(request);
      auto [write_error, written] = co_await http::async_write(socket, response, quietly);
      if (write_error || !response.keep_alive()) co_return;
    }
  }

  Response answer(const Request& request) {
    Response response{http::status::ok, request.version()};
    response.keep_alive(request.keep_alive());
    response.set(http::field::cache_control, "no-store");
    respond(request, response);
    response.prepare_payload();
    return response;
  }

  void respond(const Request& request, Response& response) {
    const auto target = request.target().substr(0, request.target().find('?'));
    if (target == "/healthz") {
      response.body() = "ok\n";
      if (probes_reported_ < 8) ++probes_reported_, report(kReportProbed);
      return;
    }
    ++requests_;
    if (target == "/crash") {
      // A GET that dies unanswered would be sent to the next instance, as a GET may be, and kill them all in
      // turn.
      if (request.method() == http::verb::post) crash();
      crash_soon();
      response.result(http::status::accepted);
      response.body() = "instance " + name_ + " (pid " + std::to_string(getpid()) + ") is about to crash\n";
    } else if (target == "/api/whoami") {
      response.set(http::field::content_type, "application/json");
      response.body() = who();
    } else if (target == "/") {
      response.set(http::field::content_type, "text/html; charset=utf-8");
      response.body() = std::string(kDemoPage);
      replace(response.body(), "__NAME__", name_);
      replace(response.body(), "__PID__", std::to_string(getpid()));
    } else {
      response.result(http::status::not_found);
      response.body() = "not here; there are /, /api/whoami, /healthz and /crash\n";
    }
  }

  std::string who() const {
    const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - started_;
    return "{\"name\":\"" + name_ + "\",\"pid\":" + std::to_string(getpid()) +
           ",\"uptime\":" + std::to_string(uptime.count()) + ",\"requests\":" + std::to_string(requests_) +
           "}\n";
  }

  void crash_soon() {
    crash_soon_.expires_after(std::chrono::milliseconds(100));
    crash_soon_.async_wait([](boost::system::error_code error) {
      if (!error) crash();
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer crash_soon_;
  const std::string name_;
  const std::uint16_t port_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::uint64_t requests_ = 0;
  int probes_reported_ = 0;
};

// Nobody else knows of this process, so it must not outlive the one that started it, even when that is killed
// -9. The signal comes when the parent's *thread* ends, which is the one that serves. A parent that was gone
// before we asked is seen by its process id.
bool tie_life_to(std::int64_t parent) { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent; }

}  // namespace

int run_demo_app(const DemoAppCommand& command) {
  if (!tie_life_to(command.parent)) return kExitFailure;
  std::signal(SIGPIPE, SIG_IGN);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);

  asio::io_context io(1);
  DemoApp app(io, command);
  if (!app.listen()) return kExitFailure;
  asio::co_spawn(io, app.accept(), asio::detached);
  io.run();
  return kExitOk;
}

}  // namespace frontdoor::cli
