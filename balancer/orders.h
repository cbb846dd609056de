// What an operator has ordered of upstreams and pools while the program runs: drain, maintenance, another weight, others. It stands
// beside what health finds out and never changes it: an upstream takes requests when it is up and nothing is ordered against
// it. Joined with the config when a snapshot is built, by name, so that an order holds for whatever bears that name
// next: an address that a name resolves to later, the next process of an instance. Values; control thread.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancer/ordered_by.h"
#include "balancer/run_time_members.h"

namespace frontdoor {

enum class Order : std::uint8_t {
  Ready,
  Drain,        // no new requests; those on it finish
  Maintenance,  // out at once: what may go elsewhere goes there, WebSockets are closed now
};
const char* to_string(Order order);  // "ready", "drain", "maintenance"

struct UpstreamOrder {
  Order order = Order::Ready;
  std::optional<std::uint32_t> weight = {};  // instead of the config's
  OrderedBy by = {};
};

// Every request to the pool is answered with a 503.
struct PoolMaintenance {
  std::string page = {};          // "" = the page that frontdoor makes
  std::string content_type = {};  // of the page
  std::uint32_t retry_after_seconds = 0;
  OrderedBy by = {};
};

// "app.1" of "app.1 (127.0.0.1:24001)", "app.internal:80" of "app.internal:80 (10.0.0.2)": the name for whatever is there.
std::string_view lasting_name(std::string_view upstream);

class Orders {
 public:
  // By pool and name: lasting, or the whole name of one of several addresses.
  using Key = std::pair<std::string, std::string>;

  // What holds for an upstream: its own order, else that of its lasting name; null = none.
  const UpstreamOrder* find(const std::string& pool, const std::string& upstream) const;
  std::shared_ptr<const PoolMaintenance> maintenance(const std::string& pool) const;  // null = none

  // It is begun with anew: no order of an earlier time holds, for the name or for one of its addresses.
  void forget(const Key& key);
  // A lasting name takes the orders of single addresses below it with it.
  void set(const Key& key, UpstreamOrder order);
  void set_maintenance(const std::string& pool, std::shared_ptr<const PoolMaintenance> maintenance);  // null ends it

  const std::map<Key, UpstreamOrder>& upstreams() const { return upstreams_; }
  const std::map<std::string, std::shared_ptr<const PoolMaintenance>>& pools() const { return pools_; }
  // Upstreams that were added, and those that were removed.
  const RunTimeMembers& members() const { return members_; }
  RunTimeMembers& members() { return members_; }
  bool empty() const { return upstreams_.empty() && pools_.empty() && members_.empty(); }

 private:
  std::map<Key, UpstreamOrder> upstreams_;
  std::map<std::string, std::shared_ptr<const PoolMaintenance>> pools_;
  RunTimeMembers members_;
};

// Which upstreams of a pool an operator's word means.
struct OrderSubject {
  std::string key = {};                    // of its order; "" = there is none of this name
  std::vector<std::string> upstreams = {};  // their names
};

// `names`: those of the pool's upstreams, whole. Any of these will do: the whole name, the lasting one, the number of an
// instance, and ":8080" where only one has this port.
OrderSubject find_order_subject(std::string_view word, const std::string& pool, const std::vector<std::string>& names);

}  // namespace frontdoor
