// From the oldest to the one that is written: a crash in between loses none but the oldest.

#include "base/log_generations.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>

namespace frontdoor {

namespace {

std::string why_not(const std::string& path) {
  return "cannot rename " + path + ": " + std::generic_category().message(errno);
}

}  // namespace

std::string make_way(const std::string& path, std::uint32_t keep) {
  if (keep == 0) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return "";
    return "cannot remove " + path + ": " + std::generic_category().message(errno);
  }
  const auto named = [&](std::uint32_t generation) { return path + '.' + std::to_string(generation); };
  for (std::uint32_t generation = keep; generation > 1; --generation) {
    const std::string from = named(generation - 1);
    // Going on would write over what could not be moved.
    if (::rename(from.c_str(), named(generation).c_str()) != 0 && errno != ENOENT) return why_not(from);
  }
  return ::rename(path.c_str(), named(1).c_str()) == 0 || errno == ENOENT ? "" : why_not(path);
}

std::optional<std::uint32_t> generation_of(std::string_view file, std::string_view name) {
  if (!file.starts_with(name)) return std::nullopt;
  file.remove_prefix(name.size());
  if (file.empty()) return 0;
  if (file.size() < 2 || file.front() != '.' || file[1] == '0') return std::nullopt;
  std::uint32_t generation = 0;
  const auto [end, error] = std::from_chars(file.data() + 1, file.data() + file.size(), generation);
  if (error != std::errc{} || end != file.data() + file.size()) return std::nullopt;
  return generation;
}

}  // namespace frontdoor
