#include "supervisor/instances/start_diagnosis.h"

#include <algorithm>
#include <array>

namespace frontdoor {

namespace {

using Port = config::Launch::Port;
using Ready = config::Launch::Ready;

constexpr std::size_t kMostNamed = 3;  // sockets in one sentence
constexpr const char* kAdvice = ": let it listen on $PORT, as by sh -c 'exec app --port $PORT'";
// Node; Python, Go, Java, .NET, Rust and Ruby, nginx and its like write strerror's words, of which some begin small.
constexpr std::array<std::string_view, 2> kInUse{"EADDRINUSE", "ddress already in use"};

bool is_every_v4(const Endpoint& at) { return at.family() == AF_INET && at.ip() == "0.0.0.0"; }
bool is_every_v6(const Endpoint& at) { return at.family() == AF_INET6 && at.ip() == "::"; }

std::string pid(const ListeningSocket& socket) { return "pid " + std::to_string(socket.pid); }

// Where connections to `expected` arrive. [::] takes those of IPv4, too, unless it was told not to: then they are
// refused.
bool serves(const ListeningSocket& socket, const StartSight& sight) {
  if (socket.at == sight.expected) return true;
  if (socket.at.is_unix() || socket.at.port() != sight.expected.port()) return false;
  return is_every_v4(socket.at) || (is_every_v6(socket.at) && !sight.refused);
}

StartDiagnosis answers_badly(const ListeningSocket& socket, const StartSight& sight) {
  const std::string there = pid(socket) + " listens on " + socket.at.to_string();
  if (sight.ready == Ready::Notify && !sight.said_ready) return {there + ", but has not said READY=1", false};
  if (sight.last_probe.empty()) return {there + ", but no probe has passed yet", false};
  return {there + ", but its probe does not pass: " + sight.last_probe, false};
}

std::string list(const std::vector<ListeningSocket>& sockets) {
  std::string text;
  for (std::size_t i = 0; i < std::min(sockets.size(), kMostNamed); ++i)
    text += (i == 0 ? "" : i + 1 == sockets.size() ? " and " : ", ") + sockets[i].at.to_string();
  return text + (sockets.size() > kMostNamed ? " and others" : "");
}

std::string expected_text(const StartSight& sight) {
  if (sight.expected.is_unix())
    return "PORT=" + sight.expected.to_string().substr(sizeof("unix:") - 1) +
           " (an app that takes only a number needs port = \"auto\")";
  return "PORT=" + std::to_string(sight.expected.port());
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// LISTEN_PID names the process that was started. What that one starts may not take the socket.
StartDiagnosis about_passed_socket(const StartSight& sight) {
  std::vector<ListeningSocket> others;
  for (const ListeningSocket& socket : sight.sockets)
    if (!(socket.at == sight.expected)) others.push_back(socket);
  if (!others.empty())
    return {pid(others.front()) + " listens on " + list(others) + " instead of the socket that it was passed (LISTEN_FDS)",
            true};
  if (sight.tree.size() > 1)
    return {"LISTEN_PID names pid " + std::to_string(sight.tree.front()) + ", which has started pid " +
                std::to_string(sight.tree[1]) +
                ": only the process that frontdoor starts may take the socket, so start the app itself, or put exec "
                "before its command in the shell",
            false};
  if (sight.ready == Ready::Notify && !sight.said_ready) return {"it has not said READY=1", false};
  return {"pid " + std::to_string(sight.tree.empty() ? 0 : sight.tree.front()) +
              " does not answer on the socket that it was passed (LISTEN_FDS)" +
              (sight.last_probe.empty() ? "" : ": " + sight.last_probe),
          false};
}

}  // namespace

std::string address_in_use(std::string_view last_words, const Endpoint& expected) {
  if (expected.is_unix() || expected.size() == 0) return "";
  const std::string port = std::to_string(expected.port());
  const auto said = [&](std::string_view word) { return has(last_words, word); };
  if (std::none_of(kInUse.begin(), kInUse.end(), said) || said(port)) return "";
  return "; it found an address in use and did not try PORT=" + port + kAdvice;
}

StartDiagnosis diagnose_start(const StartSight& sight) {
  if (sight.port == Port::None) return {"it has not said READY=1", false};
  if (sight.port == Port::ListenFds) return about_passed_socket(sight);
  const auto serving = std::find_if(sight.sockets.begin(), sight.sockets.end(),
                                    [&](const ListeningSocket& socket) { return serves(socket, sight); });
  if (serving != sight.sockets.end()) return answers_badly(*serving, sight);
  if (!sight.other_holder.empty())
    return {"port " + std::to_string(sight.expected.port()) + " is held by " + sight.other_holder, true};

  std::vector<ListeningSocket> elsewhere;
  for (const ListeningSocket& socket : sight.sockets) {
    const bool on_port = !sight.expected.is_unix() && !socket.at.is_unix() && socket.at.port() == sight.expected.port();
    if (on_port && socket.at.family() == AF_INET6)
      return {pid(socket) + " listens on " + socket.at.to_string() + ", IPv6 only; expected " + sight.expected.to_string(), true};
    if (on_port)
      return {pid(socket) + " listens on " + socket.at.to_string() + " only; expected " + sight.expected.to_string(), true};
    // Sockets between an app's own processes say nothing about where it serves.
    if (!socket.at.is_unix() || sight.expected.is_unix()) elsewhere.push_back(socket);
  }
  if (!elsewhere.empty())
    return {pid(elsewhere.front()) + " listens on " + list(elsewhere) + ", expected " + expected_text(sight) +
                (sight.expected.is_unix() ? "" : kAdvice),
            true};
  const std::string nothing = "nothing of it listens anywhere, expected " + expected_text(sight);
  if (sight.ready == Ready::Notify && !sight.said_ready) return {"it has not said READY=1, and " + nothing, false};
  return {nothing, false};
}

}  // namespace frontdoor
