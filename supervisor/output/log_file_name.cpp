#include "supervisor/output/log_file_name.h"

#include <algorithm>
#include <charconv>

namespace frontdoor {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "3" of "app.1.log.3", by what follows the name; nothing when that is no generation.
std::optional<std::uint32_t> generation_in(std::string_view rest) {
  if (rest.empty()) return 0;
  if (rest.front() != '.') return std::nullopt;
  rest.remove_prefix(1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{} || end != rest.data() + rest.size() || number == 0 || rest.front() == '0')
    return std::nullopt;
  return number;
}

std::optional<std::uint32_t> match(std::string_view pattern, std::string_view file, std::string_view pool) {
  const std::size_t brace = pattern.find('{');
  const std::string_view plain = pattern.substr(0, brace);
  if (!file.starts_with(plain)) return std::nullopt;
  file.remove_prefix(plain.size());
  if (brace == std::string_view::npos) return generation_in(file);
  pattern.remove_prefix(brace);
  if (pattern.starts_with("{pool}")) {
    if (!file.starts_with(pool)) return std::nullopt;
    return match(pattern.substr(6), file.substr(pool.size()), pool);
  }
  if (pattern.starts_with("{stream}")) {
    if (!file.starts_with("stdout") && !file.starts_with("stderr")) return std::nullopt;
    return match(pattern.substr(8), file.substr(6), pool);
  }
  if (pattern.starts_with("{instance}")) {
    if (!file.starts_with(pool) || file.substr(pool.size(), 1) != ".") return std::nullopt;
    file.remove_prefix(pool.size() + 1);
    const auto digits = static_cast<std::size_t>(std::find_if_not(file.begin(), file.end(), is_digit) - file.begin());
    if (digits == 0) return std::nullopt;
    return match(pattern.substr(10), file.substr(digits), pool);
  }
  if (!file.starts_with('{')) return std::nullopt;
  return match(pattern.substr(1), file.substr(1), pool);
}

}  // namespace

std::string LogFileName::filled(std::string_view pattern, std::string_view instance, std::string_view stream) const {
  std::string text;
  while (!pattern.empty()) {
    const auto fill = [&](std::string_view name, std::string_view value) {
      if (!pattern.starts_with(name)) return false;
      text += value;
      pattern.remove_prefix(name.size());
      return true;
    };
    if (fill("{pool}", pool_) || fill("{instance}", instance) || fill("{stream}", stream)) continue;
    text += pattern.front();
    pattern.remove_prefix(1);
  }
  return text;
}

std::string LogFileName::path(std::string_view instance, OutputStream stream) const {
  return filled(pattern_, instance, to_string(stream));
}

std::string LogFileName::directory() const {
  const std::size_t slash = pattern_.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : filled(std::string_view(pattern_).substr(0, slash), "", "");
}

std::string_view LogFileName::own_name() const {
  const std::size_t slash = pattern_.rfind('/');
  return std::string_view(pattern_).substr(slash == std::string::npos ? 0 : slash + 1);
}

std::optional<std::uint32_t> LogFileName::generation(std::string_view file) const {
  return match(own_name(), file, pool_);
}

}  // namespace frontdoor
