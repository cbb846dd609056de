#include "cli/steer.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "admin/steering.h"
#include "base/read_file.h"
#include "cli/asking.h"
#include "cli/drain_wait.h"
#include "cli/find_running.h"
#include "cli/give_order.h"
#include "cli/hints.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostRead = std::size_t{1} << 20;  // of what may be no page at all

std::string_view verb_of_steer(SteerCommand::Verb verb) {
  switch (verb) {
    case SteerCommand::Verb::Drain:
      return "drain";
    case SteerCommand::Verb::Ready:
      return "ready";
    case SteerCommand::Verb::Maintenance:
      return "maintenance";
    case SteerCommand::Verb::Weight:
      return "weight";
  }
  return "";
}

std::string_view content_type_of(std::string_view file) {
  if (file.ends_with(".json")) return "application/json";
  if (file.ends_with(".txt")) return "text/plain; charset=utf-8";
  return "text/html; charset=utf-8";
}

// "app/10.0.0.2:8080" is an upstream, "app" a pool, and "app.2" an instance, as everywhere.
std::string target_of_steer(const SteerCommand& command) {
  const std::string& subject = command.subject;
  const auto slash = subject.find('/');
  const std::string verb = ':' + std::string(verb_of_steer(command.verb));
  if (slash == std::string::npos) return "/api/v1/pools/" + url_encoded(subject) + verb;
  return "/api/v1/upstreams/" + url_encoded(subject.substr(0, slash)) + '/' + url_encoded(subject.substr(slash + 1)) + verb;
}

std::string what_holds_now(const SteerCommand& command, const json::object& answer) {
  if (const std::string unchanged = text_of(answer, "unchanged"); !unchanged.empty())
    return "nothing has changed: " + with_socket(unchanged, command.socket);
  const std::int64_t left = number_at(answer, "in_flight");
  const std::string requests = left == 0 ? "none is on it" : std::to_string(left) + " on it finish";
  const bool is_upstream = texts_at(answer, "upstreams").size() == 1 && text_of(answer, "pool") != command.subject;
  switch (command.verb) {
    case SteerCommand::Verb::Drain:
      return command.subject + (left == 0 ? " is drained: it gets no new requests, and none is on it" : " gets no new requests; " + requests);
    case SteerCommand::Verb::Ready:
      return command.subject + (is_upstream ? " takes requests again" : " is out of maintenance");
    case SteerCommand::Verb::Maintenance:
      return command.subject + (is_upstream ? " is out; " + requests : " is in maintenance: every request gets a 503");
    case SteerCommand::Verb::Weight:
      return command.subject + " has " + (command.weight == "config" ? "the config's weight" : "weight " + command.weight);
  }
  return "";
}

}  // namespace

int steer(const SteerCommand& command, const Streams& streams) {
  Order order;
  order.given_socket = command.socket;
  order.json = command.json;
  order.target = target_of_steer(command);
  order.anyway = std::string(verb_of_steer(command.verb)) + ' ' + command.subject;
  order.wish["force"] = command.yes;
  if (!command.reason.empty()) order.wish["reason"] = command.reason;
  if (!command.weight.empty()) order.wish["weight"] = command.weight;
  if (!command.retry_after.empty()) order.wish["retry_after"] = command.retry_after;
  if (!command.page_file.empty()) {
    const FileText page = read_file(command.page_file, kMostRead);
    if (!page.error.empty()) return fail(streams, command.page_file + ": " + page.error);
    if (page.text.empty()) return fail(streams, command.page_file + ": it is empty");
    if (page.text.size() > kLongestMaintenancePage) return fail(streams, command.page_file + ": it is larger than 64 KiB");
    order.wish["page"] = page.text;
    order.wish["content_type"] = std::string(content_type_of(command.page_file));
  }
  const auto told = [&](const AdminResponse&, const json::object& answer) { return what_holds_now(command, answer); };
  const auto done = give_order(order, told, streams);
  if (!done) return kExitFailure;
  if (command.verb != SteerCommand::Verb::Drain || !command.waits) return kExitOk;
  return wait_until_empty({command.subject, "it stays drained"}, done->socket, done->object, streams);
}

}  // namespace frontdoor::cli
