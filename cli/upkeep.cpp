#include "cli/upkeep.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <ostream>

#include "cli/asking.h"
#include "cli/exit_codes.h"
#include "cli/find_running.h"
#include "cli/reload_text.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr Millis kHealthPatience{3'000};  // a container's own is often 5 s or less

// How the command about the config's file ends: `given` is what --socket says.
struct FileQuestion {
  FileAsked asked = FileAsked::Reload;
  std::string socket = {};
  std::string given = {};
  bool as_json = false;
};

int show_file(const AdminResponse& response, const FileQuestion& question, const Streams& streams) {
  const auto answer = parse_object(response.body);
  if (question.as_json && answer) {
    streams.out << response.body;
    return response.ok() ? kExitOk : kExitFailure;
  }
  const std::string refusal = response.ok() ? "" : why(response, question.socket, question.given);
  if (!answer) return fail(streams, refusal.empty() ? question.socket + ": its answer makes no sense" : refusal);
  const FileTold told = tell_file(*answer, refusal, question.asked, streams.out_style);
  streams.out << told.out << std::flush;  // before what goes elsewhere
  streams.err << told.err;
  return told.failure.empty() ? kExitOk : fail(streams, told.failure);
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
  return show_file(ask(question), {FileAsked::Reload, *socket, command.socket, command.json}, streams);
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
  return show_file(ask(question), {FileAsked::Diff, *socket, command.socket, command.json}, streams);
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
