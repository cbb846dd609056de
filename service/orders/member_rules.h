// What an operator's wish to add an upstream or to remove one means, and why it is refused. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <vector>

#include "admin/membership.h"
#include "balancer/snapshot.h"
#include "service/orders/order_rules.h"

namespace frontdoor {

// An upstream to be.
struct MemberToAdd {
  const config::Pool* pool = nullptr;  // of the snapshot's config
  config::Upstream upstream = {};      // as it will be
  RunTimeMembers::Key key = {};
  bool in_config = false;  // the config names it: it only comes back
  bool created = false;    // it is no member now
};

// `own`: where this front door itself listens, for clients and for operators.
boost::system::result<MemberToAdd, AdminProblem> member_to_add(const Snapshot& snapshot, const RunTimeMembers& members,
                                                               const AdminMemberWish& wish,
                                                               const std::vector<Address>& own);

struct MemberToRemove {
  OrderedPlace place = {};
  RunTimeMembers::Key key = {};
  bool in_config = false;
};

boost::system::result<MemberToRemove, AdminProblem> member_to_remove(const Snapshot& snapshot,
                                                                     const RunTimeMembers& members,
                                                                     const AdminMemberWish& wish);

}  // namespace frontdoor
