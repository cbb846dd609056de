// What the admin API asks of the program when an operator adds an upstream to a pool, or removes one, while it runs (ADR
// 0036). Implemented where everything is wired. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/reply.h"
#include "admin/server.h"

namespace frontdoor {

// As texts, which are judged as those of a config.
struct AdminMemberWish {
  std::string pool = {};
  std::string upstream = {};  // its address
  std::optional<std::string> weight = {};
  std::optional<std::string> priority = {};
  std::optional<std::string> host = {};
  bool force = false;       // remove: also the last one that takes requests
  std::string by = {};      // who asks
  std::string reason = {};  // in the operator's words
};

struct AdminMemberOutcome {
  bool created = false;     // it was none of the pool's until now
  bool in_config = false;   // the config names it
  std::string pool = {};
  std::string upstream = {};  // as it is called from now on
  std::vector<std::string> upstreams = {};  // those of the pool that it is: one for each address of a name
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  std::string host = {};
  std::uint64_t in_flight = 0;  // requests that are on it, and finish
  std::string warning = {};     // what the operator may not have thought of; "" = nothing
  std::string not_kept = {};    // why it will not survive a restart; "" = it will
};

class AdminMembership {
 public:
  virtual ~AdminMembership() = default;

  // Each holds at once, unless there is a problem; the wait is for the disk.
  virtual boost::asio::awaitable<boost::system::result<AdminMemberOutcome, AdminProblem>> add(AdminMemberWish wish) = 0;
  virtual boost::asio::awaitable<boost::system::result<AdminMemberOutcome, AdminProblem>> remove(AdminMemberWish wish) = 0;
};

// PUT and DELETE /api/v1/pools/{pool}/upstreams/{upstream}. `membership` must outlive the server.
void add_membership_api(AdminServer& server, AdminMembership& membership);

}  // namespace frontdoor
