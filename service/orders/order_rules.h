// What an operator's order means in a pool, and why it is refused. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "admin/steering.h"
#include "balancer/snapshot.h"

namespace frontdoor {

// The pool and the upstreams that it is about, and the key under which it is kept.
struct OrderedPlace {
  const Pool* pool = nullptr;  // of the snapshot
  std::string key = {};        // "" = the whole pool
  std::vector<std::string> upstreams = {};  // their whole names
};

// What is said when a pool has no upstream of this name: with the nearest one, or all of a few.
AdminProblem no_such_upstream(const std::string& word, const std::string& pool, const std::vector<std::string>& names);

// With the nearest name when there is none of this one.
boost::system::result<OrderedPlace, AdminProblem> find_ordered_place(const Snapshot& snapshot, const AdminOrder& order);

// Taking it out leaves the pool without any upstream that takes requests, which it has now.
bool is_last_one(const OrderedPlace& place);
// What becomes of clients then, as a sentence.
std::string without_any_upstream(const Pool& pool);

std::optional<AdminProblem> why_not_ordered(const OrderedPlace& place, const AdminOrder& order);

// What holds now, in few words: "ready", "drain by root", "weight 3 by uid 7", "maintenance by root".
std::string what_holds(const OrderedPlace& place, const Orders& orders);
// Why the order changes nothing of that, as a sentence; "" = it does. A reason that is given anew is a change.
std::string why_unchanged(const OrderedPlace& place, const Orders& orders, const AdminOrder& order, std::int64_t now_unix_millis);

// What the operator may not have thought of.
std::string warning_about(const OrderedPlace& place, const AdminOrder& order);

}  // namespace frontdoor
