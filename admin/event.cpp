#include "admin/event.h"

#include <array>
#include <boost/json/value.hpp>
#include <charconv>

#include "admin/time_text.h"
#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace json = boost::json;

struct KindOfText {
  std::string_view begin;  // of the event's text
  std::string_view word;
};

// The first that fits. Events are named where they are logged; what has no line here is "other", which costs its reader
// a colour and nothing else.
constexpr auto kinds_of_texts = std::to_array<KindOfText>({
    {"upstream down", "evicted"},
    {"upstream up", "recovered"},
    {"instance started", "started"},
    {"instance up", "up"},
    {"instance ended with requests", "casualties"},
    {"instance ended", "ended"},
    {"instance stopped", "stopped"},
    {"instance says that it stops", "stopped"},
    {"instance is in a crash loop", "crash_loop"},
    {"instance hangs", "hung"},
    {"instance did not stop", "hung"},
    {"instance uses too much memory", "limit"},
    {"max_memory", "limit"},
    {"instance writes more", "limit"},
    {"instance is not ready", "not_ready"},
    {"instance cannot be started", "not_ready"},
    {"the new instance does not come up", "roll_failed"},
    {"reloaded", "reloaded"},
    {"reload refused", "reload_refused"},
    {"waits for an upgrade or a restart", "reload_waits"},
    {"the serving process died", "front_door_crashed"},
    {"upgrade failed", "upgrade_failed"},
    {"upgraded", "upgraded"},
    {"no upgrade", "upgrade_failed"},
    {"nothing to reload", "reload_refused"},
    {"certificate", "certificate"},
    {"self-signed certificate", "certificate"},
    {"max_connections reached", "limit"},
    {"open files used up", "limit"},
    {"connections closed unserved", "limit"},
    {"query of death", "query_of_death"},
    {"operator", "operator"},
    {"an operator's ", "operator"},
    {"webhook ", "webhook"},
    {"access log lines lost", "lines_lost"},
    {"output of instances is lost", "lines_lost"},
    {"name ", "name"},
    {"pool is idle", "idle"},
    {"a request wakes", "idle"},
    {"files changed", "watch"},
    {"listening", "listening"},
    {"listener ", "listening"},
    {"draining", "draining"},
    {"stopp", "stopping"},
});

json::value field_value(const Event::Field& field) {
  if (field.number) {
    std::int64_t number = 0;
    const char* const end = field.value.data() + field.value.size();
    if (const auto [last, error] = std::from_chars(field.value.data(), end, number); error == std::errc{} && last == end)
      return number;
  }
  return json::value(to_utf8(field.value));
}

json::value null_or_text(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(to_utf8(text));
}

}  // namespace

std::string_view event_kind(const Event& event) {
  const std::string_view text = event.text;
  for (const KindOfText& kind : kinds_of_texts)
    if (text.starts_with(kind.begin)) return kind.word;
  // What the supervisor was asked to do with a pool: "restart done", "scale failed".
  const bool of_pool = !event.pool.empty();
  if (of_pool && text.ends_with(" failed")) return "roll_failed";
  if (of_pool && text.ends_with(" done")) return event.field("replaced").empty() ? "changed" : "rolled";
  return "other";
}

json::object to_json(const Event& event, bool trusted) {
  json::object fields;
  for (const Event::Field& field : event.fields)
    if (field.key != "pool" && field.key != "upstream" && field.key != "instance" && (trusted || field.key != "last_words"))
      fields[field.key] = field_value(field);
  return {{"id", event.id},
          {"time", rfc3339_micros(event.unix_micros)},
          {"level", to_word(event.level)},
          {"kind", event_kind(event)},
          {"pool", null_or_text(event.pool)},
          {"upstream", null_or_text(event.upstream)},
          {"text", to_utf8(event.text)},
          {"fields", std::move(fields)}};
}

bool parse_level(std::string_view word, LogLevel& level) {
  for (const LogLevel each : {LogLevel::Info, LogLevel::Warn, LogLevel::Error}) {
    if (to_word(each) != word) continue;
    level = each;
    return true;
  }
  return false;
}

}  // namespace frontdoor
