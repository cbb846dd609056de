#include "cli/demo.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <csignal>
#include <ctime>
#include <ostream>

#include "cli/child.h"
#include "cli/demo_app.h"
#include "cli/exit_codes.h"
#include "cli/quick_config.h"
#include "cli/serve.h"
#include "config/load.h"
#include "config/units.h"
#include "supervisor/instance_port.h"

namespace frontdoor::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr auto kRestartAfter = 2s;
constexpr auto kAnnounceAtLast = 5s;
// Probes passed before an instance gets traffic (again): the default `rise` of a health check.
constexpr int kRise = 2;

struct Instance {
  std::string name;
  Ink ink;
  std::uint16_t port;
  pid_t pid = -1;  // of the running child; -1 between two of them
  int starts = 0;
  int probes = 0;
  bool serving() const { return pid > 0 && probes >= kRise; }
};

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S", &local);
  return text;
}

// Where a person on this machine finds the listener.
std::string url_of(const Endpoint& endpoint) {
  std::string host = endpoint.ip();
  if (host == "0.0.0.0" || host == "::")
    host = "localhost";
  else if (endpoint.family() == AF_INET6)
    host.insert(0, "[").append("]");
  return "http://" + host + ':' + std::to_string(endpoint.port());
}

class Demo {
 public:
  // `hold`: how long a request waits while no instance is up.
  Demo(const Streams& streams, const std::vector<std::uint16_t>& ports, config::Millis hold)
      : out_(streams.out), style_(streams.out_style), hold_(hold) {
    constexpr Ink inks[] = {Ink::Cyan, Ink::Magenta, Ink::Yellow};
    for (std::size_t i = 0; i < ports.size(); ++i) {
      instances_.push_back({std::string(1, static_cast<char>('a' + i)), inks[i % 3], ports[i]});
    }
  }
  ~Demo() { stop(); }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  // Control thread: the children's lives are tied to the thread that starts them, and this one serves until
  // the end.
  void start(asio::io_context& io) {
    for (Instance& instance : instances_) asio::co_spawn(io, keep_running(instance), asio::detached);
    asio::co_spawn(io, announce_at_last(), asio::detached);
  }

  void listening(const std::vector<Endpoint>& endpoints) {
    listening_ = endpoints;
    announce_when_ready();
  }

  void stop() {
    stopping_ = true;
    for (Instance& instance : instances_) {
      if (instance.pid <= 0) continue;
      kill(instance.pid, SIGKILL);
      reap(instance.pid);
      instance.pid = -1;
    }
  }

