#include "service/process/roles.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "service/process/exit_codes.h"
#include "service/process/output_file.h"
#include "service/process/signals.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {
namespace {

constexpr const char* kKeptText = "FRONTDOOR_KEPT_TEXT_FD";
constexpr const char* kLauncher = "launcher";
constexpr const char* kReloadingLauncher = "launcher, SIGHUP reloads";
constexpr std::size_t kLongestLauncherState = 64 * 1024 * 1024;

void name_launcher_role(Hangup hangup) { ::setenv(kRoleVariable, hangup == Hangup::Reloads ? kReloadingLauncher : kLauncher, 1); }

}  // namespace

std::optional<std::string> take_variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string taken(value);
  ::unsetenv(name);
  return taken;
}

std::optional<int> take_number(const char* name) {
  const auto value = take_variable(name);
  int number = -1;
  if (!value || std::from_chars(value->data(), value->data() + value->size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

bool has_instances(const config::Config& config) {
  return std::any_of(config.pools.begin(), config.pools.end(),
                     [](const config::Pool& pool) { return !pool.process.command.empty(); });
}

bool needs_launcher(const config::Config& config) {
  return has_instances(config) || std::any_of(config.pools.begin(), config.pools.end(),
                                              [](const config::Pool& pool) { return pool.has_exec_check(); });
}

std::optional<int> take_launcher_socket() {
  const auto value = take_variable(kLauncherVariable);
  int fd = -1;
  if (value) ::prctl(PR_SET_NAME, "frontdoor");  // executed as /proc/self/exe, it would be called that
  if (!value || std::from_chars(value->data(), value->data() + value->size(), fd).ec != std::errc{})
    return std::nullopt;
  return fd;
}

std::string become_launcher(const std::vector<std::string>& words, const std::string* text, Hangup hangup) {
  // Each front door that the launcher starts reads the config from standard input again.
  if (text != nullptr) {
    OwnedFd file = to_memory_file(*text);
    if (!file.valid() || ::dup2(file.get(), STDIN_FILENO) < 0) return std::strerror(errno);
  }
  std::vector<char*> argv{const_cast<char*>("frontdoor")};
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  hold_stop_signals();
  name_launcher_role(hangup);
  ::execv("/proc/self/exe", argv.data());
  return std::strerror(errno);
}

void keep_text(const std::string& text) {
  OwnedFd file = to_memory_file(text);
  // Without close-on-exec: it goes with the launcher, and from there to each front door; instances get nothing of it.
  const int fd = file.valid() ? ::fcntl(file.get(), F_DUPFD, 3) : -1;
  if (fd >= 0) ::setenv(kKeptText, std::to_string(fd).c_str(), 1);
}

std::optional<std::string> take_kept_text() {
  const bool started_by_launcher = std::getenv(kLauncherVariable) != nullptr;
  const auto value = take_variable(kKeptText);
  int fd = -1;
  if (!value || !started_by_launcher ||
      std::from_chars(value->data(), value->data() + value->size(), fd).ec != std::errc{})
    return std::nullopt;
  OwnedFd file(fd);
  std::string text;
  char chunk[4096];
  for (ssize_t size; (size = ::pread(fd, chunk, sizeof chunk, static_cast<off_t>(text.size()))) > 0;)
    text.append(chunk, static_cast<std::size_t>(size));
  return text;
}

std::optional<Hangup> take_launcher_role() {
  const auto role = take_variable(kRoleVariable);
  if (std::getenv(kLauncherVariable) != nullptr) return std::nullopt;  // what a launcher has started is none
  if (role == kLauncher) return Hangup::Ends;
  if (role == kReloadingLauncher) return Hangup::Reloads;
  return std::nullopt;
}

namespace {

std::optional<LauncherState> take_launcher_state() {
  const auto fd = take_number(kLauncherStateVariable);
  if (!fd) return std::nullopt;
  const OwnedFd file(*fd);
  const auto bytes = from_memory_file(file.get(), kLongestLauncherState);
  return bytes ? decode_launcher_state(*bytes) : std::nullopt;
}

}  // namespace

std::optional<int> check_launcher_state(const std::vector<std::string>& words) {
  if (words.size() != 1 || words.front() != kLauncherCheck || std::getenv(kLauncherStateVariable) == nullptr) return std::nullopt;
  return take_launcher_state() ? kExitOk : kExitFailure;
}

int run_as_launcher(const std::vector<std::string>& words, Hangup hangup) {
  LauncherOptions options;
  options.front_door = {"frontdoor"};
  options.front_door.insert(options.front_door.end(), words.begin(), words.end());
  options.hangup_reloads = hangup == Hangup::Reloads;
  options.given = take_from_service_manager();
  options.before = take_launcher_state();
  options.as_launcher_again = [hangup] { name_launcher_role(hangup); };
  if (const char* file = std::getenv(kOutputFileVariable))
    options.before_a_word = [path = std::string(file)] { redirect_output(path); };
  Log log(STDERR_FILENO, LogLevel::Info, LogFormat::Auto);
  return run_launcher(options, log);
}

}  // namespace frontdoor
