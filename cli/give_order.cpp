#include "cli/give_order.h"

#include <boost/json/serialize.hpp>
#include <ostream>
#include <string_view>
#include <utility>

#include "cli/asking.h"
#include "cli/find_running.h"
#include "cli/hints.h"

namespace frontdoor::cli {

namespace json = boost::json;

std::optional<OrderAnswer> give_order(const Order& order, const OrderTold& told, const Streams& streams) {
  const auto failed = [&](const std::string& what) {
    fail(streams, what);
    return std::nullopt;
  };
  const auto socket = find_running(order.given_socket);
  if (!socket) return failed(socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  question.method = order.method;
  question.target = order.target;
  question.body = json::serialize(order.wish);
  question.patience = kPatience;
  const AdminResponse response = ask(question);
  auto answer = parse_object(response.body);
  if (!response.ok()) {
    const bool last = answer && text_of(*answer, "error") == "last_one";
    const std::string anyway = "\nTo do it all the same: frontdoor " + order.anyway + " --yes";
    return failed(why(response, *socket, order.given_socket) + (last ? with_socket(anyway, order.given_socket) : ""));
  }
  if (!answer) return failed(*socket + ": its answer makes no sense");
  if (order.json)
    streams.out << response.body;
  else
    streams.out << told(response, *answer) << std::endl;
  for (const char* const name : {"warning", "not_kept"}) {
    const std::string warning = text_of(*answer, name);
    if (warning.empty() || order.json) continue;
    streams.err << streams.err_style.paint(Ink::Yellow, "warning") << ": "
                << (name == std::string_view("not_kept") ? "this will not survive a restart: " : "")
                << with_socket(warning, order.given_socket) << '\n';
  }
  return OrderAnswer{*socket, std::move(*answer)};
}

}  // namespace frontdoor::cli
