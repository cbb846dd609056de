#include "supervisor/triggers/process_usage.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace frontdoor {

namespace {

// The children of one process: each of its threads has a list of those that it has started. Nothing: this kernel has
// no such lists.
std::optional<std::vector<pid_t>> children_of(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* const directory = ::opendir(tasks.c_str());
  if (!directory) return std::vector<pid_t>{};
  std::vector<pid_t> children;
  bool has_lists = true;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const std::string list = tasks + "/" + entry->d_name + "/children";
    const std::string text = read_proc_file(list);
    if (text.empty() && ::access(list.c_str(), F_OK) != 0) {
      // Either the thread has just ended, or no thread has such a list.
      has_lists = ::access((tasks + "/" + entry->d_name).c_str(), F_OK) != 0;
      if (!has_lists) break;
    }
    for (const char* at = text.data(); at != text.data() + text.size();) {
      pid_t child = 0;
      const auto [end, error] = std::from_chars(at, text.data() + text.size(), child);
      if (error == std::errc{}) children.push_back(child);
      at = end == at ? at + 1 : end;
    }
  }
  ::closedir(directory);
  if (!has_lists) return std::nullopt;
  return children;
}

std::vector<ProcessInfo> process_tree_by_all(const ProcessInfo& root) {
  std::vector<ProcessInfo> tree{root};
  for (const ProcessInfo& process : descendants(list_processes(), root.pid)) tree.push_back(process);
  return tree;
}

std::uint64_t measured(const ProcessInfo& process, MemoryMeasure measure) {
  if (measure == MemoryMeasure::Proportional) {
    const std::string path = "/proc/" + std::to_string(process.pid) + "/smaps_rollup";
    if (const std::uint64_t bytes = parse_proportional_memory(read_proc_file(path)); bytes != 0) return bytes;
  }
  return process.resident_bytes;
}

}  // namespace

std::uint64_t parse_proportional_memory(std::string_view smaps_rollup) {
  const auto line = smaps_rollup.find("\nPss:");
  if (line == std::string_view::npos) return 0;
  std::string_view rest = smaps_rollup.substr(line + 5);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::uint64_t kib = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kib);
  return kib * 1024;
}

std::vector<ProcessInfo> process_tree(pid_t root) {
  const auto first = read_process(root);
  if (!first) return {};
  std::vector<ProcessInfo> tree{*first};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto children = children_of(tree[i].pid);
    if (!children) return process_tree_by_all(*first);
    for (const pid_t child : *children) {
      const auto process = read_process(child);
      // Each once, and none whose number has passed to another process meanwhile.
      const bool known = std::any_of(tree.begin(), tree.end(), [&](const auto& each) { return each.pid == child; });
      if (process && !known && process->parent == tree[i].pid) tree.push_back(*process);
    }
  }
  return tree;
}

ProcessUsage usage_of_tree(pid_t root, MemoryMeasure measure) {
  static const auto ticks = static_cast<Duration::rep>(::sysconf(_SC_CLK_TCK));
  ProcessUsage usage;
  for (const ProcessInfo& process : process_tree(root)) {
    if (process.state == 'Z') continue;
    ++usage.processes;
    usage.memory_bytes += measured(process, measure);
    const auto used = static_cast<Duration::rep>(process.cpu_ticks + process.waited_cpu_ticks);
    usage.cpu += std::chrono::duration_cast<Duration>(std::chrono::seconds(1)) / ticks * used;
  }
  return usage;
}

double cpu_share(const ProcessUsage& before, const ProcessUsage& after, Duration between) {
  // What a child has used is lost when it ends unwaited for.
  if (between <= Duration::zero() || after.cpu < before.cpu) return 0;
  return std::chrono::duration<double>(after.cpu - before.cpu) / between;
}

}  // namespace frontdoor
