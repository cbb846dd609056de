#include "admin/events_api.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <optional>
#include <string>

#include "admin/event.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t kUsualEvents = 100;
constexpr std::size_t kMostEvents = 2'000;
constexpr std::size_t kEventsAtOnce = 100;  // written in one piece
constexpr Millis kEventPatience{1'000};     // between two looks whether a reader is still there

struct EventsWish {
  EventFilter filter = {};
  std::size_t most = kUsualEvents;
  std::optional<std::int64_t> since = {};
};

template <class Number>
bool read_event_number(const AdminRequest& request, std::string_view name, Number& number) {
  const std::string text = request.parameter(name);
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && last == end;
}

std::optional<AdminProblem> read_events_wish(const AdminRequest& request, EventsWish& wish) {
  wish.filter.pool = request.parameter("pool");
  if (const std::string level = request.parameter("level"); !level.empty() && !parse_level(level, wish.filter.least))
    return AdminProblem(400, "bad_level", "level takes info, warn or error");
  if (!request.parameter("limit").empty() && !read_event_number(request, "limit", wish.most))
    return AdminProblem(400, "bad_limit", "limit takes a number");
  wish.most = std::min(wish.most, kMostEvents);
  if (const std::string form = request.parameter("form"); !form.empty() && form != "json" && form != "lines")
    return AdminProblem(400, "bad_form", "form takes json or lines");
  if (request.parameter("since").empty()) return std::nullopt;
  std::int64_t since = 0;
  if (!read_event_number(request, "since", since) || since < 0)
    return AdminProblem(400, "bad_since", "since takes the id of an event, or a moment in microseconds since 1970");
  wish.since = since;
  return std::nullopt;
}

std::string lines_of_events(const EventHistory::Events& events, const EventFilter& filter, bool trusted) {
  std::string lines;
  for (const auto& event : events)
    if (filter.takes(*event)) lines += json::serialize(to_json(*event, trusted)) + '\n';
  return lines;
}

asio::awaitable<void> events_as_lines(EventFeed& feed, const AdminRequest& request, const EventsWish& wish, AdminReply& reply) {
  const bool begun = co_await reply.begin("application/x-ndjson");
  if (!begun) co_return;
  EventHistory& history = feed.history();
  std::uint64_t seen = history.last_number();
  const EventHistory::Events kept =
      wish.since ? history.since(*wish.since, wish.most, wish.filter) : history.last(wish.most, wish.filter);
  if (!kept.empty()) seen = wish.since ? kept.back()->number : std::max(seen, kept.back()->number);
  const std::string first = lines_of_events(kept, wish.filter, request.trusted);
  co_await reply.write(first);
  while (request.wants("follow") && !reply.gone()) {
    const EventHistory::Batch batch = co_await feed.behind(seen, kEventsAtOnce, kEventPatience);
    if (batch.events.empty()) continue;
    seen = batch.events.back()->number;
    std::string lines;
    if (batch.skipped != 0) lines = json::serialize(json::object{{"skipped", batch.skipped}}) + '\n';
    lines += lines_of_events(batch.events, wish.filter, request.trusted);
    const bool reads = co_await reply.write(lines);
    if (!reads) co_return;
  }
}

asio::awaitable<void> tell_events(EventFeed& feed, const AdminRequest& request, AdminReply& reply) {
  EventsWish wish;
  if (const auto problem = read_events_wish(request, wish)) co_return co_await reply.refuse(*problem);
  if (request.wants("follow") || request.parameter("form") == "lines")
    co_return co_await events_as_lines(feed, request, wish, reply);
  const EventHistory& history = feed.history();
  const EventHistory::Events found = wish.since ? history.since(*wish.since, wish.most, wish.filter)
                                                : history.last(wish.most, wish.filter);
  json::array events;
  for (const auto& event : found) events.push_back(to_json(*event, request.trusted));
  const json::object body{{"events", std::move(events)},
                          {"last_id", found.empty() ? history.last_id() : found.back()->id},
                          {"forgotten", history.forgotten()}};
  co_await reply.answer(200, body);
}

}  // namespace

void add_events_api(AdminServer& server, EventFeed& feed) {
  server.route("GET", "/api/v1/events", [&feed](const AdminRequest& request, AdminReply& reply) {
    return tell_events(feed, request, reply);
  });
}

}  // namespace frontdoor
