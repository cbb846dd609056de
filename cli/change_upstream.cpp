#include "cli/change_upstream.h"

#include <boost/json/value.hpp>

#include "cli/drain_wait.h"
#include "cli/find_running.h"
#include "cli/give_order.h"
#include "service/process/exit_codes.h"

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
  Order order;
  order.given_socket = command.socket;
  order.json = command.json;
  order.method = adds ? "PUT" : "DELETE";
  order.target = "/api/v1/pools/" + url_encoded(command.pool) + "/upstreams/" + url_encoded(command.address);
  order.anyway = "upstream remove " + command.pool + ' ' + command.address;
  order.wish["force"] = command.yes;
  if (!command.weight.empty()) order.wish["weight"] = command.weight;
  if (!command.priority.empty()) order.wish["priority"] = command.priority;
  if (!command.host.empty()) order.wish["host"] = command.host;
  if (!command.reason.empty()) order.wish["reason"] = command.reason;
  const auto told = [&](const AdminResponse& response, const json::object& answer) {
    return what_has_changed(command, response, answer);
  };
  const auto done = give_order(order, told, streams);
  if (!done) return kExitFailure;
  if (adds || !command.waits) return kExitOk;
  return wait_until_empty({command.pool + '/' + command.address, "it stays removed"}, done->socket, done->object, streams);
}

}  // namespace frontdoor::cli
