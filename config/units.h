// Durations, sizes and percentages between TOML text and numbers, both ways. Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace frontdoor::config {

// A number, or what to write instead ("2 sec" -> "2s"); `instead` is empty when nothing comes to mind.
template <class T>
struct Measured {
  T value{};
  bool ok = false;
  std::string instead = {};
};

// "250ms", "2s", "1.5s", "1m", "1h": whole milliseconds.
Measured<std::chrono::milliseconds> parse_duration(std::string_view text);
// "64KiB", "8KB", "1.5MiB", "300B", and "0" alone without a unit: whole bytes.
Measured<std::uint64_t> parse_size(std::string_view text);
// "20%" -> 0.2; not below 0% and not above 100%.
Measured<double> parse_percent(std::string_view text);

// The shortest text that parses back to the same value.
std::string format_duration(std::chrono::milliseconds value);
std::string format_size(std::uint64_t value);
std::string format_percent(double value);
std::string format_share(double value);  // "1.0", "0.25"

}  // namespace frontdoor::config
