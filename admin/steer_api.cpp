#include "admin/steer_api.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>
#include <string>

#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Verb = AdminOrder::Verb;

constexpr std::size_t kLongestContentType = 100;
constexpr std::uint32_t kUsualRetryAfter = 60;

std::optional<std::uint32_t> number_between(std::string_view text, std::uint32_t least, std::uint32_t most) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) return std::nullopt;
  return number;
}

// It becomes a field of an answer to clients.
bool is_content_type(std::string_view text) {
  return text.size() <= kLongestContentType && text.find('/') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

std::optional<AdminProblem> read_maintenance(const AdminRequest& request, AdminOrder& order) {
  order.page = request.parameter("page");
  if (order.page.size() > kLongestMaintenancePage) return AdminProblem(400, "bad_page", "a page has at most 64 KiB");
  order.content_type = request.parameter("content_type");
  if (order.content_type.empty()) order.content_type = "text/html; charset=utf-8";
  if (!is_content_type(order.content_type))
    return AdminProblem(400, "bad_content_type", "content_type takes a media type, for instance text/html; charset=utf-8");
  const std::string text = request.parameter("retry_after");
  const auto seconds =
      text.empty() ? std::optional(kUsualRetryAfter) : number_between(text, 1, kMostRetryAfterSeconds);
  if (!seconds) return AdminProblem(400, "bad_retry_after", "retry_after takes seconds, from 1 to 86400");
  order.retry_after_seconds = *seconds;
  return std::nullopt;
}

std::optional<AdminProblem> read_order(const AdminRequest& request, AdminOrder& order) {
  order.pool = request.placeholders.at("pool");
  if (const auto upstream = request.placeholders.find("upstream"); upstream != request.placeholders.end())
    order.upstream = upstream->second;
  order.force = request.wants("force");
  order.by = request.by;
  order.reason = request.parameter("reason");
  if (order.reason.size() > kLongestReason) return AdminProblem(400, "bad_reason", "a reason has at most 200 bytes");
  if (order.verb == Verb::Maintenance) return read_maintenance(request, order);
  if (order.verb != Verb::Weight) return std::nullopt;
  const std::string text = request.parameter("weight");
  if (text == "config") return std::nullopt;
  order.weight = number_between(text, 1, kHeaviestUpstream);
  if (order.weight) return std::nullopt;
  return AdminProblem(400, "bad_weight",
                      "weight takes a number from 1 to 1000, or config for what the config says; drain takes an upstream out");
}

json::object outcome_json(const AdminOrderOutcome& outcome) {
  json::array upstreams;
  for (const std::string& name : outcome.upstreams) upstreams.emplace_back(to_utf8(name));
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(to_utf8(text));
  };
  return {{"ok", true},
          {"pool", to_utf8(outcome.pool)},
          {"upstreams", std::move(upstreams)},
          {"changed", outcome.unchanged.empty()},
          {"unchanged", or_null(outcome.unchanged)},
          {"before", to_utf8(outcome.before)},
          {"in_flight", outcome.in_flight},
          {"warning", or_null(outcome.warning)},
          {"kept", outcome.not_kept.empty()},
          {"not_kept", or_null(outcome.not_kept)}};
}

asio::awaitable<void> steer(AdminSteering& steering, Verb verb, const AdminRequest& request, AdminReply& reply) {
  AdminOrder order;
  order.verb = verb;
  auto problem = read_order(request, order);
  if (!problem) problem = steering.why_not(order);
  if (problem) co_return co_await reply.refuse(*problem);
  const AdminOrderOutcome outcome = co_await steering.carry_out(std::move(order));
  const json::object body = outcome_json(outcome);
  co_await reply.answer(200, body);
}

}  // namespace

void add_steer_api(AdminServer& server, AdminSteering& steering) {
  const auto add = [&](const std::string& word, Verb verb) {
    for (const std::string subject : {"pools/{pool}", "upstreams/{pool}/{upstream}"})
      server.route("POST", "/api/v1/" + subject + ':' + word,
                   [&steering, verb](const AdminRequest& request, AdminReply& reply) {
                     return steer(steering, verb, request, reply);
                   });
  };
  add("drain", Verb::Drain);
  add("ready", Verb::Ready);
  add("maintenance", Verb::Maintenance);
  add("weight", Verb::Weight);
}

}  // namespace frontdoor
