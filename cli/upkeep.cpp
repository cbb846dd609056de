#include "cli/upkeep.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <ostream>

#include "cli/asking.h"
#include "cli/exit_codes.h"
#include "cli/find_running.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr Millis kHealthPatience{3'000};  // a container's own is often 5 s or less

void print_lines(std::ostream& out, const json::object& answer, const char* name, std::string_view before) {
  const json::value* const lines = answer.if_contains(name);
  if (lines == nullptr || !lines->is_array()) return;
  for (const json::value& line : lines->get_array())
    out << before << text_of(json::object{{"line", line}}, "line") << '\n';
}

std::size_t count_of(const json::object& answer, const char* name) {
  const json::value* const lines = answer.if_contains(name);
  return lines != nullptr && lines->is_array() ? lines->get_array().size() : 0;
}

// A refused file is told as `frontdoor check` tells it.
int tell_file(const AdminResponse& response, const std::string& socket, const std::string& given, bool as_json, const std::string& done,
              const Streams& streams) {
  const auto answer = parse_object(response.body);
  if (as_json && answer) {
    streams.out << response.body;
    return response.ok() ? kExitOk : kExitFailure;
  }
  if (answer) print_lines(streams.err, *answer, "diagnostics", "");
  if (!response.ok()) {
    const std::string file = answer ? text_of(*answer, "file") : "";
    return fail(streams, (file.empty() ? "" : file + ": ") + why(response, socket, given));
  }
  if (!answer) return fail(streams, socket + ": its answer makes no sense");
  if (!done.empty())
    streams.out << streams.out_style.paint(Ink::Green, done) << ' ' << text_of(*answer, "file") << ", generation "
                << text_of(*answer, "generation") << '\n';
  if (count_of(*answer, "changes") == 0) streams.out << "  nothing has changed\n";
  print_lines(streams.out, *answer, "changes", "  ");
  print_lines(streams.out, *answer, "waits_for_upgrade_or_restart", "  waits for an upgrade or a restart: ");
  print_lines(streams.out, *answer, "at_run_time", "  ");
  return kExitOk;
}

bool takes_requests(const json::object& upstream) {
  if (text_of(upstream, "state") != "up") return false;
  const json::value* const ordered = upstream.if_contains("ordered");
  if (ordered == nullptr || !ordered->is_object()) return true;
  return text_of(ordered->get_object(), "order") == "ready";
}

bool serves(const json::object& pool) {
  const json::value* const maintenance = pool.if_contains("maintenance");
  if (maintenance != nullptr && maintenance->is_object()) return false;
  const json::value* const upstreams = pool.if_contains("upstreams");
  if (upstreams == nullptr || !upstreams->is_array()) return false;
  for (const json::value& upstream : upstreams->get_array())
    if (upstream.is_object() && takes_requests(upstream.get_object())) return true;
  return false;
}

}  // namespace

int reload(const ReloadCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  question.method = "POST";
  question.target = "/api/v1/reload";
  question.patience = Millis{0};  // instances that a changed command replaces take their time
  return tell_file(ask(question), *socket, command.socket, command.json, "reloaded", streams);
}

int upgrade(const UpgradeCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  question.method = "POST";
  question.target = "/api/v1/upgrade?within_seconds=" + std::to_string(command.within_seconds);
  question.patience = Millis{0};  // it has a bound of its own, and a rollout that is under way is waited for
  const AdminResponse response = ask(question);
  const auto answer = parse_object(response.body);
  if (command.json && answer) streams.out << response.body;
  if (!response.ok()) return command.json && answer ? kExitFailure : fail(streams, "not upgraded: " + why(response, *socket, command.socket));
  if (!answer) return fail(streams, *socket + ": its answer makes no sense");
  if (command.json) return kExitOk;
  streams.out << streams.out_style.paint(Ink::Green, "upgraded") << " to " << text_of(*answer, "version") << ": process "
              << text_of(*answer, "pid") << " serves, the old one finishes what it has begun\n";
  return kExitOk;
}

int show_diff(const DiffCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  question.target = "/api/v1/config:diff";
  question.patience = kPatience;
  return tell_file(ask(question), *socket, command.socket, command.json, "", streams);
}

std::string why_not_ready(const json::object& status) {
  if (const std::string state = text_of(status, "state"); state != "running") return "it is " + state;
  const json::value* const pools = status.if_contains("pools");
  if (pools == nullptr || !pools->is_array() || pools->get_array().empty()) return "";
  for (const json::value& pool : pools->get_array())
    if (pool.is_object() && serves(pool.get_object())) return "";
  return "no pool has an upstream that takes requests";
}

namespace {

// As a load balancer would, for where the socket can not be reached.
int check_health_over_tcp(const HealthCommand& command, const Streams& streams) {
  AdminAsk question;
  question.address = command.address;
  question.target = command.ready ? "/readyz" : "/healthz";
  question.patience = kHealthPatience;
  const AdminResponse response = ask(question);
  if (!response.error.empty()) return fail(streams, command.address + ": " + response.error);
  if (response.ok()) {
    streams.out << (command.ready ? "ready\n" : "healthy\n");
    return kExitOk;
  }
  if (response.status != 503) return fail(streams, why(response, command.address));  // somebody else's server, or a name that is not ours
  std::string reason = text_of(json::object{{"text", response.body.substr(0, response.body.find('\n'))}}, "text");
  return fail(streams, reason.empty() ? "it answered with status 503" : reason);
}

}  // namespace

int check_health(const HealthCommand& command, const Streams& streams) {
  if (!command.address.empty()) return check_health_over_tcp(command, streams);
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  question.patience = kHealthPatience;
  const AdminResponse response = ask(question);
  if (!response.ok()) return fail(streams, why(response, *socket, command.socket));
  const auto status = parse_object(response.body);
  if (!status) return fail(streams, *socket + ": its answer makes no sense");
  if (command.ready)
    if (const std::string reason = why_not_ready(*status); !reason.empty()) return fail(streams, "not ready: " + reason);
  streams.out << (command.ready ? "ready\n" : "healthy\n");
  return kExitOk;
}

}  // namespace frontdoor::cli
