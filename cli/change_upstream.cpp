#include "cli/change_upstream.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <ostream>

#include "cli/asking.h"
#include "cli/drain_wait.h"
#include "cli/exit_codes.h"
#include "cli/find_running.h"
#include "cli/hints.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

std::string what_has_changed(const UpstreamCommand& command, const AdminResponse& response, const json::object& answer) {
  const std::string upstream = text_of(answer, "pool") + '/' + text_of(answer, "upstream");
  const bool configured = text_of(answer, "in_config") == "true";
  if (command.verb == UpstreamCommand::Verb::Remove) {
    const std::int64_t left = number_at(answer, "in_flight");
    return upstream + " is removed; " + (left == 0 ? std::string("none is on it") : std::to_string(left) + " on it finish") +
           (configured ? "; the config still names it" : "");
  }
  if (configured) return upstream + (response.status == 201 ? " is back, as the config names it" : " is in the config already");
  return upstream + (response.status == 201 ? " is added" : " is changed") + ", weight " + text_of(answer, "weight") +
         ": it gets requests when it is up";
}

}  // namespace

int change_upstream(const UpstreamCommand& command, const Streams& streams) {
  const bool adds = command.verb == UpstreamCommand::Verb::Add;
  json::object wish{{"force", command.yes}};
  if (!command.weight.empty()) wish["weight"] = command.weight;
  if (!command.priority.empty()) wish["priority"] = command.priority;
  if (!command.host.empty()) wish["host"] = command.host;
  if (!command.reason.empty()) wish["reason"] = command.reason;
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  question.method = adds ? "PUT" : "DELETE";
  question.target = "/api/v1/pools/" + url_encoded(command.pool) + "/upstreams/" + url_encoded(command.address);
  question.body = json::serialize(wish);
  question.patience = kPatience;
  const AdminResponse response = ask(question);
  const auto answer = parse_object(response.body);
  if (!response.ok()) {
    const bool last = answer && text_of(*answer, "error") == "last_one";
    const std::string again = "\nTo do it all the same: frontdoor upstream remove " + command.pool + ' ' + command.address + " --yes";
    return fail(streams, why(response, *socket, command.socket) + (last ? with_socket(again, command.socket) : ""));
  }
  if (!answer) return fail(streams, *socket + ": its answer makes no sense");
  if (command.json)
    streams.out << response.body;
  else
    streams.out << what_has_changed(command, response, *answer) << std::endl;
  for (const char* const name : {"warning", "not_kept"}) {
    const std::string warning = text_of(*answer, name);
    if (warning.empty() || command.json) continue;
    streams.err << streams.err_style.paint(Ink::Yellow, "warning") << ": "
                << (name == std::string_view("not_kept") ? "this will not survive a restart: " : "")
                << with_socket(warning, command.socket) << '\n';
  }
  if (adds || !command.waits) return kExitOk;
  return wait_until_empty({command.pool + '/' + command.address, "it stays removed"}, *socket, *answer, streams);
}

}  // namespace frontdoor::cli
