#include "admin/why.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "admin/event.h"
#include "admin/time_text.h"
#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

json::array lines_of_why(const std::vector<std::string>& lines) {
  json::array array;
  for (const std::string& line : lines) array.emplace_back(to_utf8(line));
  return array;
}

json::object probe_json(const AdminProbe& probe, bool trusted) {
  json::object told = {{"time", rfc3339(probe.unix_millis)},
          {"result", probe.result},
          {"detail", probe.detail.empty() ? json::value(nullptr) : json::value(to_utf8(probe.detail))},
          {"by", probe.by},
          {"counted", probe.counted},
          {"latency_us", probe.latency_micros}};
  if (trusted && !probe.words.empty()) told["last_words"] = to_utf8(probe.words);
  return told;
}

json::object why_json(const AdminWhy& why, bool trusted) {
  json::array probes, events;
  for (const AdminProbe& probe : why.probes) probes.push_back(probe_json(probe, trusted));
  for (const auto& event : why.events) events.push_back(to_json(*event, trusted));
  return {{"pool", to_utf8(why.pool)},
          {"upstream", to_utf8(why.upstream)},
          {"summary", to_utf8(why.summary)},
          {"back", lines_of_why(why.back)},
          {"advice", lines_of_why(why.advice)},
          {"check", to_utf8(why.check)},
          {"probes", std::move(probes)},
          {"events", std::move(events)}};
}

asio::awaitable<void> tell_why(AdminExplainer& explainer, const AdminRequest& request, AdminReply& reply) {
  const auto word = [&](const char* name) {
    const auto found = request.placeholders.find(name);
    return found == request.placeholders.end() ? std::string() : found->second;
  };
  std::string pool = word("pool"), upstream = word("upstream");
  const AdminWhys whys = co_await explainer.why(std::move(pool), std::move(upstream));
  if (whys.problem) co_return co_await reply.refuse(*whys.problem);
  json::array upstreams;
  for (const AdminWhy& why : whys.upstreams) upstreams.push_back(why_json(why, request.trusted));
  json::array failed;
  for (const AdminWhyFailed& change : whys.failed_changes)
    failed.push_back(json::object{{"pool", to_utf8(change.pool)},
                                  {"summary", to_utf8(change.summary)},
                                  {"advice", lines_of_why(change.advice)}});
  const json::object body{
      {"summary", to_utf8(whys.summary)}, {"failed_changes", std::move(failed)}, {"upstreams", std::move(upstreams)}};
  co_await reply.answer(200, body);
}

json::object request_why_json(const AdminRequestWhy& why, bool trusted) {
  json::array events;
  for (const auto& event : why.events) events.push_back(to_json(*event, trusted));
  return {{"summary", to_utf8(why.summary)},
          {"meaning", to_utf8(why.meaning)},
          {"stages", lines_of_why(why.stages)},
          {"advice", lines_of_why(why.advice)},
          {"request", why.request},
          {"events", std::move(events)}};
}

asio::awaitable<void> tell_why_request(AdminExplainer& explainer, const AdminRequest& request, AdminReply& reply) {
  const AdminRequestWhys whys = explainer.why_request(request.placeholders.at("id"));
  if (whys.problem) co_return co_await reply.refuse(*whys.problem);
  json::array requests;
  for (const AdminRequestWhy& why : whys.requests) requests.push_back(request_why_json(why, request.trusted));
  const json::object body{{"requests", std::move(requests)}};
  co_await reply.answer(200, body);
}

}  // namespace

void add_why_api(AdminServer& server, AdminExplainer& explainer) {
  for (const char* const path : {"/api/v1/why", "/api/v1/pools/{pool}:why", "/api/v1/upstreams/{pool}/{upstream}:why"})
    server.route("GET", path, [&explainer](const AdminRequest& request, AdminReply& reply) {
      return tell_why(explainer, request, reply);
    });
  server.route("GET", "/api/v1/requests/{id}:why", [&explainer](const AdminRequest& request, AdminReply& reply) {
    return tell_why_request(explainer, request, reply);
  });
}

}  // namespace frontdoor
