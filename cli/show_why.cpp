#include "cli/show_why.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdio>
#include <ostream>
#include <vector>

#include "cli/asking.h"
#include "cli/event_text.h"
#include "cli/find_running.h"
#include "cli/hints.h"
#include "service/admin/request_story.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kAlikeShown = 3;  // probes

const json::array* list_at(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

void append_sentences(std::string& text, const json::object& why, const char* name, const std::string& title,
                      const std::string& given) {
  const json::array* const lines = list_at(why, name);
  if (lines == nullptr || lines->empty()) return;
  text += "  " + title + '\n';
  for (const json::value& line : *lines) text += "    " + with_socket(text_of(json::object{{"line", line}}, "line"), given) + '\n';
}

// "12:01:07.123  failed     status 503  in 3.1 ms"
std::string probe_line(const json::object& probe) {
  constexpr std::size_t kDay = 7;  // "Nov 28 ": they are of the last minutes
  std::string time = local_time(text_of(probe, "time"));
  if (time.size() > kDay) time.erase(0, kDay);
  std::string result = text_of(probe, "by") == "request" ? "request " + text_of(probe, "result") : text_of(probe, "result");
  double micros = 0;
  const std::string latency = text_of(probe, "latency_us");
  std::from_chars(latency.data(), latency.data() + latency.size(), micros);
  char took[48];
  std::snprintf(took, sizeof took, "  in %.1f ms", micros / 1000);
  std::string detail = text_of(probe, "detail");
  if (const std::string words = text_of(probe, "last_words"); !words.empty()) detail += ": " + words;
  const std::string more = (detail.empty() ? "" : "  " + detail) + (micros > 0 ? took : "") +
                           (text_of(probe, "counted") == "false" ? "  (not counted)" : "");
  if (!more.empty() && result.size() < 10) result.append(10 - result.size(), ' ');
  return time + "  " + result + more;
}

bool found_alike(const json::object& one, const json::object& other) {
  constexpr std::array fields = {"by", "result", "detail", "last_words", "counted"};
  return std::all_of(fields.begin(), fields.end(), [&](const char* name) { return text_of(one, name) == text_of(other, name); });
}

// Of many in a row that have found the same, the first and the last.
void append_probes(std::string& text, const json::array& probes, const Style& style) {
  std::vector<const json::object*> all;
  for (const json::value& probe : probes)
    if (probe.is_object()) all.push_back(&probe.get_object());
  for (std::size_t i = 0; i < all.size();) {
    std::size_t alike = 1;
    while (i + alike < all.size() && found_alike(*all[i], *all[i + alike])) ++alike;
    for (std::size_t k = 0; k < alike; ++k) {
      if (alike > kAlikeShown && k == 1) {
        text += "    " + style.dim("… " + std::to_string(alike - 2) + " more like it") + '\n';
        k = alike - 1;
      }
      text += "    " + style.dim(probe_line(*all[i + k])) + '\n';
    }
    i += alike;
  }
}

}  // namespace

std::string why_text(const json::object& why, const Style& style, const std::string& given) {
  std::string text = style.bold(text_of(why, "summary")) + '\n';
  append_sentences(text, why, "back", "What brings it back:", given);
  append_sentences(text, why, "advice", "What you can do:", given);
  if (const json::array* const probes = list_at(why, "probes"); probes != nullptr && !probes->empty()) {
    text += "  What was seen last, by " + text_of(why, "check") + ":\n";
    append_probes(text, *probes, style);
  }
  if (const json::array* const events = list_at(why, "events"); events != nullptr && !events->empty()) {
    text += "  What happened:\n";
    for (const json::value& event : *events)
      if (event.is_object()) text += "    " + style.dim(history_text(event.get_object())) + '\n';
  }
  return text;
}

std::string failed_change_text(const json::object& change, const Style& style, const std::string& given) {
  std::string text = style.bold(text_of(change, "summary")) + '\n';
  append_sentences(text, change, "advice", "What you can do:", given);
  return text;
}

std::string request_why_text(const json::object& why, const Style& style, const std::string& given) {
  std::string text = style.bold(text_of(why, "summary")) + '\n';
  text += "  What it means:\n    " + text_of(why, "meaning") + '\n';
  append_sentences(text, why, "stages", "Where its time went:", given);
  append_sentences(text, why, "advice", "Where to look:", given);
  if (const json::array* const events = list_at(why, "events"); events != nullptr && !events->empty()) {
    text += "  What happened meanwhile:\n";
    for (const json::value& event : *events)
      if (event.is_object()) text += "    " + style.dim(history_text(event.get_object())) + '\n';
  }
  return text;
}

namespace {

// A request's id may be whatever its client has chosen; a pool of that name is meant first.
int show_why_request(const WhyCommand& command, const std::string& socket, const std::string& no_such_pool,
                     const Streams& streams) {
  AdminAsk question;
  question.socket = socket;
  question.target = "/api/v1/requests/" + url_encoded(command.subject) + ":why";
  question.patience = kPatience;
  const AdminResponse response = ask(question);
  if (response.status == 404 && !looks_like_request_id(command.subject)) return fail(streams, no_such_pool);
  if (!response.ok()) return fail(streams, why(response, socket, command.socket));
  if (command.json) {
    streams.out << response.body;
    return kExitOk;
  }
  const auto answer = parse_object(response.body);
  const json::array* const requests = answer ? list_at(*answer, "requests") : nullptr;
  if (requests == nullptr) return fail(streams, socket + ": its answer makes no sense");
  for (const json::value& each : *requests)
    if (each.is_object())
      streams.out << (&each == &requests->front() ? "" : "\n") << request_why_text(each.get_object(), streams.out_style, command.socket);
  return kExitOk;
}

}  // namespace

int show_why(const WhyCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  const std::string& subject = command.subject;
  const auto slash = subject.find('/');
  AdminAsk question;
  question.socket = *socket;
  question.target = subject.empty() ? "/api/v1/why"
                    : slash == std::string::npos
                        ? "/api/v1/pools/" + url_encoded(subject) + ":why"
                        : "/api/v1/upstreams/" + url_encoded(subject.substr(0, slash)) + '/' +
                              url_encoded(subject.substr(slash + 1)) + ":why";
  question.patience = kPatience;
  const AdminResponse response = ask(question);
  if (response.status == 404 && !subject.empty() && slash == std::string::npos)
    return show_why_request(command, *socket, why(response, *socket, command.socket), streams);
  if (!response.ok()) return fail(streams, why(response, *socket, command.socket));
  if (command.json) {
    streams.out << response.body;
    return kExitOk;
  }
  const auto answer = parse_object(response.body);
  if (!answer) return fail(streams, *socket + ": its answer makes no sense");
  const json::array* const upstreams = list_at(*answer, "upstreams");
  const json::array* const failed = list_at(*answer, "failed_changes");  // an older frontdoor tells of none
  bool first = true;
  if (failed != nullptr)
    for (const json::value& each : *failed) {
      if (!each.is_object()) continue;
      streams.out << (first ? "" : "\n") << failed_change_text(each.get_object(), streams.out_style, command.socket);
      first = false;
    }
  if (upstreams == nullptr || upstreams->empty()) {
    streams.out << (first ? "" : "\n") << streams.out_style.paint(Ink::Green, text_of(*answer, "summary")) << '\n';
    return kExitOk;
  }
  for (const json::value& each : *upstreams) {
    if (!each.is_object()) continue;
    streams.out << (first ? "" : "\n") << why_text(each.get_object(), streams.out_style, command.socket);
    first = false;
  }
  return kExitOk;
}

}  // namespace frontdoor::cli
