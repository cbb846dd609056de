#include "service/orders/member_rules.h"

#include <algorithm>

#include "config/one_upstream.h"
#include "config/suggest.h"
#include "service/orders/subject.h"

namespace frontdoor {

namespace {

const config::Upstream* find_in_config(const config::Pool& pool, const RunTimeMembers::Key& key) {
  const auto found = std::find_if(pool.upstreams.begin(), pool.upstreams.end(), [&](const config::Upstream& upstream) {
    return RunTimeMembers::key_of(pool.name, upstream) == key;
  });
  return found == pool.upstreams.end() ? nullptr : &*found;
}

const config::Pool* find_pool_of_config(const config::Config& config, const std::string& name) {
  const auto found =
      std::find_if(config.pools.begin(), config.pools.end(), [&](const config::Pool& pool) { return pool.name == name; });
  return found == config.pools.end() ? nullptr : &*found;
}

// What was asked for and is otherwise in the config, which an operator changes there.
bool asks_for_another(const AdminMemberWish& wish, const config::Upstream& wanted, const config::Upstream& configured) {
  return (wish.weight && wanted.weight != configured.weight) || (wish.priority && wanted.priority != configured.priority) ||
         (wish.host && wanted.host != configured.host);
}

}  // namespace

boost::system::result<MemberToAdd, AdminProblem> member_to_add(const Snapshot& snapshot, const RunTimeMembers& members,
                                                               const AdminMemberWish& wish,
                                                               const std::vector<Address>& own) {
  MemberToAdd member;
  member.pool = find_pool_of_config(snapshot.config, wish.pool);
  if (member.pool == nullptr) {
    std::vector<std::string> pools;
    for (const Pool& pool : snapshot.pools) pools.push_back(pool.name);
    const auto subject = find_subject(wish.pool, pools);
    return AdminProblem(404, "no_such_pool",
                        subject ? config::quote(wish.pool) + " is an instance: frontdoor scale " + subject->pool +
                                      " +1 starts another one"
                                : subject.error().message);
  }
  const auto read = config::read_one_upstream(
      {.address = wish.upstream, .weight = wish.weight, .priority = wish.priority, .host = wish.host});
  if (!read) return AdminProblem(400, "bad_upstream", read.error());
  member.upstream = *read;
  member.key = RunTimeMembers::key_of(wish.pool, member.upstream);
  if (const config::Upstream* const configured = find_in_config(*member.pool, member.key)) {
    if (asks_for_another(wish, member.upstream, *configured))
      return AdminProblem(409, "in_config",
                          "the config names " + config::quote(member.key.second) +
                              ": frontdoor weight gives it another share, the rest is changed in the file");
    member.upstream = *configured;
    member.in_config = true;
    member.created = members.removed().contains(member.key);
    return member;
  }
  if (std::any_of(own.begin(), own.end(),
                  [&](const Address& address) { return config::leads_to(member.upstream.address, address); }))
    return AdminProblem(400, "own_address", config::quote(member.key.second) +
                                                " leads back to this front door, which listens there: did you mean the "
                                                "port of the app?");
  if (const auto problem = config::protocol_problem(member.pool->protocol, member.upstream.address); !problem.empty())
    return AdminProblem(400, "bad_upstream", problem);
  if (const auto problem = config::check_problem(member.pool->health_check, member.upstream.address); !problem.empty())
    return AdminProblem(400, "bad_upstream", problem);
  member.created = !members.added().contains(member.key);
  if (member.created && members.added().size() >= RunTimeMembers::kMost)
    return AdminProblem(409, "too_many_upstreams",
                        std::to_string(RunTimeMembers::kMost) + " upstreams have been added already: write them into the config");
  return member;
}

boost::system::result<MemberToRemove, AdminProblem> member_to_remove(const Snapshot& snapshot,
                                                                     const RunTimeMembers& members,
                                                                     const AdminMemberWish& wish) {
  AdminOrder order;
  order.verb = AdminOrder::Verb::Drain;
  order.pool = wish.pool;
  order.upstream = wish.upstream;
  const auto found = find_ordered_place(snapshot, order);
  MemberToRemove member;
  if (!found) {
    if (members.removed().contains({wish.pool, wish.upstream}))
      return AdminProblem(404, "no_such_upstream", config::quote(wish.upstream) + " has been removed already");
    return found.error();
  }
  member.place = *found;
  const std::string& pool = member.place.pool->name;
  member.key = {pool, member.place.key};
  const config::Pool* const configured = find_pool_of_config(snapshot.config, pool);
  member.in_config = configured != nullptr && find_in_config(*configured, member.key) != nullptr;
  if (!member.in_config && !members.added().contains(member.key)) {
    const std::string_view lasting = lasting_name(member.key.second);
    if (lasting != member.key.second)
      return AdminProblem(409, "one_address", config::quote(member.key.second) + " is one address of a name: frontdoor drain "
                                              "takes it out, and to remove is " + config::quote(lasting));
    return AdminProblem(409, "supervised", config::quote(member.key.second) +
                                               " is an instance that frontdoor runs: frontdoor scale " + pool +
                                               " -1 and frontdoor stop are for those");
  }
  order.upstream = member.key.second;
  order.force = wish.force;
  if (const auto problem = why_not_ordered(member.place, order)) return *problem;
  return member;
}

}  // namespace frontdoor
