#include "admin/api.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>
#include <limits>

#include "base/most_instances.h"
#include "base/quietly.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Kind = AdminOperation::Kind;

constexpr std::size_t kMostLines = 1'000;            // that `logs` looks back
constexpr std::size_t kLinesAtOnce = 100;            // written in one piece
constexpr std::size_t kMostOperations = 32;          // under way, also those whose client has gone
constexpr Millis kLook{100};                         // at the instances, to tell how far it is
constexpr Millis kPatience{1'000};                   // between two looks whether a reader is still there
constexpr std::string_view kLines = "application/x-ndjson";

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

json::object to_json(const AdminOutcome& outcome) {
  json::object object{{"ok", outcome.ok}};
  if (!outcome.ok) {
    object["error"] = "operation_failed";
    object["message"] = outcome.error;
  }
  object["replaced"] = outcome.replaced;
  object["failed"] = outcome.failed;
  object["served"] = outcome.served;
  object["held"] = outcome.held;
  object["replayed"] = outcome.replayed;
  object["lost"] = outcome.lost;
  object["took_ms"] = std::chrono::duration_cast<Millis>(outcome.took).count();
  return object;
}

json::object to_json(const AdminGlance& glance) {
  return {{"instance", glance.instance},
          {"state", glance.state},
          {"pid", glance.pid > 0 ? json::value(glance.pid) : json::value(nullptr)}};
}

class Api : public std::enable_shared_from_this<Api> {
 public:
  Api(asio::io_context& control, AdminTarget& target) : control_(control), target_(target) {}

  asio::awaitable<void> status(AdminReply& reply) {
    const AdminStatus status = co_await target_.status();
    const json::object body = to_json(status);
    co_await reply.answer(200, body);
  }
  asio::awaitable<void> processes(AdminReply& reply) {
    const AdminStatus status = co_await target_.status();
    const json::object body = processes_json(status);
    co_await reply.answer(200, body);
  }

  asio::awaitable<void> operate(Kind kind, const AdminRequest& request, AdminReply& reply);
  asio::awaitable<void> logs(const AdminRequest& request, AdminReply& reply);

  asio::awaitable<void> shut_down(const AdminRequest& request, AdminReply& reply) {
    const AdminStatus status = co_await target_.status();
    const json::object body{{"ok", true}, {"main_pid", status.main_pid}, {"drain_ms", status.drain_millis}};
    co_await reply.answer(202, body);
    target_.shut_down(request.by);
  }

 private:
  // An operation, from its begin to its end, whoever is still interested.
  struct UnderWay {
    explicit UnderWay(asio::io_context& control) : changed(control, asio::steady_timer::time_point::max()) {}
    std::optional<AdminOutcome> outcome;
    asio::steady_timer changed;  // cancelled at its end
  };

  asio::awaitable<void> carry_out(std::shared_ptr<Api> self, AdminOperation operation,
                                  std::shared_ptr<UnderWay> under_way);
  asio::awaitable<void> tell_progress(std::string pool, std::shared_ptr<UnderWay> under_way, AdminReply& reply);
  static std::optional<AdminProblem> read_instances(const AdminRequest& request, AdminOperation& operation);

  asio::io_context& control_;
  AdminTarget& target_;
  std::size_t under_way_ = 0;
};

// "3", "+1", "-1".
std::optional<AdminProblem> Api::read_instances(const AdminRequest& request, AdminOperation& operation) {
  std::string text = request.parameter("instances");
  operation.relative = text.starts_with('+') || text.starts_with('-');
  const auto number = to_number<std::int64_t>(text.starts_with('+') ? text.substr(1) : text);
  if (number && *number >= -std::int64_t{kMostInstances} && *number <= std::int64_t{kMostInstances} && !text.starts_with("+-")) {
    operation.instances = *number;
    return std::nullopt;
  }
  return AdminProblem(400, "bad_instances", "instances takes a number up to " + std::to_string(kMostInstances) + ", or a change as in +1 and -1");
}

asio::awaitable<void> Api::operate(Kind kind, const AdminRequest& request, AdminReply& reply) {
  AdminOperation operation{
      .kind = kind, .pool = request.placeholders.at("pool"), .now = request.wants("now"), .by = request.by};
  std::optional<AdminProblem> problem;
  if (const auto place = request.placeholders.find("instance"); place != request.placeholders.end()) {
    operation.number = to_number<unsigned>(place->second);
    if (!operation.number) problem = AdminProblem(404, "no_such_instance", "an instance has a number");
  }
  if (!problem && kind == Kind::Scale) problem = read_instances(request, operation);
  if (!problem) problem = target_.why_not(operation);
  if (!problem && under_way_ >= kMostOperations)
    problem = AdminProblem(503, "busy", "too many operations are under way already");
  if (problem) co_return co_await reply.refuse(*problem);

  const bool with_progress = request.wants("progress");
  if (with_progress) {
    const bool begun = co_await reply.begin(kLines);
    if (!begun) co_return;
  }
  const auto under_way = std::make_shared<UnderWay>(control_);
  const std::string pool = operation.pool;
  asio::co_spawn(control_, carry_out(shared_from_this(), std::move(operation), under_way), asio::detached);
  if (with_progress) co_return co_await tell_progress(pool, under_way, reply);
  while (!under_way->outcome) co_await under_way->changed.async_wait(quietly);
  const json::object told = to_json(*under_way->outcome);
  if (under_way->outcome->ok) co_return co_await reply.answer(200, told);
  AdminBody body = problem_body({500, "operation_failed", under_way->outcome->error}, told);
  co_await reply.answer_with(std::move(body));
}

// On its own: a client that goes away leaves nothing half done.
asio::awaitable<void> Api::carry_out([[maybe_unused]] std::shared_ptr<Api> self, AdminOperation operation,
                                     std::shared_ptr<UnderWay> under_way) {
  ++under_way_;
  AdminOutcome outcome;
  try {
    outcome = co_await target_.carry_out(std::move(operation));
  } catch (const std::exception& failed) {
    outcome.ok = false;
    outcome.error = failed.what();
  }
  --under_way_;
  under_way->outcome = std::move(outcome);
  under_way->changed.cancel();
}

asio::awaitable<void> Api::tell_progress(std::string pool, std::shared_ptr<UnderWay> under_way, AdminReply& reply) {
  std::vector<AdminGlance> told = target_.glance(pool);
  while (!under_way->outcome && !reply.gone()) {
    under_way->changed.expires_after(kLook);
    co_await under_way->changed.async_wait(quietly);
    std::vector<AdminGlance> now = target_.glance(pool);
    std::string lines;
    for (const AdminGlance& glance : now)
      if (std::find(told.begin(), told.end(), glance) == told.end()) lines += json::serialize(to_json(glance)) + '\n';
    told = std::move(now);
    co_await reply.write(lines);
  }
  if (!under_way->outcome) co_return;
  const json::object last{{"result", to_json(*under_way->outcome)}};
  const std::string line = json::serialize(last) + '\n';
  co_await reply.write(line);
}

asio::awaitable<void> Api::logs(const AdminRequest& request, AdminReply& reply) {
  AdminLogFilter filter{request.parameter("pool"), std::nullopt};
  std::optional<AdminProblem> problem;
  if (const std::string text = request.parameter("instance"); !text.empty()) {
    filter.number = to_number<unsigned>(text);
    if (!filter.number) problem = AdminProblem(400, "bad_instance", "instance takes a number");
  }
  std::size_t count = 20;
  if (const std::string text = request.parameter("lines"); !text.empty()) {
    const auto number = to_number<std::uint32_t>(text);
    if (!number) problem = AdminProblem(400, "bad_lines", "lines takes a number");
    count = std::min<std::size_t>(number.value_or(0), kMostLines);
  }
  const std::string form_word = request.parameter("form");
  if (!form_word.empty() && form_word != "json" && form_word != "text")
    problem = AdminProblem(400, "bad_form", "form takes json or text");
  if (!problem) problem = target_.why_not(filter);
  if (problem) co_return co_await reply.refuse(*problem);

  const LogForm form = form_word == "text" ? LogForm::Text : LogForm::Json;
  const std::string_view content_type = form == LogForm::Text ? std::string_view("text/plain") : kLines;
  const bool begun = co_await reply.begin(content_type);
  if (!begun) co_return;
  std::vector<AdminLogLine> last;
  const auto follower = target_.follow(filter, count, last);
  bool reads = true;
  std::string text;
  for (std::size_t i = 0; i < last.size() && reads; ++i) {
    text += to_text(last[i], form);
    if (text.size() < 64 * 1024 && i + 1 < last.size()) continue;
    reads = co_await reply.write(text);
    text.clear();
  }
  last = {};
  while (reads && request.wants("follow") && !reply.gone()) {
    const AdminLogBatch batch = co_await follower->next(kLinesAtOnce, kPatience);
    text = batch.skipped != 0 ? skipped_text(batch.skipped, form) : std::string();
    for (const AdminLogLine& line : batch.lines) text += to_text(line, form);
    reads = co_await reply.write(text);
  }
}

}  // namespace

