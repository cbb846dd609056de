#include "service/orders/steering.h"

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/unix_time.h"
#include "service/orders/order_rules.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

using Verb = AdminOrder::Verb;

constexpr std::size_t kMostOrders = 1'000;  // of upstreams that may be gone from the config and come back

const char* word_of(Verb verb) {
  switch (verb) {
    case Verb::Ready:
      return "ready";
    case Verb::Drain:
      return "drain";
    case Verb::Maintenance:
      return "maintenance";
    case Verb::Weight:
      return "weight";
  }
  return "";
}

OrderedBy ordered_by(const AdminOrder& order) {
  return {order.by, unix_now_millis(), order.reason, Clock::now()};
}

void order_pool(Orders& orders, const std::string& pool, const AdminOrder& order) {
  if (order.verb == Verb::Ready) return orders.set_maintenance(pool, nullptr);
  auto maintenance = std::make_shared<PoolMaintenance>();
  maintenance->page = order.page;
  maintenance->content_type = order.content_type;
  maintenance->retry_after_seconds = order.retry_after_seconds;
  maintenance->by = ordered_by(order);
  orders.set_maintenance(pool, std::move(maintenance));
}

void order_upstream(Orders& orders, const Orders::Key& key, const AdminOrder& order) {
  UpstreamOrder next;
  if (const UpstreamOrder* const before = orders.find(key.first, key.second)) next = *before;
  next.by = ordered_by(order);
  if (order.verb == Verb::Weight)
    next.weight = order.weight;
  else
    next.order = order.verb == Verb::Drain        ? Order::Drain
                 : order.verb == Verb::Maintenance ? Order::Maintenance
                                                   : Order::Ready;
  orders.set(key, std::move(next));
}

// Those of upstreams that no pool has any more, when there are too many.
void forget_strangers(Orders& orders, const Snapshot& snapshot) {
  if (orders.upstreams().size() < kMostOrders) return;
  Orders kept;
  for (const auto& [key, order] : orders.upstreams())
    for (const Pool& pool : snapshot.pools)
      for (const Member& member : pool.members) {
        const std::string& name = member.upstream->name();
        if (pool.name == key.first && (name == key.second || lasting_name(name) == key.second)) kept.set(key, order);
      }
  for (const auto& [pool, maintenance] : orders.pools()) kept.set_maintenance(pool, maintenance);
  kept.members() = orders.members();
  orders = std::move(kept);
}

}  // namespace

std::optional<AdminProblem> Steering::why_not(const AdminOrder& order) const {
  const auto snapshot = view_.snapshot();
  const auto place = find_ordered_place(*snapshot, order);
  return place ? why_not_ordered(*place, order) : place.error();
}

asio::awaitable<AdminOrderOutcome> Steering::carry_out(AdminOrder order) {
  const auto before = view_.snapshot();
  const auto found = find_ordered_place(*before, order);
  AdminOrderOutcome outcome;
  if (!found) co_return outcome;  // why_not() has just found it
  const OrderedPlace place = *found;
  const bool was_last = is_last_one(place);
  outcome.pool = place.pool->name;
  for (const std::string& name : place.upstreams) outcome.upstreams.push_back(name);
  outcome.warning = warning_about(place, order);

  Orders orders = registry_.orders();
  outcome.before = what_holds(place, orders);
  outcome.unchanged = why_unchanged(place, orders, order, unix_now_millis());
  const bool changes = outcome.unchanged.empty();
  if (changes) {
    forget_strangers(orders, *before);
    if (place.key.empty())
      order_pool(orders, outcome.pool, order);
    else
      order_upstream(orders, {outcome.pool, place.key}, order);
    registry_.set_orders(orders);
    view_.rebuild();
  }

  for (const Member& member : place.pool->members) {
    const auto& names = place.upstreams;
    if (std::find(names.begin(), names.end(), member.upstream->name()) == names.end()) continue;
    outcome.in_flight += member.upstream->in_flight();
    if (place.key.empty()) continue;
    // Also when it is said once more: what has come to be on it meanwhile, by force perhaps, leaves.
    const TimePoint now = Clock::now();
    if (order.verb == Verb::Drain) member.upstream->close_streams(now, now + before->config.timeouts.drain);
    if (order.verb != Verb::Maintenance) continue;
    // With nobody to go to they are better off where they are.
    if (!was_last && member.takes_requests()) member.upstream->withdraw();
    member.upstream->close_streams(now, now);
  }
  // What changes nothing happened to nobody, and whoever ordered it first stands for it. It may be said again to have it kept,
  // where a full disk has not.
  if (!changes) {
    outcome.not_kept = co_await store_.save(orders);
    co_return outcome;
  }
  log_.info("operator", {{"action", word_of(order.verb)},
                         {"pool", outcome.pool},
                         {"upstream", place.key},
                         {"by", order.by},
                         {"reason", order.reason},
                         {"weight", order.verb != Verb::Weight ? "" : order.weight ? std::to_string(*order.weight) : "config"},
                         {"before", outcome.before},
                         {"in_flight", outcome.in_flight},
                         {"warning", outcome.warning}});
  outcome.not_kept = co_await store_.save(orders);
  co_return outcome;
}

}  // namespace frontdoor
