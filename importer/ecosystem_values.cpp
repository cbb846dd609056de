#include "importer/ecosystem_values.h"

#include <charconv>
#include <cmath>

namespace frontdoor::importer {
namespace {

namespace json = boost::json;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// NUMBER or NUMBER and a unit of one letter, whose factor is in `units`.
std::optional<std::int64_t> with_unit(const json::value& value, std::string_view letters, const std::int64_t* factors,
                                      std::int64_t largest) {
  std::int64_t factor = 1;
  std::optional<std::int64_t> number;
  if (value.is_string()) {
    std::string_view text = value.get_string();
    if (!text.empty())
      if (const auto unit = letters.find(text.back()); unit != letters.npos) {
        factor = factors[unit];
        text.remove_suffix(1);
      }
    number = whole_number(text);
  } else {
    number = to_integer(value);
  }
  if (!number || *number < 0 || *number > largest / factor) return std::nullopt;
  return *number * factor;
}

}  // namespace

std::optional<std::string> to_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool() || value.is_number()) return json::serialize(value);
  return std::nullopt;
}

std::optional<bool> to_boolean(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (value.is_string() && value.get_string() == "true") return true;
  if (value.is_string() && value.get_string() == "false") return false;
  return std::nullopt;
}

std::optional<std::int64_t> to_integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_string()) return whole_number(value.get_string());
  if (value.is_double() && std::abs(value.get_double()) < 1e15 && std::floor(value.get_double()) == value.get_double())
    return static_cast<std::int64_t>(value.get_double());  // 1e3
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> to_milliseconds(const json::value& value) {
  static constexpr std::int64_t factors[] = {1'000, 60'000, 3'600'000};
  const auto number = with_unit(value, "smh", factors, std::int64_t{1} << 40);
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(*number);
}

std::optional<std::uint64_t> to_bytes(const json::value& value) {
  static constexpr std::int64_t factors[] = {1 << 10, 1 << 20, 1 << 30};
  const auto number = with_unit(value, "KMG", factors, std::int64_t{1} << 50);
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (const char c : text) {
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      if (word) words.push_back(std::move(*word));
      word.reset();
      continue;
    }
    if (!word) word.emplace();
    if (quote == 0 && (c == '"' || c == '\'')) quote = c;
    else if (c == quote) quote = 0;
    else *word += c;
  }
  if (word) words.push_back(std::move(*word));
  return words;
}

std::optional<std::vector<std::string>> to_list(const json::value& value) {
  std::vector<std::string> words;
  if (!value.is_array()) {
    const auto text = to_text(value);
    if (!text) return std::nullopt;
    words.push_back(*text);
    return words;
  }
  for (const json::value& item : value.get_array()) {
    const auto text = to_text(item);
    if (!text) return std::nullopt;
    words.push_back(*text);
  }
  return words;
}

std::optional<std::vector<std::string>> to_words(const json::value& value) {
  if (value.is_string()) return split_at_blanks(value.get_string());
  return to_list(value);
}

std::optional<Variables> to_variables(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  Variables variables;
  for (const auto& [name, item] : value.get_object()) {
    if (item.is_null() || name.empty() || name.find('=') != name.npos) continue;
    assign(variables, name, item.is_string() ? std::string(item.get_string()) : json::serialize(item));
  }
  return variables;
}

}  // namespace frontdoor::importer
