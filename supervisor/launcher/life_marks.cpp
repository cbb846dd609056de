#include "supervisor/launcher/life_marks.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <random>
#include <string>

namespace frontdoor {

namespace {

// Far beyond what anybody would set, and below RLIM_INFINITY, which is all ones.
constexpr std::uint64_t kFirstMark = std::uint64_t{1} << 62;

// Of /proc/PID/limits: "Max realtime timeout      4611686018427387904  unlimited            us".
std::optional<std::uint64_t> realtime_limit(pid_t pid) {
  const std::string limits = read_proc_file("/proc/" + std::to_string(pid) + "/limits");
  constexpr std::string_view kName = "Max realtime timeout";
  const auto line = limits.find(kName);
  if (line == std::string::npos) return std::nullopt;
  const auto from = limits.find_first_not_of(' ', line + kName.size());
  if (from == std::string::npos) return std::nullopt;
  std::uint64_t value = 0;
  if (std::from_chars(limits.data() + from, limits.data() + limits.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

}  // namespace

std::string fresh_life() {
  std::random_device random;
  std::array<char, 32> text;
  const int size = std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return std::string(text.data(), static_cast<std::size_t>(size));
}

std::optional<std::uint64_t> limit_mark(std::string_view life) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(life.data(), life.data() + life.size(), number, 16);
  if (error != std::errc{} || life.size() != 16 || end != life.data() + life.size()) return std::nullopt;
  return kFirstMark | (number & (kFirstMark - 1));
}

bool may_mark() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_RTTIME, &limit) == 0 && limit.rlim_cur >= kFirstMark && limit.rlim_max == RLIM_INFINITY;
}

bool bears_mark(pid_t pid, std::string_view variable) {
  if (started_with(pid, variable)) return true;
  const auto mark = limit_mark(variable.substr(std::min(variable.find('='), variable.size() - 1) + 1));
  return mark && realtime_limit(pid) == mark;
}

std::vector<ProcessInfo> left_of(const LifeMarks& life, const std::vector<ProcessInfo>& all, pid_t reaper,
                                 const StartedWith& started_with) {
  const auto was_seen = [&](const ProcessInfo& process) {
    return std::any_of(life.seen.begin(), life.seen.end(), [&](const ProcessInfo& seen) {
      return seen.pid == process.pid && seen.started == process.started;
    });
  };
  std::vector<ProcessInfo> left;
  for (const ProcessInfo& process : all) {
    if (process.parent != reaper || process.state == 'Z' || process.pid == life.process) continue;
    const bool ours = (life.process > 0 && process.session == life.process) || was_seen(process) ||
                      started_with(process.pid, life.variable);
    if (!ours) continue;
    left.push_back(process);
    for (const ProcessInfo& child : descendants(all, process.pid)) left.push_back(child);
  }
  return left;
}

}  // namespace frontdoor
