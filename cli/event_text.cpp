#include "cli/event_text.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <ctime>

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

// What stands behind an event's name: key=value, and below the line what has several lines itself.
class Fields {
 public:
  explicit Fields(std::string& line) : line_(line) {}

  void append(std::string_view key, const json::value& value) {
    const std::string shown = value.is_string() ? std::string(view(value.get_string())) : json::serialize(value);
    if (shown.find('\n') != std::string::npos) return append_block(below_, key, shown);
    line_ += separator_ + std::string(key) + '=';
    append_value(line_, shown);
    separator_ = " ";
  }
  std::string done() const { return line_ + below_; }

 private:
  std::string& line_;
  std::string below_;
  const char* separator_ = "  ";
};

}  // namespace

std::string local_time(std::string_view utc) {
  std::tm parts{};
  int millis = 0;
  const std::string text(utc);
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis) != 7)
    return text;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::time_t seconds = ::timegm(&parts);
  std::tm here{};
  ::localtime_r(&seconds, &here);
  char day[64];
  std::strftime(day, sizeof day, "%b %e %H:%M:%S", &here);
  char result[96];
  std::snprintf(result, sizeof result, "%s.%03d", day, millis);
  return result;
}

std::string event_text(std::string_view line) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const json::object* const event = error ? nullptr : value.if_object();
  const json::value* const level = event ? event->if_contains("level") : nullptr;
  const json::value* const name = event ? event->if_contains("event") : nullptr;
  if (!level || !name || !level->is_string() || !name->is_string()) return std::string(line);
  std::string text(view(level->get_string()));
  text += ' ';
  append_terminal_text(text, view(name->get_string()));
  Fields fields(text);
  for (const auto& field : *event) {
    const std::string_view key(field.key().data(), field.key().size());
    if (key != "time" && key != "level" && key != "event") fields.append(key, field.value());
  }
  return fields.done();
}

std::string history_text(const json::object& event) {
  if (const json::value* const skipped = event.if_contains("skipped"))
    return "… " + json::serialize(*skipped) + " events were missed";
  const auto text_at = [&](const char* name) {
    const json::value* const value = event.if_contains(name);
    return value && value->is_string() ? view(value->get_string()) : std::string_view();
  };
  std::string text = local_time(text_at("time")) + ' ' + std::string(text_at("level"));
  text.append(6 - std::min<std::size_t>(text_at("level").size(), 6), ' ');
  append_terminal_text(text, text_at("text"));
  Fields fields(text);
  for (const char* const name : {"pool", "upstream"})
    if (!text_at(name).empty()) fields.append(name, event.at(name));
  if (const json::value* const more = event.if_contains("fields"); more && more->is_object())
    for (const auto& field : more->get_object()) {
      const json::string* const value = field.value().if_string();
      if (value == nullptr || !value->empty()) fields.append({field.key().data(), field.key().size()}, field.value());
    }
  return fields.done();
}

}  // namespace frontdoor::cli
