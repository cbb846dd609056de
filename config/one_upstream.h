// An upstream as an operator names it while the program runs, judged by the rows of the schema as if a config had it. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>

#include "config/config.h"

namespace frontdoor::config {

// As texts; what is missing has the default.
struct UpstreamWords {
  std::string address = {};
  std::optional<std::string> weight = {};
  std::optional<std::string> priority = {};
  std::optional<std::string> host = {};
};

// Or what is wrong with it, in the words of `frontdoor check`.
boost::system::result<Upstream, std::string> read_one_upstream(const UpstreamWords& words);

// Whether a connection to `upstream` arrives at `listener`, as far as that can be seen without looking anything up.
bool leads_to(const Address& upstream, const Address& listener);

// Why an upstream at this address can not be in a pool that speaks so; "": it can.
std::string protocol_problem(UpstreamProtocol protocol, const Address& address);

// What is wrong with an upstream at this address in a pool that looks at its upstreams in this way; "" = nothing.
std::string check_problem(const std::optional<HealthCheck>& check, const Address& address);

}  // namespace frontdoor::config
