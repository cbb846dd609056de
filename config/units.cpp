// Exact integer arithmetic throughout: 0.1s is 100 ms, not what a double makes of it.

#include "config/units.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <span>

namespace frontdoor::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array duration_units = {Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000},
                                       Unit{"h", 3'600'000}};
constexpr std::array size_units = {
    Unit{"B", 1},
    Unit{"KB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"KiB", 1ull << 10},
    Unit{"MiB", 1ull << 20},
    Unit{"GiB", 1ull << 30},
};

// What people write for our units; only used to say what would be right.
struct Alias {
  std::string_view written, meant;
};
constexpr std::array duration_aliases = {
    Alias{"msec", "ms"},   Alias{"millis", "ms"}, Alias{"milliseconds", "ms"},
    Alias{"sec", "s"},     Alias{"secs", "s"},    Alias{"second", "s"},
    Alias{"seconds", "s"}, Alias{"min", "m"},     Alias{"mins", "m"},
    Alias{"minute", "m"},  Alias{"minutes", "m"}, Alias{"hr", "h"},
    Alias{"hour", "h"},    Alias{"hours", "h"},   Alias{"", "s"},
};
constexpr std::array size_aliases = {
    Alias{"b", "B"},   Alias{"bytes", "B"}, Alias{"k", "KiB"},   Alias{"kib", "KiB"},
    Alias{"kb", "KB"}, Alias{"m", "MiB"},   Alias{"mib", "MiB"}, Alias{"mb", "MB"},
    Alias{"g", "GiB"}, Alias{"gib", "GiB"}, Alias{"gb", "GB"},   Alias{"", "B"},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// "1.5 sec" in three parts: "1", "5", "sec". Exact, since a double would make 0.1s something else.
struct Parts {
  std::string_view whole, fraction, unit;
};

std::optional<Parts> split_unit(std::string_view text) {
  constexpr std::size_t most_digits = 15;  // no sum of ours needs more, and factors cannot overflow silently
  std::size_t i = 0;
  while (i < text.size() && is_digit(text[i])) ++i;
  Parts parts{text.substr(0, i), {}, {}};
  if (i < text.size() && text[i] == '.') {
    const std::size_t point = i++;
    while (i < text.size() && is_digit(text[i])) ++i;
    parts.fraction = text.substr(point + 1, i - point - 1);
    if (parts.fraction.empty()) return std::nullopt;
  }
  if (parts.whole.empty() || parts.whole.size() > most_digits || parts.fraction.size() > 9)
    return std::nullopt;
  parts.unit = text.substr(i);
  return parts;
}

std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Nothing on overflow and when the fraction is finer than the smallest unit.
std::optional<std::uint64_t> scale(const Parts& parts, std::uint64_t factor) {
  std::uint64_t whole = 0, fraction = 0, divisor = 1;
  for (std::size_t i = 0; i < parts.fraction.size(); ++i) divisor *= 10;
  if (__builtin_mul_overflow(number(parts.whole), factor, &whole)) return std::nullopt;
  if (__builtin_mul_overflow(number(parts.fraction), factor, &fraction)) return std::nullopt;
  if (fraction % divisor != 0 || __builtin_add_overflow(whole, fraction / divisor, &whole))
    return std::nullopt;
  return whole > static_cast<std::uint64_t>(INT64_MAX) ? std::nullopt : std::optional(whole);
}

std::string suggestion(const Parts& parts, std::span<const Alias> aliases, std::span<const Unit> units) {
  auto unit = lower_case(parts.unit);
  if (const auto start = unit.find_first_not_of(' '); start != std::string::npos) unit.erase(0, start);
  const auto digits =
      std::string(parts.whole) + (parts.fraction.empty() ? "" : '.' + std::string(parts.fraction));
  for (const auto& known : units)
    if (known.name == unit) return digits + unit;
  for (const auto& alias : aliases)
    if (alias.written == unit) return digits + std::string(alias.meant);
  return "";
}

Measured<std::uint64_t> measure(std::string_view text, std::span<const Unit> units,
                                std::span<const Alias> aliases) {
  const auto parts = split_unit(text);
  if (!parts) return {};
  for (const auto& unit : units) {
    if (unit.name != parts->unit) continue;
    const auto value = scale(*parts, unit.factor);
    return {.value = value.value_or(0), .ok = value.has_value()};
  }
  return {.instead = suggestion(*parts, aliases, units)};
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

Measured<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto measured = measure(text, duration_units, duration_aliases);
  return {std::chrono::milliseconds(measured.value), measured.ok, std::move(measured.instead)};
}

Measured<std::uint64_t> parse_size(std::string_view text) {
  if (text == "0") return {.value = 0, .ok = true};
  return measure(text, size_units, size_aliases);
}

Measured<double> parse_percent(std::string_view text) {
  const bool has_sign = text.ends_with('%');
  const auto value = parse_number(has_sign ? text.substr(0, text.size() - 1) : text);
  constexpr std::size_t longest =
      12;  // "99.12345678%": fewer digits than a double has, so that format_percent is exact
  if (text.size() > longest || !value || !(*value >= 0 && *value <= 100)) return {};
  if (!has_sign) return {.instead = std::string(text) + '%'};
  return {.value = *value / 100, .ok = true};
}

std::string format_duration(std::chrono::milliseconds value) {
  const auto ms = static_cast<std::uint64_t>(value.count());
  if (ms == 0) return "0s";
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0 && ms > 60'000)
    return std::to_string(ms / 60'000) + "m";  // "60s" reads better than "1m"
  if (ms % 1'000 == 0) return std::to_string(ms / 1'000) + "s";
  return std::to_string(ms) + "ms";
}

std::string format_size(std::uint64_t value) {
  if (value == 0) return "0";
  constexpr std::array units = {Unit{"GiB", 1ull << 30}, Unit{"MiB", 1ull << 20}, Unit{"KiB", 1ull << 10}};
  for (const auto& unit : units)
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  return std::to_string(value) + "B";
}

std::string format_percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value * 100);
  return std::string(text) + '%';
}

std::string format_share(double value) {
  char buffer[32];
  const auto [end, code] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";  // TOML tells 1 from 1.0
  return text;
}

}  // namespace frontdoor::config
