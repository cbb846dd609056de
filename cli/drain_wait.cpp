#include "cli/drain_wait.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <ostream>
#include <thread>

#include "base/short_text.h"
#include "cli/asking.h"
#include "cli/find_running.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {

namespace json = boost::json;

std::vector<std::string> texts_at(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  const json::value* const list = object.if_contains(json::string_view(name.data(), name.size()));
  if (list == nullptr || !list->is_array()) return texts;
  for (const json::value& each : list->get_array()) texts.push_back(text_of(json::object{{"text", each}}, "text"));
  return texts;
}

std::int64_t number_at(const json::object& object, std::string_view name) {
  const std::string text = text_of(object, name);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

namespace {

constexpr Millis kLookAtDrain{250};

// Requests on these upstreams, of the status. A row has the lasting part of an upstream's name.
std::int64_t requests_on(const json::object& status, const std::string& pool, const std::vector<std::string>& upstreams) {
  std::int64_t sum = 0;
  const json::value* const pools = status.if_contains("pools");
  if (pools == nullptr || !pools->is_array()) return sum;
  for (const json::value& each : pools->get_array()) {
    if (!each.is_object() || text_of(each.get_object(), "name") != pool) continue;
    const json::value* const rows = each.get_object().if_contains("upstreams");
    if (rows == nullptr || !rows->is_array()) continue;
    for (const json::value& row : rows->get_array()) {
      if (!row.is_object()) continue;
      const std::string name = text_of(row.get_object(), "name");
      for (const std::string& upstream : upstreams)
        if (upstream == name || upstream.starts_with(name + " (")) sum += number_at(row.get_object(), "in_flight");
    }
  }
  return sum;
}

}  // namespace

int wait_until_empty(const Leaving& what, const std::string& socket, const json::object& answer, const Streams& streams) {
  const std::string pool = text_of(answer, "pool");
  const std::vector<std::string> upstreams = texts_at(answer, "upstreams");
  const TimePoint began = Clock::now();
  std::int64_t told = number_at(answer, "in_flight");
  bool was_empty = told == 0;  // and said so, which is asked once more: a worker may not have heard of it yet
  for (;;) {
    const auto status = status_of(socket, kPatience);
    if (!status) return fail(streams, socket + ": it does not answer any more");
    const std::int64_t patience = number_at(*status, "drain_ms") + 1'000;
    const std::int64_t left = requests_on(*status, pool, upstreams);
    if (left == 0) break;
    if (Clock::now() - began > Millis{patience})
      return fail(streams, std::to_string(left) + " requests are still on " + what.subject + " after " +
                               short_duration(patience) + "; " + what.stays);
    was_empty = false;
    if (left != told) streams.out << "  " << left << " left" << std::endl;
    told = left;
    std::this_thread::sleep_for(kLookAtDrain);
  }
  if (!was_empty) streams.out << streams.out_style.paint(Ink::Green, "empty") << ": no request is on " << what.subject << " any more\n";
  return kExitOk;
}

}  // namespace frontdoor::cli
