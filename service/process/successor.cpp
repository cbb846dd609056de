#include "service/process/successor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/signals_blocked.h"
#include "service/process/output_file.h"
#include "service/process/predecessors.h"
#include "supervisor/launcher/last_words.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_message.h"

extern char** environ;

namespace frontdoor {

namespace {

constexpr std::size_t kDigits = 20;
constexpr int kMostTries = 50;  // a second

// Names that the child must hear about itself, with a place for its number: between fork and exec of a process with
// threads nothing may be allocated.
struct OwnNumber {
  std::string text;
  std::size_t at;

  explicit OwnNumber(std::string_view name) : text(std::string(name) + '=' + std::string(kDigits, '\0')), at(name.size() + 1) {}

  void write(pid_t pid) {
    char digits[kDigits];
    std::size_t count = 0;
    for (; pid != 0 && count < kDigits; pid /= 10) digits[count++] = static_cast<char>('0' + pid % 10);
    for (std::size_t i = 0; i < count; ++i) text[at + i] = digits[count - 1 - i];
  }
};

bool is_ours(std::string_view entry) {
  for (const std::string_view name : {"NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=", "LISTEN_FDS=", "LISTEN_PID=",
                                      "LISTEN_FDNAMES=", "FRONTDOOR_KEPT_SOCKETS=", "FRONTDOOR_PREDECESSOR_FD=", "FRONTDOOR_PREDECESSORS=",
                                      "FRONTDOOR_OUTPUT_FILE=", "FRONTDOOR_STANDARD_ERROR="})
    if (entry.starts_with(name)) return true;
  return false;
}

void inherit(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags >= 0) ::fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
}

}  // namespace

OnTrial::~OnTrial() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void tell_predecessor_why_not(std::string_view reason) {
  const char* const number =
      std::getenv(std::getenv(kBesideVariable) != nullptr ? kLauncherVariable : kPredecessorVariable);
  int socket = -1;
  if (number == nullptr || std::from_chars(number, number + std::strlen(number), socket).ec != std::errc{}) return;
  send_last_word(socket, {.kind = LauncherMessage::Kind::UpgradeFailed, .name = std::string(reason)});
}

void send_last_word(int socket, const LauncherMessage& message) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    const Sent sent = send_message(socket, message);
    if (sent == Sent::Ok || sent == Sent::NobodyThere) return;
    ::poll(nullptr, 0, static_cast<int>(kTrySendingAgain.count()));
  }
}

pid_t start_successor(const SuccessorStart& start) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!is_ours(*entry)) variables.emplace_back(*entry);
  if (!start.given.notify_socket.empty()) variables.push_back("NOTIFY_SOCKET=" + start.given.notify_socket);
  if (start.given.watchdog.count() != 0) variables.push_back("WATCHDOG_USEC=" + std::to_string(start.given.watchdog.count()));
  const PassedSocketNames passed = names_of(start.given.sockets);
  if (passed.count != 0) {
    variables.push_back("LISTEN_FDS=" + std::to_string(passed.count));
    variables.push_back("LISTEN_FDNAMES=" + passed.names);
  }
  variables.push_back("FRONTDOOR_KEPT_SOCKETS=" + encode_kept_sockets(start.kept));
  variables.push_back(std::string(kPredecessorVariable) + '=' + std::to_string(start.predecessor));
  if (!start.output_file.empty()) variables.push_back(std::string(kOutputFileVariable) + '=' + start.output_file);
  variables.push_back(std::string(kPredecessorsVariable) + '=' + start.predecessors);
  if (start.errors != nullptr && !start.errors->variable().empty())
    variables.push_back(std::string(LastWords::kVariable) + '=' + start.errors->variable());
  OwnNumber watched("WATCHDOG_PID"), listens("LISTEN_PID");

  std::vector<char*> environment;
  for (std::string& each : variables) environment.push_back(each.data());
  if (start.given.watchdog.count() != 0) environment.push_back(watched.text.data());
  if (passed.count != 0) environment.push_back(listens.text.data());
  environment.push_back(nullptr);
  std::vector<char*> argv{const_cast<char*>(start.program.c_str())};
  for (const std::string& word : start.words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  sigset_t held;
  ::sigemptyset(&held);  // until it listens for them (service/process/signals.h)
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2}) ::sigaddset(&held, signal);
  const SignalsBlocked blocked;  // a handler of ours must not run in the child
  const pid_t pid = ::fork();
  if (pid == 0) {
    watched.write(::getpid());
    listens.write(::getpid());
    for (const KeptSocket& socket : start.kept) inherit(socket.fd);
    for (const PassedSocket& socket : start.given.sockets) inherit(socket.fd);
    inherit(start.predecessor);
    if (start.errors != nullptr) start.errors->become_standard_error();
    if (start.input >= 0) ::dup2(start.input, STDIN_FILENO);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD}) {
      struct sigaction usual {};
      usual.sa_handler = SIG_DFL;
      struct sigaction now {};
      ::sigaction(signal, nullptr, &now);
      if (now.sa_handler != SIG_IGN || signal == SIGPIPE) ::sigaction(signal, &usual, nullptr);  // nohup stays in force
    }
    ::sigprocmask(SIG_SETMASK, &held, nullptr);
    ::execve(start.program.c_str(), argv.data(), environment.data());
    ::_exit(kNotExecuted);
  }
  return pid;
}

}  // namespace frontdoor
