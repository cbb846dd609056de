#include "cli/detach.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "admin/place.h"
#include "admin/socket.h"
#include "cli/event_text.h"
#include "cli/find_running.h"
#include "cli/hints.h"
#include "service/process/exit_codes.h"
#include "service/process/output_file.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor::cli {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr Millis kLookAtChild{50};
constexpr Millis kAnswer{1'000};   // for one status
constexpr Millis kMargin{10'000};  // beyond the apps' own start_timeout
constexpr Millis kUntold{500};     // of an end that is waited for
constexpr std::size_t kLastLines = 15;

pid_t start(const DetachedRun& run, const std::string& file) {
  std::vector<char*> argv{const_cast<char*>("frontdoor")};
  for (const std::string& word : run.words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  OwnedFd input = run.stdin_text ? to_memory_file(*run.stdin_text) : OwnedFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::setenv(kOutputFileVariable, file.c_str(), 1);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (input.valid()) ::dup2(input.get(), STDIN_FILENO);
  if (redirect_output(file).empty()) ::execv("/proc/self/exe", argv.data());
  ::_exit(kExitFailure);
}

struct Progress {
  bool up = false;
  std::string failed = {};  // why it will not come up
};

// Without an end it never began: its command is not there, for instance.
std::string how_it_failed(const json::object& upstream, std::string_view state) {
  const std::string end = text_of(upstream, "last_end"), reason = text_of(upstream, "last_reason");
  if (end.empty()) return " cannot be started" + (reason.empty() ? "" : ": " + reason);
  return (state == "exited" ? " has ended, last with " : " ends again and again, last with ") + end;
}

Progress progress_of(const json::object& status) {
  Progress progress{true, ""};
  const json::value* pools = status.if_contains("pools");
  if (pools == nullptr || !pools->is_array()) return {};
  for (const json::value& pool : pools->get_array()) {
    if (!pool.is_object() || text_of(pool.get_object(), "command").empty()) continue;
    std::size_t up = 0;
    for (const json::value& value : pool.get_object().at("upstreams").as_array()) {
      const json::object& upstream = value.as_object();
      if (!upstream.contains("restarts")) continue;
      const std::string state = text_of(upstream, "state");
      if (state == "up" || state == "done") ++up;
      if (state == "crash loop" || state == "exited")
        progress.failed = text_of(upstream, "name") + how_it_failed(upstream, state);
    }
    progress.up = progress.up && up > 0 && std::to_string(up) == text_of(pool.get_object(), "instances");
  }
  return progress;
}

// The socket of this main process, once it is there.
std::string find_socket(const config::Config& config, pid_t main_pid) {
  std::vector<std::string> paths;
  if (!config.admin.socket.empty())
    paths.push_back(config.admin.socket);
  else
    paths = find_admin_sockets(AdminSurroundings::of_this_process());
  for (const std::string& path : paths) {
    if (look_at_socket(path).owner != SocketOwner::Alive) continue;
    const auto status = status_of(path, kAnswer);
    if (status && text_of(*status, "main_pid") == std::to_string(main_pid)) return path;
  }
  return "";
}

Millis patience_for(const config::Config& config) {
  Millis longest{0};
  for (const config::Pool& pool : config.pools)
    if (!pool.process.command.empty()) longest = std::max(longest, pool.process.start_timeout);
  return longest + kMargin;
}

std::string last_lines(const std::string& file, off_t since) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  struct stat info {};
  std::string text;
  if (::fstat(fd, &info) == 0) {
    const off_t from = std::max(info.st_size < since ? off_t{0} : since, info.st_size - off_t{16 * 1024});
    text.resize(static_cast<std::size_t>(std::max<off_t>(info.st_size - from, 0)));
    const ssize_t size = ::pread(fd, text.data(), text.size(), from);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  ::close(fd);
  std::size_t begin = text.size();
  for (std::size_t lines = 0; lines < kLastLines && begin > 0; ++lines) {
    const std::size_t newline = begin < 2 ? std::string::npos : text.rfind('\n', begin - 2);
    begin = newline == std::string::npos ? 0 : newline + 1;
  }
  // The log took no terminal for its reader, but it has one.
  std::string shown;
  for (std::string_view rest = std::string_view(text).substr(begin); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    shown += event_text(line) + '\n';
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return shown;
}

// Whose address the config's first taken one is, if it is another frontdoor's: what its own log says, for people.
std::string who_serves_there(const config::Config& config) {
  for (const config::Listener& listener : config.listeners) {
    if (listener.address.kind != Address::Kind::Tcp || listener.address.port == 0) continue;
    const auto other = frontdoor_on_port(listener.address.port);
    if (!other) continue;
    return listener.address.to_string() + " is another frontdoor's, pid " + other->pid + "\n  it is   " + other->command +
           (other->directory.empty() ? "" : ", in " + other->directory) + "\n  end it  " + other->stop;
  }
  return "";
}

// What another frontdoor writes there is not taken for what this one says.
std::string file_of_its_own(const std::string& file) {
  constexpr int kMostAtOnce = 100;
  const std::string stem = file.substr(0, file.rfind('.'));
  std::string own = file;
  for (int number = 2; is_written(own) && number < kMostAtOnce; ++number) own = stem + '-' + std::to_string(number) + ".log";
  return own;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "it was killed by signal " + std::to_string(WTERMSIG(status));
  return "it ended with status " + std::to_string(WEXITSTATUS(status));
}

sigset_t watched_signals() {
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD}) ::sigaddset(&watched, signal);
  return watched;
}

// The next of the watched signals; -1 when none comes in that time.
int signal_within(Millis time) {
  const sigset_t watched = watched_signals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec pause{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
  return ::sigtimedwait(&watched, nullptr, &pause);
}

// "" when it is up, else why it is not. `child` is -1 afterwards when it has ended by itself.
std::string wait_until_up(const DetachedRun& run, pid_t& child, std::string& socket, json::object& last) {
  const TimePoint latest = Clock::now() + patience_for(run.config);
  for (;;) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      child = -1;
      return how_it_ended(status);
    }
    if (socket.empty()) socket = find_socket(run.config, child);
    if (!socket.empty()) {
      if (const auto answer = status_of(socket, kAnswer)) {
        last = *answer;
        const Progress progress = progress_of(*answer);
        if (progress.up) return "";
        if (!progress.failed.empty()) return progress.failed;
      }
    }
    if (Clock::now() >= latest)
      return socket.empty() ? "its admin socket does not answer" : "it is not up in time";
    const int signal = signal_within(kLookAtChild);
    if (signal == SIGINT || signal == SIGTERM) return "interrupted";
  }
}

// Its apps have their time to stop. It leads a session of its own, so that a Ctrl-C here does not reach it by itself.
void end_in_order(pid_t child, const Streams& streams) {
  ::kill(child, SIGTERM);
  const TimePoint told_at = Clock::now() + kUntold;
  for (bool told = false; ::waitpid(child, nullptr, WNOHANG) == 0;) {
    if (!told && Clock::now() >= told_at) {
      streams.err << "frontdoor: not up: what it has started is being stopped; Ctrl-C ends it at once" << std::endl;
      told = true;
    }
    const int signal = signal_within(kLookAtChild);
    if (signal == SIGINT || signal == SIGTERM) ::kill(child, signal);
  }
}

}  // namespace