void add_api(AdminServer& server, asio::io_context& control, AdminTarget& target) {
  const auto api = std::make_shared<Api>(control, target);
  server.route("GET", "/api/v1/status", [api](const AdminRequest&, AdminReply& reply) { return api->status(reply); });
  server.route("GET", "/api/v1/processes",
               [api](const AdminRequest&, AdminReply& reply) { return api->processes(reply); });
  server.route("GET", "/api/v1/logs",
               [api](const AdminRequest& request, AdminReply& reply) { return api->logs(request, reply); },
               AdminNeeds::Trust);  // what apps write may be anything
  for (const char* const path : {"/api/v1:shutdown", "/api/v1/drain"})
    server.route("POST", path,
                 [api](const AdminRequest& request, AdminReply& reply) { return api->shut_down(request, reply); });
  const auto operation = [&](const std::string& pattern, Kind kind) {
    server.route("POST", "/api/v1/pools/" + pattern, [api, kind](const AdminRequest& request, AdminReply& reply) {
      return api->operate(kind, request, reply);
    });
  };
  operation("{pool}:scale", Kind::Scale);
  for (const std::string& subject : {std::string("{pool}"), std::string("{pool}/instances/{instance}")}) {
    operation(subject + ":restart", Kind::Restart);
    operation(subject + ":stop", Kind::Stop);
    operation(subject + ":start", Kind::Start);
  }
}

}  // namespace frontdoor
