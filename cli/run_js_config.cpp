#include "cli/run_js_config.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

namespace frontdoor::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr std::size_t most_output = 1u << 20;
constexpr int result_fd = 3;
constexpr int no_node = 127;

// import() takes modules of both kinds. What JSON has no word for is passed on as text, so that it is told and not lost.
constexpr const char* script = R"js(
const { pathToFileURL } = require('url');
const { writeSync } = require('fs');
const plain = (key, value) =>
  ['function', 'symbol', 'bigint'].includes(typeof value) || value instanceof RegExp ? String(value) : value;
(async () => {
  const module = await import(pathToFileURL(process.argv[1]));
  const value = await (module.default === undefined ? module : module.default);
  let rest = Buffer.from(JSON.stringify(value, plain) || 'null');
  while (rest.length > 0) rest = rest.subarray(writeSync(3, rest));
  process.exit(0);
})().catch((error) => {
  console.error(error && error.stack || error);
  process.exit(1);
});
)js";

[[noreturn]] void become_node(const std::string& path, int output, pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = ::fcntl(output, F_DUPFD_CLOEXEC, result_fd + 1);  // out of the way of the number it is to get
  ::dup2(in, STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  ::dup2(out, result_fd);
  ::close_range(result_fd + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (::chdir(directory.c_str()) != 0) ::_exit(1);
  ::execlp("node", "node", "-e", script, path.c_str(), nullptr);
  ::_exit(errno == ENOENT ? no_node : 1);
}

// Until the child closes its end, by its own end or ours.
std::string read_all(int fd, Clock::time_point latest, JsConfig& config) {
  std::string text;
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(latest - Clock::now()).count();
    pollfd waiting{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return config.error = "it has not ended in time", "";
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > most_output) return config.error = "what it exports is larger than 1 MiB", "";
  }
}

}  // namespace

JsConfig run_js_config(const std::string& path, Millis limit) {
  JsConfig config;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {"", std::strerror(errno)};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_node(path, ends[1], parent);
  const int fork_error = errno;
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return {"", std::strerror(fork_error)};
  }
  config.json = read_all(ends[0], Clock::now() + limit, config);
  ::close(ends[0]);
  // Closed by hand or not, it has nothing more to say.
  if (!config.error.empty()) ::kill(pid, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {
  }
  if (!config.error.empty()) return config;
  const bool exited = info.si_code == CLD_EXITED;
  if (exited && info.si_status == no_node) config.error = "it is JavaScript, and there is no node in PATH to run it";
  else if (!exited || info.si_status != 0) config.error = "node could not run it";
  else if (config.json.empty()) config.error = "it ended before it had exported anything";
  return config;
}

}  // namespace frontdoor::cli