std::string output_file_name(const config::Config& config) {
  std::string name;
  if (!config.listeners.empty())
    for (const char c : config.listeners.front().address.to_string()) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
      if (plain || (!name.empty() && name.back() != '-')) name += plain ? c : '-';
    }
  return (name.empty() ? "frontdoor" : name) + ".log";
}

int run_detached(const DetachedRun& run, const Streams& streams) {
  const auto fail = [&](const std::string& what) {
    streams.err << "frontdoor: " << what << '\n';
    return kExitFailure;
  };
  if (run.config.admin.socket == "off")
    return fail("--detach needs the admin socket, which the config has switched off: nothing could find it again");
  const std::string directory = state_directory(AdminSurroundings::of_this_process());
  if (directory.empty()) return fail("there is no place for its output: neither HOME nor XDG_STATE_HOME is set");
  std::error_code unmade;
  fs::create_directories(directory, unmade);
  const std::string file = file_of_its_own(directory + '/' + output_file_name(run.config));
  struct stat before {};
  const off_t since = ::stat(file.c_str(), &before) == 0 ? before.st_size : 0;
  if (::access(directory.c_str(), W_OK) != 0) return fail(directory + ": " + std::strerror(errno));

  const sigset_t watched = watched_signals();  // before there is a child that a signal's default would leave behind
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  pid_t child = start(run, file);
  if (child < 0) return fail(std::string("cannot start: ") + std::strerror(errno));
  std::string socket;
  json::object status;
  std::string why = wait_until_up(run, child, socket, status);
  if (why.empty()) {
    // To end it, its name: it may have ended by itself, and another one be the only one that runs.
    const auto found = find_running("");
    const std::string needed = found && *found == socket ? "" : socket;
    streams.out << "frontdoor runs in the background, pid " << child << ", on " << addresses_of(status) << "\n"
                << with_socket("  look   frontdoor status\n  logs   frontdoor logs -f", needed) << "    (all output: " << file << ")\n"
                << with_socket("  end    frontdoor shutdown", socket) << std::endl;
    return kExitOk;
  }
  if (child > 0) end_in_order(child, streams);
  const std::string lines = last_lines(file, since);
  if (lines.find("another frontdoor serves there") != std::string::npos)
    if (const std::string other = who_serves_there(run.config); !other.empty()) why = other;
  const std::size_t first = std::min(why.find('\n'), why.size());
  streams.err << "frontdoor: not up: " << why.substr(0, first) << "; nothing is left running" << why.substr(first) << '\n';
  if (!lines.empty()) streams.err << "its last lines (" << file << "):\n" << lines;
  return kExitFailure;
}

}  // namespace frontdoor::cli
