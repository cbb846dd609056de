#include "base/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace frontdoor {

namespace {

constexpr int kFirstPassed = 3;         // SD_LISTEN_FDS_START
constexpr unsigned kMostPassed = 1'000;  // a larger number is a mistake
constexpr std::size_t kMostOwed = 16;
constexpr const char* kVariables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                      "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};

template <class Number>
std::optional<Number> to_number(const char* text) {
  if (text == nullptr) return std::nullopt;
  Number number{};
  const char* const end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::vector<std::string> split_names(const char* text) {
  std::vector<std::string> names;
  std::string_view rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

void make_close_on_exec(int fd, bool close) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags >= 0) ::fcntl(fd, F_SETFD, close ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

}  // namespace

FromServiceManager read_service_manager(const ReadVariable& variable, pid_t self) {
  FromServiceManager given;
  if (const char* const path = variable("NOTIFY_SOCKET")) given.notify_socket = path;

  // Without WATCHDOG_PID any process that finds the variable is meant.
  const bool watched =
      variable("WATCHDOG_PID") == nullptr || to_number<pid_t>(variable("WATCHDOG_PID")) == self;
  if (watched)
    given.watchdog = std::chrono::microseconds(to_number<std::uint64_t>(variable("WATCHDOG_USEC")).value_or(0));

  if (to_number<pid_t>(variable("LISTEN_PID")) != self) return given;
  const unsigned count = to_number<unsigned>(variable("LISTEN_FDS")).value_or(0);
  const auto names = split_names(variable("LISTEN_FDNAMES"));
  for (unsigned i = 0; i < count && count <= kMostPassed; ++i)
    given.sockets.push_back({i < names.size() ? names[i] : "unknown", kFirstPassed + static_cast<int>(i)});
  return given;
}

FromServiceManager take_from_service_manager() {
  FromServiceManager given =
      read_service_manager([](const char* name) { return std::getenv(name); }, ::getpid());
  for (const char* const name : kVariables) ::unsetenv(name);
  std::erase_if(given.sockets, [](const PassedSocket& socket) { return ::fcntl(socket.fd, F_GETFD) < 0; });
  for (const PassedSocket& socket : given.sockets) make_close_on_exec(socket.fd, true);
  return given;
}

// By their own numbers: one between them that was closed is left out, and whoever takes them finds that, too.
PassedSocketNames names_of(const std::vector<PassedSocket>& sockets) {
  if (sockets.empty()) return {};
  std::vector<std::string> names(static_cast<std::size_t>(sockets.back().fd - kFirstPassed + 1), "unknown");
  for (const PassedSocket& socket : sockets) names[static_cast<std::size_t>(socket.fd - kFirstPassed)] = socket.name;
  PassedSocketNames passed{names.size(), {}};
  for (const std::string& name : names) passed.names += (&name == &names.front() ? "" : ":") + name;
  return passed;
}

void hand_on(const FromServiceManager& given) {
  const std::string self = std::to_string(::getpid());
  if (!given.notify_socket.empty()) ::setenv("NOTIFY_SOCKET", given.notify_socket.c_str(), 1);
  if (given.watchdog.count() != 0) {
    ::setenv("WATCHDOG_USEC", std::to_string(given.watchdog.count()).c_str(), 1);
    ::setenv("WATCHDOG_PID", self.c_str(), 1);
  }
  if (given.sockets.empty()) return;
  for (const PassedSocket& socket : given.sockets) make_close_on_exec(socket.fd, false);
  const PassedSocketNames passed = names_of(given.sockets);
  ::setenv("LISTEN_FDS", std::to_string(passed.count).c_str(), 1);
  ::setenv("LISTEN_FDNAMES", passed.names.c_str(), 1);
  ::setenv("LISTEN_PID", self.c_str(), 1);
}

ManagerNotice kind_of_notice(std::string_view lines) {
  if (lines == "WATCHDOG=1") return ManagerNotice::Alive;
  return lines.starts_with("STATUS=") && lines.find('\n') == lines.npos ? ManagerNotice::Status : ManagerNotice::Change;
}

// In the order in which they were said: what is owed goes first.
std::string NotifySocket::send(std::string_view lines) {
  if (!wanted()) return "";
  std::string reason = send_owed();
  const bool alive = kind_of_notice(lines) == ManagerNotice::Alive;
  if (reason.empty() || alive) reason = try_to_send(lines, reason.empty() ? Patience::AMoment : Patience::None);
  if (!reason.empty() && !alive) owe(lines);
  return reason;
}

std::string NotifySocket::send_owed() {
  while (!owed_.empty()) {
    if (std::string reason = try_to_send(owed_.front(), Patience::None); !reason.empty()) return reason;
    owed_.pop_front();
  }
  return "";
}

void NotifySocket::owe(std::string_view lines) {
  const bool status = kind_of_notice(lines) == ManagerNotice::Status;
  if (!owed_.empty() && status && kind_of_notice(owed_.back()) == ManagerNotice::Status) owed_.pop_back();
  if (owed_.size() == kMostOwed) owed_.pop_front();  // by far: the last ones say what is
  owed_.emplace_back(lines);
}

std::string NotifySocket::try_to_send(std::string_view lines, Patience patience) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path || (path_[0] != '/' && path_[0] != '@'))
    return "NOTIFY_SOCKET is neither a path nor an abstract name of at most 107 bytes";
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());

  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const timeval moment{0, 500'000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
  const int flags = MSG_NOSIGNAL | (patience == Patience::None ? MSG_DONTWAIT : 0);
  const bool sent =
      ::sendto(fd, lines.data(), lines.size(), flags, reinterpret_cast<const sockaddr*>(&address), size) >= 0;
  const std::string reason = sent ? "" : std::strerror(errno);
  ::close(fd);
  return reason;
}

}  // namespace frontdoor
