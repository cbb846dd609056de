// One pass from left to right; what a variable contains is not looked at again, so values cannot inject
// variables.

#include "config/substitute.h"

#include <algorithm>

#include "config/suggest.h"

namespace frontdoor::config {
namespace {

bool is_variable_name(std::string_view text) {
  const auto good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
  };
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(), good);
}

// The value of what stands between the braces; nothing, and why in `problem`, when there is none.
std::optional<std::string> value_of(std::string_view expression, const Environment& environment,
                                    std::string& problem) {
  const auto colon = expression.find(":-");
  const std::string name(expression.substr(0, colon));
  if (!is_variable_name(name)) {
    problem =
        quote("${" + std::string(expression) + "}") + " names no variable; a plain \"${\" is written \"$${\"";
    return std::nullopt;
  }
  auto value = environment ? environment(name) : std::nullopt;
  if (colon != std::string_view::npos && (!value || value->empty()))
    return std::string(expression.substr(colon + 2));
  if (!value)
    problem =
        "the environment variable " + name + " is not set; ${" + name + ":-default} would do without it";
  return value;
}

std::optional<std::string> substituted(std::string_view text, const Environment& environment,
                                       std::string& problem) {
  std::string result;
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      result += "${";
      text.remove_prefix(3);
      continue;
    }
    if (!text.starts_with("${")) {
      result += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto close = text.find('}');
    if (close == std::string_view::npos) {
      problem = "\"${\" without a closing \"}\"; a plain \"${\" is written \"$${\"";
      return std::nullopt;
    }
    const auto value = value_of(text.substr(2, close - 2), environment, problem);
    if (!value) return std::nullopt;
    result += *value;
    text.remove_prefix(close + 1);
  }
  return result;
}

}  // namespace

void substitute(Value& value, const Environment& environment, Diagnostics& diagnostics) {
  for (auto& item : value.items) substitute(item, environment, diagnostics);
  for (auto& entry : value.entries) substitute(entry.value, environment, diagnostics);
  if (!value.is(Value::Kind::Text) || value.text.find("${") == std::string::npos) return;

  std::string problem;
  if (auto text = substituted(value.text, environment, problem)) {
    value.text = std::move(*text);
    value.substituted = true;
  } else {
    diagnostics.error(value.at, problem);
    value = Value::invalid(value.at);
  }
}

}  // namespace frontdoor::config
