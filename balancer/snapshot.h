// What a request is served from: routes, pools and their members as one immutable value. Built on the control
// thread at start and at each reload, read by every worker; a request keeps the snapshot it started with, so
// a reload cuts nothing. Learned state is not in here but in Upstream, which the registry carries over.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balancer/hold_rules.h"
#include "balancer/instance_addresses.h"
#include "balancer/name_addresses.h"
#include "balancer/orders.h"
#include "balancer/remembered.h"
#include "balancer/route_counts.h"
#include "balancer/upstream.h"
#include "config/config.h"

namespace frontdoor {

namespace tls {
class ClientContext;
}

struct Member {
  std::shared_ptr<Upstream> upstream;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;  // requests go to those of the lowest number that are up
  std::string host = {};       // what requests to it say in Host; "" = of an https upstream its own, else the client's
  Order order = Order::Ready;  // an operator's; anything else takes it out of the workers' sight
  TimePoint ordered_at{};

  // Whether a new request may go there now.
  bool takes_requests() const { return order == Order::Ready && upstream->available(); }
};

struct Pool {
  std::string name;
  std::vector<Member> members;
  ProxyVersion send_proxy = ProxyVersion::None;
  config::UpstreamProtocol protocol = config::UpstreamProtocol::Http1;
  config::Timeouts timeouts;  // the file's, with the pool's overrides
  config::Retry retry;
  config::Hold hold;
  std::shared_ptr<const tls::ClientContext> tls = {};  // of its https upstreams; null: it has none
  std::string server_name = {};                        // for all of them; "" = each one's host
  bool limits_in_flight = false;  // `max_in_flight` is set, so that requests take slots of their upstream
  std::shared_ptr<PoolMemory> memory;
  std::shared_ptr<const PoolMaintenance> maintenance;  // null = it serves

  PoolOutlook outlook(TimePoint now) const;
  // All that is counted and known of it and of its upstreams, health's part left out. `listeners`: their titles. Any
  // thread.
  PoolTotals totals(const std::vector<std::string>& listeners) const;
};

struct Route {
  std::string host;  // "" any, "name" exact, ".suffix" for "*.suffix"; lower case
  std::string path;  // "" any
  bool path_is_prefix = false;
  std::uint32_t pool = 0;  // index into Snapshot::pools
  bool access_log = true;
  config::Timeouts timeouts;
  std::uint64_t body_bytes = 0;            // 0 = unlimited
  std::uint64_t min_bytes_per_second = 0;  // of a client; 0 = off
  std::shared_ptr<RouteCounts> counts = {};  // never null in a snapshot that the registry has built
};

struct Snapshot {
  std::uint64_t generation = 0;  // 1, 2, … a reload each
  config::Config config;         // as the file says; upstreams that were added at run time are in the pools only
  std::vector<Route> routes;
  std::vector<Pool> pools;

  // First match in file order, or null. Both arguments are normalised (http/target.h).
  const Route* match(std::string_view host, std::string_view path) const;
};

// Keeps Upstreams alive across reloads, by (pool, name). Control thread only.
class UpstreamRegistry {
 public:
  // How a pool with https upstreams speaks to them; never null for one that has some.
  using ClientContexts = std::function<std::shared_ptr<const tls::ClientContext>(const config::Pool&)>;
  explicit UpstreamRegistry(unsigned workers, ClientContexts contexts = {})
      : workers_(workers), contexts_(std::move(contexts)) {}

  // What operators have ordered, for the snapshots that are built from now on.
  void set_orders(Orders orders) { orders_ = std::move(orders); }
  const Orders& orders() const { return orders_; }

  // Builds the snapshot of a config that passed its checks. Upstreams known from before are reused with all
  // they learned; those no longer named die with the last request that holds them. One that is named again
  // before that keeps its counts, and is judged anew. A name is an upstream for each of its addresses, with
  // the weight that the config gives it, and one that never comes up while it has none.
  std::shared_ptr<const Snapshot> build(const config::Config& config, const NameAddresses& names = {},
                                        const InstanceAddresses& instances = {});
  // The same configuration, now that names have other addresses or instances came or went.
  std::shared_ptr<const Snapshot> rebuild(const Snapshot& current, const NameAddresses& names,
                                          const InstanceAddresses& instances = {});

 private:
  std::shared_ptr<const Snapshot> build(std::uint64_t generation, const config::Config& config,
                                        const NameAddresses& names, const InstanceAddresses& instances);

  const unsigned workers_;
  const ClientContexts contexts_;
  std::uint64_t generation_ = 0;
  Orders orders_;
  Remembered<std::pair<std::string, std::string>, Upstream> upstreams_;
  Remembered<std::string, PoolMemory> memories_;
  Remembered<std::string, RouteCounts> routes_;
};

}  // namespace frontdoor
