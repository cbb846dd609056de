#include "cli/demo.h"

#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <ctime>
#include <ostream>
#include <random>

#include "cli/demo_story.h"
#include "cli/find_running.h"
#include "cli/quick_config.h"
#include "config/load.h"
#include "service/process/exit_codes.h"
#include "service/process/roles.h"
#include "service/serving/serve.h"
#include "supervisor/instances/instance_port.h"

namespace frontdoor::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnnounceAtLast = 8s;

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

// Control thread.
class Demo {
 public:
  Demo(const Streams& streams, config::Millis hold, std::string token)
      : token_(std::move(token)), out_(streams.out), style_(streams.out_style), story_(style_, hold) {}

  void listening(const std::vector<Endpoint>& endpoints) {
    listening_ = endpoints;
    announce_when_ready();
  }

  void dashboard(const std::string& address) { dashboard_ = address; }

  void moved(const InstanceChange& change) {
    const std::string line = story_.tell(change);
    if (!line.empty()) out_ << style_.dim(time_of_day()) << "  " << line << std::endl;
    announce_when_ready();
  }

  // Even when not all of them come up.
  void announce_at_last(boost::asio::io_context& io) {
    patience_.emplace(io, kAnnounceAtLast);
    patience_->async_wait([this](boost::system::error_code error) {
      if (!error) announce();
    });
  }
  void stop() { patience_.reset(); }

 private:
  // The address is printed when a request there is sure to be answered.
  void announce_when_ready() {
    if (story_.up() >= kDemoInstances) announce();
  }

  void announce() {
    if (announced_ || listening_.empty()) return;
    announced_ = true;
    story_.begin();
    const Endpoint& endpoint = listening_.front();
    const std::string url = endpoint.is_unix() ? "http://demo" : url_of(endpoint);
    const std::string curl =
        endpoint.is_unix() ? "curl --unix-socket " + endpoint.to_string().substr(5) + " " : "curl ";
    out_ << "\n  " << style_.bold("frontdoor demo") << "\n\n  open  "
         << style_.paint(Ink::Green, endpoint.is_unix() ? endpoint.to_string() : url) << "\n  with  "
         << story_.roll_call() << "\n"
         << (dashboard_.empty() ? "" : "  see   http://" + dashboard_ + "/#token=" + token_ + "\n") << "  try   press the button there, or: " << curl << url << "/crash\n"
         << "  stop  Ctrl-C\n"
         << std::endl;
  }

  const std::string token_;  // which the link to the dashboard brings along
  std::string dashboard_;    // its address
  std::ostream& out_;
  const Style style_;
  DemoStory story_;
  std::vector<Endpoint> listening_;
  std::optional<boost::asio::steady_timer> patience_;
  bool announced_ = false;
};

// Chosen by the launcher, so that a page that is open keeps it when the front door is started anew.
constexpr const char* kTokenVariable = "FRONTDOOR_DEMO_TOKEN";

std::string random_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 32; ++i) token += "0123456789abcdef"[random() % 16];
  return token;
}

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

int run_demo(const DemoCommand& command, const std::vector<std::string>& words, const Streams& streams) {
  AddressError wrong;
  if (!command.listen.empty() && !parse_address(command.listen, wrong)) {
    streams.err << "frontdoor: --listen " << command.listen << ": " << wrong.what << "\n";
    return kExitUsage;
  }
  const auto launcher = take_launcher_socket();
  if (!launcher) {
    // Chosen once: a front door that is started anew listens where the one before it did.
    std::vector<std::string> chosen = words;
    if (command.listen.empty()) chosen.insert(chosen.end(), {"--listen", choose_listen_address(streams.out)});
    ::setenv(kTokenVariable, random_token().c_str(), 1);
    streams.out.flush();
    const std::string reason = become_launcher(chosen, nullptr, Hangup::Ends);
    streams.err << "launcher: " << reason << "\n";
    return kExitFailure;
  }
  const char* const given = std::getenv(kTokenVariable);
  const std::string token = given == nullptr ? random_token() : given;
  ::unsetenv(kTokenVariable);  // no instance needs it
  const std::string text = demo_config(command.listen, token);
  config::Loaded loaded = config::load(text, "<demo>");
  if (!loaded.ok()) {
    for (const auto& diagnostic : loaded.diagnostics) streams.err << diagnostic.to_string() << "\n";
    return kExitBadConfig;
  }

  Demo demo(streams, loaded.config.pools.front().hold.timeout, token);
  ServeOptions options;
  options.config_text = text;
  options.ready_file = command.serving.ready_file;
  options.workers = command.serving.workers;
  options.launcher = launcher;
  options.find_other_frontdoor = frontdoor_on_port;
  options.on_start = [&demo](boost::asio::io_context& io) { demo.announce_at_last(io); };
  options.on_ready = [&demo](const std::vector<Endpoint>& endpoints) { demo.listening(endpoints); };
  options.on_admin_address = [&demo](const std::string& address) { demo.dashboard(address); };
  options.on_stop = [&demo] { demo.stop(); };
  options.on_instance = [&demo](const Instance& instance) {
    demo.moved({.name = instance.address().instance,
                .address = instance.address().endpoint.to_string(),
                .state = instance.state(),
                .pid = instance.pid(),
                .end = instance.last_end()});
  };
  return serve(loaded.config, options);
}

}  // namespace frontdoor::cli
