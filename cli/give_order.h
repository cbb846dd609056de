// What `drain`, `weight`, `upstream add` and their like share: an order to a running frontdoor about its upstreams, asked over the
// admin socket, and what came of it told. Main thread.

#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>

#include "cli/admin_client.h"
#include "cli/program.h"

namespace frontdoor::cli {

struct Order {
  std::string given_socket;  // what --socket says
  std::string method = "POST";
  std::string target;
  boost::json::object wish;
  std::string anyway;  // the command that does it all the same, where it is refused for the last upstream's sake
  bool json = false;   // the answer is printed as it came, and no warning
};

struct OrderAnswer {
  std::string socket;
  boost::json::object object;
};

// `told`: the line for people. Nothing: it failed, and that has been said.
using OrderTold = std::function<std::string(const AdminResponse& response, const boost::json::object& answer)>;
std::optional<OrderAnswer> give_order(const Order& order, const OrderTold& told, const Streams& streams);

}  // namespace frontdoor::cli
