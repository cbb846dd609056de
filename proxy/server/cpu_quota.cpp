#include "proxy/server/cpu_quota.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

namespace frontdoor {

namespace {

constexpr std::string_view kRoot = "/sys/fs/cgroup";
constexpr std::string_view kUnified = "0::";  // the line of cgroup v2; the others are v1's, whose quotas are not read

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::optional<unsigned> cpus_of_quota(std::string_view cpu_max) {
  std::istringstream in{std::string(cpu_max)};
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return std::max(1u, static_cast<unsigned>(std::ceil(quota / period)));
}

std::vector<std::string> quota_files(std::string_view proc_self_cgroup) {
  std::string path;
  std::istringstream lines{std::string(proc_self_cgroup)};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(kUnified)) path = line.substr(kUnified.size());
  // A group beside the root that is seen here ("/../x") has no files here.
  if (!path.starts_with('/') || path.find("/..") != std::string::npos) path.clear();
  std::vector<std::string> files;
  for (; path.size() > 1; path.erase(path.rfind('/'))) files.push_back(std::string(kRoot) + path + "/cpu.max");
  files.push_back(std::string(kRoot) + "/cpu.max");
  return files;
}

std::optional<unsigned> cpus_of_control_groups() {
  std::optional<unsigned> least;
  for (const std::string& file : quota_files(text_of("/proc/self/cgroup")))
    if (const auto cpus = cpus_of_quota(text_of(file))) least = std::min(least.value_or(*cpus), *cpus);
  return least;
}

}  // namespace frontdoor
