#include "admin/upkeep_api.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <chrono>
#include <utility>

#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

json::array sentences(const std::vector<std::string>& lines) {
  json::array array;
  for (const std::string& line : lines) array.emplace_back(to_utf8(line));
  return array;
}

json::object reload_json(const AdminReload& reload) {
  return {{"ok", reload.error.empty()},
          {"file", to_utf8(reload.file)},
          {"generation", reload.generation},
          {"changes", sentences(reload.changes)},
          {"waits_for_upgrade_or_restart", sentences(reload.waiting)},
          {"failed_changes", sentences(reload.failed)},
          {"at_run_time", sentences(reload.at_run_time)},
          {"diagnostics", sentences(reload.diagnostics)}};
}

asio::awaitable<void> tell_reload(const AdminReload& reload, AdminReply& reply) {
  json::object told = reload_json(reload);
  if (reload.error.empty()) co_return co_await reply.answer(200, told);
  AdminBody body = problem_body({422, reload.error, reload.message}, std::move(told));
  co_await reply.answer_with(std::move(body));
}

asio::awaitable<void> reload_config(AdminUpkeep& upkeep, const AdminRequest& request, AdminReply& reply) {
  const AdminReload reload = co_await upkeep.reload(request.by);
  co_await tell_reload(reload, reply);
}

constexpr std::uint64_t kUsualSeconds = 60;
constexpr std::uint64_t kMostSeconds = 600;

asio::awaitable<void> upgrade_program(AdminUpkeep& upkeep, const AdminRequest& request, AdminReply& reply) {
  std::uint64_t seconds = kUsualSeconds;
  const std::string within = request.parameter("within_seconds");
  const auto [end, wrong] = std::from_chars(within.data(), within.data() + within.size(), seconds);
  if (!within.empty() && (wrong != std::errc{} || end != within.data() + within.size() || seconds == 0 || seconds > kMostSeconds)) {
    const AdminProblem problem(400, "bad_within", "within_seconds is a number from 1 to " + std::to_string(kMostSeconds));
    co_return co_await reply.refuse(problem);
  }
  const AdminUpgrade done = co_await upkeep.upgrade(request.by, std::chrono::seconds(seconds));
  if (!done.error.empty()) {
    const AdminProblem problem(409, done.error, done.message);
    co_return co_await reply.refuse(problem);
  }
  const json::object body{{"ok", true}, {"version", to_utf8(done.version)}, {"pid", done.pid}, {"drain_ms", done.drain.count()}};
  co_await reply.answer(200, body);
}

asio::awaitable<void> compare_config(AdminUpkeep& upkeep, AdminReply& reply) {
  const AdminReload reload = upkeep.compare();
  co_await tell_reload(reload, reply);
}

asio::awaitable<void> reopen_logs(AdminUpkeep& upkeep, const AdminRequest& request, AdminReply& reply) {
  const json::object body{{"ok", true}, {"reopened", upkeep.reopen_logs(request.by)}};
  co_await reply.answer(200, body);
}

}  // namespace

void add_upkeep_api(AdminServer& server, AdminUpkeep& upkeep) {
  server.route("POST", "/api/v1/reload", [&upkeep](const AdminRequest& request, AdminReply& reply) {
    return reload_config(upkeep, request, reply);
  });
  server.route("POST", kUpgradePath, [&upkeep](const AdminRequest& request, AdminReply& reply) {
    return upgrade_program(upkeep, request, reply);
  });
  server.route("GET", "/api/v1/config:diff",
               [&upkeep](const AdminRequest&, AdminReply& reply) { return compare_config(upkeep, reply); },
               AdminNeeds::Trust);  // reads files
  server.route("POST", "/api/v1/logs:reopen", [&upkeep](const AdminRequest& request, AdminReply& reply) {
    return reopen_logs(upkeep, request, reply);
  });
}

}  // namespace frontdoor
