// Points in time as the admin API writes them: "2026-11-23T12:01:07.123Z". Pure.

#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>

namespace frontdoor {

inline std::string rfc3339(std::int64_t unix_millis) {
  const std::time_t seconds = static_cast<std::time_t>(unix_millis / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string result(text, size);
  const std::string millis = std::to_string(unix_millis % 1000);
  return result + '.' + std::string(3 - std::min<std::size_t>(millis.size(), 3), '0') + millis + 'Z';
}

// "2026-11-23T12:01:07.123456Z"
inline std::string rfc3339_micros(std::int64_t unix_micros) {
  std::string result = rfc3339(unix_micros / 1000);
  result.pop_back();
  const std::string micros = std::to_string(unix_micros % 1000);
  return result + std::string(3 - std::min<std::size_t>(micros.size(), 3), '0') + micros + 'Z';
}

}  // namespace frontdoor
