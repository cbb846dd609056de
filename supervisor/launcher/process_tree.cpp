#include "supervisor/launcher/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>

#include "supervisor/launcher/launch.h"

namespace frontdoor {

namespace {

template <class Number>
bool to_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string read_proc_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text;
  std::array<char, 4096> block;
  for (ssize_t got = 0; (got = ::read(fd, block.data(), block.size())) > 0;)
    text.append(block.data(), static_cast<std::size_t>(got));
  ::close(fd);
  return text;
}

std::optional<ProcessInfo> read_process(pid_t pid) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return parse_process_stat(read_proc_file("/proc/" + std::to_string(pid) + "/stat"), page);
}

// Read first and asked afterwards: while it lives, or is a zombie of its parent's, its number is nobody else's.
std::optional<ProcessInfo> read_process(pid_t pid, int pidfd) {
  auto found = read_process(pid);
  pollfd end{pidfd, POLLIN, 0};
  if (pidfd >= 0 && ::poll(&end, 1, 0) != 0) return std::nullopt;
  return found;
}

std::optional<ProcessInfo> parse_process_stat(std::string_view line, std::uint64_t page_bytes) {
  ProcessInfo process;
  const auto open = line.find(" (");
  const auto close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  if (!to_number(line.substr(0, open), process.pid)) return std::nullopt;

  // proc(5) counts from 1: the state is field 3, here field 0.
  std::array<std::string_view, 22> fields;
  std::string_view rest = line.substr(close + 2);
  for (std::string_view& field : fields) {
    const auto end = std::min(rest.find_first_of(" \n"), rest.size());
    field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t waited_user = 0;
  std::uint64_t waited_system = 0;
  std::int64_t pages = 0;
  if (fields[0].size() != 1 || !to_number(fields[1], process.parent) ||
      !to_number(fields[3], process.session) || !to_number(fields[11], user) ||
      !to_number(fields[12], system) || !to_number(fields[13], waited_user) ||
      !to_number(fields[14], waited_system) || !to_number(fields[19], process.started) ||
      !to_number(fields[21], pages))
    return std::nullopt;
  process.state = fields[0].front();
  process.cpu_ticks = user + system;
  process.waited_cpu_ticks = waited_user + waited_system;
  process.resident_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, pages)) * page_bytes;
  return process;
}

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> found;
  DIR* const directory = ::opendir("/proc");
  if (!directory) return found;
  while (const dirent* entry = ::readdir(directory)) {
    pid_t pid = 0;
    if (!to_number(std::string_view(entry->d_name), pid)) continue;
    if (const auto process = read_process(pid)) found.push_back(*process);
  }
  ::closedir(directory);
  return found;
}

std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& processes, pid_t root) {
  std::multimap<pid_t, const ProcessInfo*> children;
  for (const ProcessInfo& process : processes) children.emplace(process.parent, &process);
  std::vector<ProcessInfo> found;
  const auto add_children = [&](pid_t parent) {
    const auto [first, last] = children.equal_range(parent);
    for (auto child = first; child != last; ++child) found.push_back(*child->second);
    children.erase(first, last);  // each once, whatever a list that changed while it was read claims
  };
  add_children(root);
  for (std::size_t i = 0; i < found.size(); ++i) add_children(found[i].pid);
  return found;
}

std::optional<bool> descends_from(pid_t process, pid_t ancestor) {
  constexpr int kDeepest = 1'000;  // what changes while it is read has no end
  for (int depth = 0; depth < kDeepest; ++depth) {
    if (process == ancestor) return true;
    const auto info = read_process(process);
    if (!info) return depth == 0 ? std::nullopt : std::optional(false);
    if (info->parent <= 1) return false;
    process = info->parent;
  }
  return false;
}

bool signal_process(const ProcessInfo& process, int signal) {
  // Held first, looked at then: from here on the number can not pass to another process unnoticed.
  const int pidfd = open_pidfd(process.pid);
  if (pidfd < 0) return false;
  const auto now = read_process(process.pid);
  const bool same = now && now->started == process.started;
  const bool sent = same && ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
  ::close(pidfd);
  return sent;
}

bool started_with(pid_t pid, std::string_view variable) {
  const std::string environment = read_proc_file("/proc/" + std::to_string(pid) + "/environ");
  for (std::size_t from = 0; from < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', from), environment.size());
    if (std::string_view(environment).substr(from, end - from) == variable) return true;
    from = end + 1;
  }
  return false;
}

}  // namespace frontdoor
