#include "cli/event_text.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/terminal_text.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

void append_value(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != '"' && c != '=' && c != '\\';
  });
  if (plain) out += value;
  else append_json_string(out, value);
}

void append_block(std::string& out, std::string_view key, std::string_view value) {
  out += "\n    " + std::string(key) + ":";
  while (!value.empty()) {
    const std::string_view text = value.substr(0, value.find('\n'));
    value.remove_prefix(std::min(text.size() + 1, value.size()));
    out += "\n    | ";
    append_terminal_text(out, text);
  }
}

}  // namespace

std::string event_text(std::string_view line) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const json::object* const event = error ? nullptr : value.if_object();
  const json::value* const level = event ? event->if_contains("level") : nullptr;
  const json::value* const name = event ? event->if_contains("event") : nullptr;
  if (!level || !name || !level->is_string() || !name->is_string()) return std::string(line);
  std::string text(view(level->get_string()));
  std::string below;
  text += ' ';
  append_terminal_text(text, view(name->get_string()));
  const char* separator = "  ";
  for (const auto& field : *event) {
    const std::string_view key(field.key().data(), field.key().size());
    if (key == "time" || key == "level" || key == "event") continue;
    const bool is_text = field.value().is_string();
    const std::string shown = is_text ? std::string(view(field.value().get_string())) : json::serialize(field.value());
    if (shown.find('\n') != std::string::npos) {
      append_block(below, key, shown);
      continue;
    }
    text += separator + std::string(key) + '=';
    append_value(text, shown);
    separator = " ";
  }
  return text + below;
}

}  // namespace frontdoor::cli
