#include "service/orders/order_rules.h"

#include <algorithm>

#include "base/short_text.h"
#include "config/suggest.h"
#include "config/units.h"
#include "service/orders/subject.h"

namespace frontdoor {

namespace {

using Verb = AdminOrder::Verb;

// As one types it: "app/10.0.0.2:8080", "app.2", "app".
std::string as_typed(const std::string& pool, std::string_view key) {
  if (key.empty()) return pool;
  const bool instance = key.size() > pool.size() + 1 && key.starts_with(pool) && key[pool.size()] == '.' &&
                        key.find_first_not_of("0123456789", pool.size() + 1) == key.npos;
  return instance ? std::string(key) : pool + '/' + std::string(key);
}

// "by root, 3m ago: a new disk"
std::string standing_in_words(const OrderedBy& by, std::int64_t now_unix_millis) {
  return "by " + by.name + ", " + short_duration(now_unix_millis - by.unix_millis) + " ago" +
         (by.reason.empty() ? "" : ": " + by.reason);
}

bool gives_another_reason(const AdminOrder& order, const OrderedBy& by) { return !order.reason.empty() && order.reason != by.reason; }

// Of single addresses of the name, each of which an order for all of them ends.
bool has_orders_below(const OrderedPlace& place, const Orders& orders) {
  const auto& all = orders.upstreams();
  return std::any_of(all.begin(), all.end(), [&](const auto& each) {
    const auto& [pool, name] = each.first;
    return pool == place.pool->name && name != place.key && lasting_name(name) == place.key;
  });
}

std::string why_pool_unchanged(const OrderedPlace& place, const Orders& orders, const AdminOrder& order, std::int64_t now) {
  const std::string& pool = place.pool->name;
  const auto maintenance = orders.maintenance(pool);
  if (order.verb == Verb::Maintenance) {
    const bool same = maintenance && maintenance->page == order.page && maintenance->content_type == order.content_type &&
                      maintenance->retry_after_seconds == order.retry_after_seconds &&
                      !gives_another_reason(order, maintenance->by);
    return same ? pool + " is in maintenance already, " + standing_in_words(maintenance->by, now) : "";
  }
  if (order.verb != Verb::Ready || maintenance) return "";
  std::vector<std::string> out;
  for (const std::string& name : place.upstreams)
    if (const UpstreamOrder* const held = orders.find(pool, name); held != nullptr && held->order != Order::Ready)
      if (std::string each = as_typed(pool, lasting_name(name)); std::find(out.begin(), out.end(), each) == out.end())
        out.push_back(std::move(each));
  std::string text = pool + " is not in maintenance";
  if (out.empty()) return text;
  text += out.size() == 1 ? "; one of its upstreams is taken out" : "; " + std::to_string(out.size()) + " of its upstreams are taken out";
  return text + ", frontdoor ready " + out.front() + (out.size() == 1 ? " brings it back" : " brings the first one back");
}

bool is_about(const OrderedPlace& place, const Member& member) {
  return place.key.empty() || std::find(place.upstreams.begin(), place.upstreams.end(), member.upstream->name()) !=
                                  place.upstreams.end();
}

}  // namespace

AdminProblem no_such_upstream(const std::string& word, const std::string& pool, const std::vector<std::string>& names) {
  std::vector<std::string_view> lasting;
  for (const std::string& name : names) {
    const std::string_view one = lasting_name(name);
    if (std::find(lasting.begin(), lasting.end(), one) == lasting.end()) lasting.push_back(one);
  }
  std::string message = "the pool " + config::quote(pool) + " has no upstream " + config::quote(word);
  if (lasting.empty())
    message += ": it has none now";
  else if (const auto meant = config::nearest(word, lasting))
    message += ", did you mean " + config::quote(*meant) + "?";
  else if (lasting.size() <= 8)
    message += ", only " + config::quote_list(lasting, "and");
  return AdminProblem(404, "no_such_upstream", std::move(message));
}

boost::system::result<OrderedPlace, AdminProblem> find_ordered_place(const Snapshot& snapshot, const AdminOrder& order) {
  std::vector<std::string> pools;
  for (const Pool& pool : snapshot.pools) pools.push_back(pool.name);
  const auto subject = find_subject(order.pool, pools);
  if (!subject) return AdminProblem(404, "no_such_pool", subject.error().message);
  OrderedPlace place;
  for (const Pool& pool : snapshot.pools)
    if (pool.name == subject->pool) place.pool = &pool;
  std::vector<std::string> names;
  for (const Member& member : place.pool->members) names.push_back(member.upstream->name());
  const std::string word = subject->number && order.upstream.empty() ? std::to_string(*subject->number) : order.upstream;
  if (word.empty()) {
    place.upstreams = std::move(names);
    return place;
  }
  OrderSubject found = find_order_subject(word, place.pool->name, names);
  if (found.key.empty()) return no_such_upstream(subject->number ? order.pool : word, place.pool->name, names);
  place.key = std::move(found.key);
  place.upstreams = std::move(found.upstreams);
  return place;
}

bool is_last_one(const OrderedPlace& place) {
  bool takes = false;
  for (const Member& member : place.pool->members) {
    if (!member.takes_requests()) continue;
    if (!is_about(place, member)) return false;
    takes = true;
  }
  return takes;
}

std::string without_any_upstream(const Pool& pool) {
  if (pool.hold.timeout == Millis{0}) return "its requests get a 503";
  return "its requests wait up to " + config::format_duration(pool.hold.timeout) + " for one, and after " +
         config::format_duration(pool.hold.give_up) + " without any they get a 503 at once";
}

std::optional<AdminProblem> why_not_ordered(const OrderedPlace& place, const AdminOrder& order) {
  const std::string& pool = place.pool->name;
  const bool whole = place.key.empty();
  if (whole && (order.verb == Verb::Drain || order.verb == Verb::Weight))
    return AdminProblem(400, "which_upstream",
                        std::string(order.verb == Verb::Drain ? "drain" : "weight") + " is for an upstream, as in " + pool +
                            "/10.0.0.2:8080 or " + pool + ".2; maintenance is for a whole pool too");
  if (!whole && order.verb == Verb::Maintenance && !order.page.empty())
    return AdminProblem(400, "bad_page", "a page is for a whole pool: clients see no upstream");
  const bool takes_out = order.verb == Verb::Drain || order.verb == Verb::Maintenance;
  if (whole || !takes_out || order.force || !is_last_one(place)) return std::nullopt;
  return AdminProblem(409, "last_one", "no other upstream of the pool " + config::quote(pool) + " takes requests: without " +
                                           config::quote(place.key) + ' ' + without_any_upstream(*place.pool));
}

std::string what_holds(const OrderedPlace& place, const Orders& orders) {
  const std::string& pool = place.pool->name;
  if (place.key.empty()) {
    const auto maintenance = orders.maintenance(pool);
    return maintenance ? "maintenance by " + maintenance->by.name : "ready";
  }
  const UpstreamOrder* const held = orders.find(pool, place.key);
  if (held == nullptr || (held->order == Order::Ready && !held->weight)) return "ready";
  std::string text = held->order == Order::Ready ? "" : to_string(held->order);
  if (held->weight) text += (text.empty() ? "weight " : ", weight ") + std::to_string(*held->weight);
  return text + " by " + held->by.name;
}

std::string why_unchanged(const OrderedPlace& place, const Orders& orders, const AdminOrder& order, std::int64_t now_unix_millis) {
  if (place.key.empty()) return why_pool_unchanged(place, orders, order, now_unix_millis);
  if (has_orders_below(place, orders)) return "";
  const std::string subject = as_typed(place.pool->name, place.key);
  const UpstreamOrder* const held = orders.find(place.pool->name, place.key);
  const Order now = held == nullptr ? Order::Ready : held->order;
  switch (order.verb) {
    case Verb::Ready:
      return now == Order::Ready ? subject + " is not taken out by any order" : "";
    case Verb::Drain:
    case Verb::Maintenance: {
      const Order wanted = order.verb == Verb::Drain ? Order::Drain : Order::Maintenance;
      if (now != wanted || gives_another_reason(order, held->by)) return "";
      return subject + (wanted == Order::Drain ? " is drained already, " : " is in maintenance already, ") +
             standing_in_words(held->by, now_unix_millis);
    }
    case Verb::Weight:
      break;
  }
  const std::optional<std::uint32_t> weight = held == nullptr ? std::nullopt : held->weight;
  if (weight != order.weight || (weight && gives_another_reason(order, held->by))) return "";
  if (!weight) return subject + " has the config's weight already";
  return subject + " has weight " + std::to_string(*weight) + " already, " + standing_in_words(held->by, now_unix_millis);
}

std::string warning_about(const OrderedPlace& place, const AdminOrder& order) {
  const bool takes_out = order.verb == Verb::Drain || order.verb == Verb::Maintenance;
  if (!place.key.empty() && takes_out && is_last_one(place))
    return "no upstream of the pool " + config::quote(place.pool->name) + " takes requests now: " +
           without_any_upstream(*place.pool);
  if (order.verb != Verb::Ready) return "";
  if (place.key.empty()) {
    const auto& members = place.pool->members;
    const bool some = std::any_of(members.begin(), members.end(), [](const Member& each) { return each.takes_requests(); });
    return some ? "" : "none of its upstreams takes requests now; frontdoor why " + place.pool->name + " says why";
  }
  for (const Member& member : place.pool->members)
    if (is_about(place, member) && !member.upstream->available())
      return config::quote(lasting_name(member.upstream->name())) + " is " + to_string(member.upstream->seen().state) +
             (member.upstream->reason().empty() ? "" : " (" + member.upstream->reason() + ')') +
             ": it gets requests when it is up";
  if (place.pool->maintenance)
    return "the whole pool is in maintenance: frontdoor ready " + place.pool->name + " ends that";
  return "";
}

}  // namespace frontdoor
