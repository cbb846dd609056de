#include "service/admin/own_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "supervisor/triggers/process_usage.h"

namespace frontdoor {

namespace {

double ticks_to_seconds(std::uint64_t ticks) {
  static const double per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return static_cast<double>(ticks) / per_second;
}

// The kernel tells when a process was started in ticks since the machine was.
double start_unix_seconds(const ProcessInfo& process) {
  timespec now{}, up{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  const auto seconds = [](const timespec& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9; };
  return seconds(now) - seconds(up) + ticks_to_seconds(process.started);
}

std::uint64_t open_descriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* const entry = ::readdir(directory)) count += entry->d_name[0] == '.' ? 0 : 1;
  ::closedir(directory);
  return count - 1;  // without the one that was reading
}

std::uint64_t virtual_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A directory for each thread, and each has a link to the one above.
std::uint64_t threads() {
  struct stat info {};
  return ::stat("/proc/self/task", &info) == 0 && info.st_nlink > 2 ? info.st_nlink - 2 : 1;
}

}  // namespace

OwnUsage own_usage() {
  OwnUsage own;
  if (const auto process = read_process(::getpid()))
    own.usage = {ticks_to_seconds(process->cpu_ticks), process->resident_bytes, start_unix_seconds(*process)};
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  own.virtual_bytes = virtual_bytes();
  own.open_descriptors = open_descriptors();
  own.most_descriptors = limit.rlim_cur;
  own.threads = threads();
  return own;
}

std::optional<ProcessUsageNow> usage_now(pid_t pid) {
  const auto process = read_process(pid);
  const ProcessUsage tree = usage_of_tree(pid, MemoryMeasure::Resident);
  if (!process || tree.processes == 0) return std::nullopt;
  return ProcessUsageNow{std::chrono::duration<double>(tree.cpu).count(), tree.memory_bytes, start_unix_seconds(*process)};
}

}  // namespace frontdoor
