#include "cli/demo_app.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <thread>

#include "admin/place.h"
#include "base/json.h"
#include "cli/admin_client.h"
#include "cli/demo_server.h"
#include "demo_page.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {
namespace {

constexpr Millis kStart{1'000};  // what a real app loads at its start takes so long; nobody must notice
constexpr Millis kLast{100};     // between the answer to GET /crash and the crash

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::uint16_t> port_of(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  const auto at = text.find(what);
  if (at != text.npos) text.replace(at, what.size(), by);
}

class DemoApp {
 public:
  explicit DemoApp(std::string name) : name_(std::move(name)) {}

  DemoAnswer answer(const http::RequestHead& head) {
    const std::string_view path = head.target.substr(0, head.target.find('?'));
    if (path == "/healthz") return {.body = "ok\n"};
    if (path == "/api/status") return status();
    ++requests_;
    if (path == "/api/whoami") return {.type = "application/json", .body = who()};
    if (path == "/") return {.type = "text/html; charset=utf-8", .body = page()};
    if (path != "/crash") return {.status = 404, .body = "not here; there are /, /api/whoami, /api/status, /healthz and /crash\n"};
    // A GET that dies unanswered would be sent to the next instance, as a GET may be, and kill that, too.
    if (head.method == http::Method::Post) crash();
    crash_at_ = Clock::now() + kLast;
    return {.status = 202, .body = "instance " + name_ + " (pid " + std::to_string(::getpid()) + ") is about to crash\n"};
  }

  // How long there is nothing to do.
  Millis patience() const {
    if (!crash_at_) return Millis{60'000};
    return std::max(Millis{0}, std::chrono::ceil<Millis>(*crash_at_ - Clock::now()));
  }

  void crash_when_due() const {
    if (crash_at_ && Clock::now() >= *crash_at_) crash();
  }

 private:
  [[noreturn]] static void crash() {
    ::prctl(PR_SET_DUMPABLE, 0);  // a demo leaves no core files behind
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  }

  std::string who() const {
    const std::chrono::duration<double> uptime = Clock::now() - started_;
    std::string text = "{\"name\":";
    append_json_string(text, name_);
    return text + ",\"pid\":" + std::to_string(::getpid()) + ",\"uptime\":" + std::to_string(uptime.count()) +
           ",\"requests\":" + std::to_string(requests_) + "}\n";
  }

  // The front door itself may not be asked through the front door. So an instance asks: its parent is the main process
  // of one of those that run here.
  DemoAnswer status() {
    const std::string ours = "\"main_pid\":" + std::to_string(::getppid()) + ",";
    if (const std::string text = ask_admin(socket_); text.find(ours) != text.npos) return {.type = "application/json", .body = text};
    for (const std::string& socket : find_admin_sockets(AdminSurroundings::of_this_process())) {
      const std::string text = ask_admin(socket);
      if (text.find(ours) == text.npos) continue;
      socket_ = socket;
      return {.type = "application/json", .body = text};
    }
    return {.status = 503, .body = "frontdoor has no admin socket that can be asked\n"};
  }

  // "" = no answer. Everybody else waits meanwhile.
  static std::string ask_admin(const std::string& socket) {
    if (socket.empty()) return "";
    const AdminAsk question{.socket = socket, .patience = Millis{500}};
    const AdminResponse response = ask(question);
    return response.ok() ? response.body : "";
  }

  std::string page() const {
    std::string text(kDemoPage);
    replace(text, "__NAME__", name_);
    replace(text, "__PID__", std::to_string(::getpid()));
    return text;
  }

  const std::string name_;
  const TimePoint started_ = Clock::now();
  std::uint64_t requests_ = 0;
  std::optional<TimePoint> crash_at_;
  std::string socket_;  // that was found
};

}  // namespace

int run_demo_app(const Streams& streams) {
  const std::string name = variable("FRONTDOOR_INSTANCE");
  const auto port = port_of(variable("PORT"));
  if (name.empty() || !port) {
    streams.err << "frontdoor: demo-app is started by frontdoor demo\n";
    return kExitUsage;
  }
  ::prctl(PR_SET_NAME, "demo-app");  // started as /proc/self/exe, it would be called that
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::this_thread::sleep_for(kStart);

  DemoApp app(name);
  DemoServer server([&app](const http::RequestHead& head) { return app.answer(head); });
  if (!server.listen(*port)) {
    streams.err << "frontdoor: demo-app cannot listen on port " << *port << "\n";
    return kExitFailure;
  }
  for (;;) {
    server.turn(app.patience());
    app.crash_when_due();
  }
}

}  // namespace frontdoor::cli
