#include "cli/upkeep.h"

#include <boost/json/object.hpp>
#include <ostream>
#include <utility>

#include "cli/asking.h"
#include "cli/find_running.h"
#include "cli/reload_text.h"
#include "service/process/exit_codes.h"

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

// As a load balancer would: one rule for all who ask.
int check_health(const HealthCommand& command, const Streams& streams) {
  AdminAsk question;
  question.address = command.address;
  if (command.address.empty()) {
    auto socket = find_running(command.socket);
    if (!socket) return fail(streams, socket.error().message);
    question.socket = std::move(*socket);
  }
  const std::string& asked = command.address.empty() ? question.socket : command.address;
  question.target = command.ready ? "/readyz" : "/healthz";
  question.patience = kHealthPatience;
  const AdminResponse response = ask(question);
  if (response.ok()) {
    streams.out << (command.ready ? "ready\n" : "healthy\n");
    return kExitOk;
  }
  // No answer, somebody else's server, or a name that is not ours.
  if (response.status != 503) return fail(streams, why(response, asked, command.socket));
  const std::string reason = text_of(json::object{{"text", response.body.substr(0, response.body.find('\n'))}}, "text");
  return fail(streams, reason.empty() ? "it answered with status 503" : reason);
}

}  // namespace frontdoor::cli