 private:
  asio::awaitable<void> keep_running(Instance& instance) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    for (;;) {
      const std::vector<std::string> arguments{"demo-app",
                                               "--name",
                                               instance.name,
                                               "--port",
                                               std::to_string(instance.port),
                                               "--parent",
                                               std::to_string(getpid())};
      const Child child = spawn_self(arguments);
      if (!child.error.empty()) {
        say(instance, "could not be started: " + child.error);
      } else {
        asio::posix::stream_descriptor ended(executor, child.pidfd);
        asio::posix::stream_descriptor output(executor, child.output);
        began(instance, child.pid);
        co_await follow(instance, output);
        auto [error] = co_await ended.async_wait(ended.wait_read, quietly);
        if (error || stopping_) co_return;
        is_gone(instance);
      }
      pause.expires_after(kRestartAfter);
      auto [error] = co_await pause.async_wait(quietly);
      if (error || stopping_) co_return;
    }
  }

  // Until the child's end of the pipe is closed, which its death does.
  asio::awaitable<void> follow(Instance& instance, asio::posix::stream_descriptor& output) {
    char letters[16];
    for (;;) {
      auto [error, size] = co_await output.async_read_some(asio::buffer(letters), quietly);
      if (error || stopping_) co_return;
      for (const char letter : std::string_view(letters, size)) {
        if (letter != kReportProbed || ++instance.probes != kRise) continue;
        if (announced_) say(instance, pid_of(instance) + " is back" + traffic());
        announce_when_ready();
      }
    }
  }

  void began(Instance& instance, pid_t pid) {
    instance.pid = pid;
    instance.probes = 0;
    if (instance.starts++ > 0) say(instance, pid_of(instance) + " is starting");
  }

  void is_gone(Instance& instance) {
    const std::string who = pid_of(instance);
    const std::string how = reap(instance.pid);
    instance.pid = -1;
    say(instance, who + " " + style_.paint(Ink::Red, how) + traffic());
  }

  std::string pid_of(const Instance& instance) const { return "(pid " + std::to_string(instance.pid) + ")"; }

  std::string traffic() const {
    std::string names;
    for (const Instance& instance : instances_) {
      if (!instance.serving()) continue;
      names += (names.empty() ? "" : ", ") + style_.paint(instance.ink, instance.name);
    }
    if (names.empty()) return " · none is up now: requests wait, at most " + config::format_duration(hold_);
    return " · traffic now " + names;
  }

  void say(const Instance& instance, const std::string& what) {
    out_ << style_.dim(time_of_day()) << "  " << style_.paint(instance.ink, "● instance " + instance.name)
         << " " << what << std::endl;
  }

  // The address is printed when a request there is sure to be answered.
  void announce_when_ready() {
    for (const Instance& instance : instances_) {
      if (!instance.serving()) return;
    }
    announce();
  }

  asio::awaitable<void> announce_at_last() {
    asio::steady_timer pause(co_await asio::this_coro::executor, kAnnounceAtLast);
    co_await pause.async_wait(quietly);
    if (!stopping_) announce();
  }

  void announce() {
    if (announced_ || listening_.empty()) return;
    announced_ = true;
    const Endpoint& endpoint = listening_.front();
    const std::string url = endpoint.is_unix() ? "http://demo" : url_of(endpoint);
    const std::string curl =
        endpoint.is_unix() ? "curl --unix-socket " + endpoint.to_string().substr(5) + " " : "curl ";
    out_ << "\n  " << style_.bold("frontdoor demo") << "\n\n  open  "
         << style_.paint(Ink::Green, endpoint.is_unix() ? endpoint.to_string() : url) << "\n  with ";
    for (const Instance& instance : instances_) {
      out_ << " " << style_.paint(instance.ink, "● " + instance.name)
           << style_.dim(" pid " + std::to_string(instance.pid));
    }
    out_ << "\n  try   press the button there, or: " << curl << url << "/crash\n"
         << "  stop  Ctrl-C\n"
         << std::endl;
  }

  std::ostream& out_;
  const Style style_;
  const config::Millis hold_;
  std::vector<Instance> instances_;
  std::vector<Endpoint> listening_;
  bool announced_ = false;
  bool stopping_ = false;
};

// Without a wish: 8080, or the next port that is free, or any.
std::string choose_listen_address(std::ostream& out) {
  for (std::uint16_t port = 8080; port < 8100; ++port) {
    if (!is_free(*Endpoint::numeric("127.0.0.1", port))) continue;
    if (port != 8080) out << "Port 8080 is taken, so the demo listens on " << port << "." << std::endl;
    return "127.0.0.1:" + std::to_string(port);
  }
  return "127.0.0.1:0";
}

}  // namespace

int run_demo(const DemoCommand& command, const Streams& streams) {
  AddressError wrong;
  if (!command.listen.empty() && !parse_address(command.listen, wrong)) {
    streams.err << "frontdoor: --listen " << command.listen << ": " << wrong.what << "\n";
    return kExitUsage;
  }
  const auto ports = free_instance_ports(3);
  if (ports.size() < 3) {
    streams.err << "frontdoor: no free loopback ports for the instances\n";
    return kExitFailure;
  }
  const std::string text =
      demo_config(command.listen.empty() ? choose_listen_address(streams.out) : command.listen, ports);
  config::Loaded loaded = config::load(text, "<demo>");
  if (!loaded.ok()) {
    for (const auto& diagnostic : loaded.diagnostics) streams.err << diagnostic.to_string() << "\n";
    return kExitBadConfig;
  }

  Demo demo(streams, ports, loaded.config.pools.front().hold.timeout);
  ServeOptions options;
  options.config_text = text;
  options.ready_file = command.serving.ready_file;
  options.workers = command.serving.workers;
  options.on_start = [&demo](asio::io_context& io) { demo.start(io); };
  options.on_ready = [&demo](const std::vector<Endpoint>& endpoints) { demo.listening(endpoints); };
  options.on_stop = [&demo] { demo.stop(); };
  return serve(loaded.config, options);
}

}  // namespace frontdoor::cli
