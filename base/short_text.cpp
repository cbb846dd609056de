#include "base/short_text.h"

#include <algorithm>
#include <cstdio>

namespace frontdoor {

std::string short_duration(std::int64_t millis) {
  const std::int64_t seconds = std::max<std::int64_t>(millis, 0) / 1000;
  const auto two = [](std::int64_t first, const char* unit, std::int64_t second, const char* unit_below) {
    return std::to_string(first) + unit + (second == 0 ? "" : ' ' + std::to_string(second) + unit_below);
  };
  if (seconds < 60) return std::to_string(seconds) + 's';
  if (seconds < 3600) return std::to_string(seconds / 60) + 'm';
  if (seconds < 86'400) return two(seconds / 3600, "h", seconds / 60 % 60, "m");
  return two(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

std::string short_size(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1024;
  if (bytes < kib * kib) return std::to_string(bytes / kib) + 'K';
  if (bytes < kib * kib * kib) return std::to_string(bytes / kib / kib) + 'M';
  char text[32];
  std::snprintf(text, sizeof text, "%.1fG", static_cast<double>(bytes) / static_cast<double>(kib * kib * kib));
  return text;
}

std::string short_rate(double rate) {
  char text[48];
  std::snprintf(text, sizeof text, rate < 10 && rate > 0 ? "%.1f" : "%.0f", rate);
  return text;
}

std::string short_share(double some, double all) {
  if (some <= 0) return "0%";
  const double percent = all > some ? some / all * 100 : 100;
  char text[40];
  if (percent < 0.01) return "<0.01%";
  if (percent > 99.99 && percent < 100) return ">99.99%";
  std::snprintf(text, sizeof text, percent < 9.995 || (percent >= 99 && percent < 100) ? "%.2f%%" : "%.0f%%", percent);
  return text;
}

}  // namespace frontdoor
