// Steering's part that adds upstreams and removes them (ADR 0036).

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/detached.h"
#include "base/unix_time.h"
#include "service/orders/member_rules.h"
#include "service/orders/steering.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

using MemberResult = boost::system::result<AdminMemberOutcome, AdminProblem>;

OrderedBy wished_by(const AdminMemberWish& wish) { return {wish.by, unix_now_millis(), wish.reason, Clock::now()}; }

AdminMemberOutcome outcome_of(const config::Upstream& upstream, const RunTimeMembers::Key& key, bool in_config) {
  AdminMemberOutcome outcome;
  outcome.in_config = in_config;
  outcome.pool = key.first;
  outcome.upstream = key.second;
  outcome.weight = upstream.weight;
  outcome.priority = upstream.priority;
  outcome.host = upstream.host;
  return outcome;
}

asio::awaitable<void> keep_orders(OrderStore& store, Orders orders) { co_await store.save(orders); }

}  // namespace

asio::awaitable<MemberResult> Steering::add(AdminMemberWish wish) {
  const auto snapshot = view_.snapshot();
  Orders orders = registry_.orders();
  const auto own = view_.own_addresses();
  const auto wanted = member_to_add(*snapshot, orders.members(), wish, own);
  if (!wanted) co_return MemberResult(wanted.error());
  const MemberToAdd member = *wanted;
  if (member.upstream.address.tls && !member.in_config)
    if (const std::string problem = view_.tls_problem(member.pool->tls); !problem.empty())
      co_return MemberResult(AdminProblem(409, "bad_tls", "[pool." + wish.pool + ".tls] " + problem));

  AdminMemberOutcome outcome = outcome_of(member.upstream, member.key, member.in_config);
  outcome.created = member.created;
  if (member.in_config)
    orders.members().bring_back(member.key);
  else
    orders.members().add(wish.pool, {member.upstream, wished_by(wish)});
  // What was ordered of it before holds no more: it is taken in as it is wanted now.
  if (member.created || wish.weight) orders.forget(member.key);
  registry_.set_orders(orders);
  view_.members_changed();

  const auto now = view_.snapshot();
  for (const Pool& pool : now->pools)
    if (pool.name == wish.pool)
      for (const Member& each : pool.members)
        if (lasting_name(each.upstream->name()) == member.key.second) outcome.upstreams.push_back(each.upstream->name());
  log_.info("operator", {{"action", "add upstream"},
                         {"pool", wish.pool},
                         {"upstream", member.key.second},
                         {"by", wish.by},
                         {"reason", wish.reason},
                         {"weight", std::uint64_t{member.upstream.weight}},
                         {"priority", std::uint64_t{member.upstream.priority}},
                         {"host", member.upstream.host},
                         {"in_config", member.in_config ? "yes" : "no"}});
  outcome.not_kept = co_await store_.save(orders);
  co_return MemberResult(std::move(outcome));
}

asio::awaitable<MemberResult> Steering::remove(AdminMemberWish wish) {
  const auto snapshot = view_.snapshot();
  Orders orders = registry_.orders();
  const auto wanted = member_to_remove(*snapshot, orders.members(), wish);
  if (!wanted) co_return MemberResult(wanted.error());
  const MemberToRemove member = *wanted;
  config::Upstream last;
  AdminMemberOutcome outcome = outcome_of(last, member.key, member.in_config);
  outcome.upstreams = member.place.upstreams;
  if (is_last_one(member.place))
    outcome.warning = "no upstream of the pool \"" + member.key.first + "\" takes requests now: " +
                      without_any_upstream(*member.place.pool);
  const OrderedBy by = wished_by(wish);
  orders.forget(member.key);
  orders.members().forget_added(member.key);
  if (member.in_config) orders.members().remove(member.key, by);
  registry_.set_orders(orders);
  view_.members_changed();

  leaving();  // those that have left meanwhile are forgotten
  const TimePoint now = Clock::now();
  for (const Member& each : member.place.pool->members) {
    const auto& names = member.place.upstreams;
    if (std::find(names.begin(), names.end(), each.upstream->name()) == names.end()) continue;
    outcome.weight = each.weight;
    outcome.priority = each.priority;
    outcome.host = each.host;
    outcome.in_flight += each.upstream->in_flight();
    // Retries of requests that began with an earlier snapshot do not go there either.
    each.upstream->drain(now, now + snapshot->config.timeouts.drain);
    leaving_.push_back({member.key.first, each.upstream, by});
  }
  log_.info("operator", {{"action", "remove upstream"},
                         {"pool", member.key.first},
                         {"upstream", member.key.second},
                         {"by", wish.by},
                         {"reason", wish.reason},
                         {"in_flight", outcome.in_flight},
                         {"in_config", member.in_config ? "yes" : "no"},
                         {"warning", outcome.warning}});
  outcome.not_kept = co_await store_.save(orders);
  co_return MemberResult(std::move(outcome));
}

bool Steering::is_member(const Upstream& upstream) const {
  const auto snapshot = view_.snapshot();
  for (const Pool& pool : snapshot->pools)
    for (const Member& member : pool.members)
      if (member.upstream.get() == &upstream) return true;
  return false;
}

std::vector<LeavingMember> Steering::leaving() {
  // One that has been added again is on its way nowhere.
  std::erase_if(leaving_, [this](const LeavingMember& member) {
    return (member.upstream->in_flight() == 0 && member.upstream->acknowledged()) || is_member(*member.upstream);
  });
  return leaving_;
}

void Steering::settle(const config::Config& config) {
  Orders orders = registry_.orders();
  const auto pointless = orders.members().pointless(config);
  if (pointless.empty()) return;
  for (const RunTimeMembers::Settled& each : pointless)
    log_.info("an operator's change ends", {{"pool", each.key.first},
                                            {"upstream", each.key.second},
                                            {"change", orders.members().added().contains(each.key) ? "added" : "removed"},
                                            {"reason", to_string(each.why)}});
  orders.members().forget(pointless);
  registry_.set_orders(orders);
  asio::co_spawn(control_, keep_orders(store_, std::move(orders)), OrTell(log_, "the state file"));
}

std::vector<std::string> members_under(const RunTimeMembers& members, const config::Config& config) {
  std::vector<std::string> lines;
  const auto pointless = members.pointless(config);
  const auto tell = [&](const RunTimeMembers::Key& key, const char* change, const OrderedBy& by) {
    const auto settled = std::find_if(pointless.begin(), pointless.end(), [&](const auto& each) { return each.key == key; });
    lines.push_back("[pool." + key.first + "] " + key.second + ", " + change + " by " + by.name + ": " +
                    (settled != pointless.end() ? to_string(settled->why) : "stays so"));
  };
  for (const auto& [key, member] : members.added()) tell(key, "added", member.by);
  for (const auto& [key, by] : members.removed()) tell(key, "removed", by);
  return lines;
}

}  // namespace frontdoor
