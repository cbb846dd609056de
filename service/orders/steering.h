// Carries out what operators order of upstreams: keeps the orders, has the snapshot built anew, tells the upstreams.
// Owned by the Service. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/membership.h"
#include "admin/steering.h"
#include "balancer/snapshot.h"
#include "base/log.h"
#include "service/orders/order_store.h"

namespace frontdoor {

// One that was removed while requests were on it.
struct LeavingMember {
  std::string pool = {};
  std::shared_ptr<Upstream> upstream = {};
  OrderedBy by = {};
};

class Steering final : public AdminSteering, public AdminMembership {
 public:
  struct View {
    std::function<std::shared_ptr<const Snapshot>()> snapshot;
    std::function<void()> rebuild;          // and publish
    std::function<void()> members_changed;  // likewise, when other names are to be looked up
    std::function<std::vector<Address>()> own_addresses;
    std::function<std::string(const config::UpstreamTls&)> tls_problem;  // why its files can not be used; "" = they can
  };
  Steering(boost::asio::io_context& control, Log& log, UpstreamRegistry& registry, View view)
      : control_(control), log_(log), registry_(registry), view_(std::move(view)), store_(control, log) {}

  // Takes what an earlier process was ordered. The snapshots built from now on heed it.
  void open(OrderFilePlace place) { registry_.set_orders(store_.open(std::move(place))); }
  // Before a snapshot is built of this config: what it makes pointless is forgotten, and told.
  void settle(const config::Config& config);
  std::vector<LeavingMember> leaving();  // with requests on them
  bool writes() const { return store_.writes(); }  // what was ordered; another process does not read it yet

  std::optional<AdminProblem> why_not(const AdminOrder& order) const override;
  boost::asio::awaitable<AdminOrderOutcome> carry_out(AdminOrder order) override;
  boost::asio::awaitable<boost::system::result<AdminMemberOutcome, AdminProblem>> add(AdminMemberWish wish) override;
  boost::asio::awaitable<boost::system::result<AdminMemberOutcome, AdminProblem>> remove(AdminMemberWish wish) override;

 private:
  bool is_member(const Upstream& upstream) const;

  boost::asio::io_context& control_;
  Log& log_;
  UpstreamRegistry& registry_;
  const View view_;
  OrderStore store_;
  std::vector<LeavingMember> leaving_;
};

// What of the operators' changes a reload to this config would end, and what stays beside it, as lines for people:
// "[pool.app] 10.0.0.4:8080, added by root: the config names it now".
std::vector<std::string> members_under(const RunTimeMembers& members, const config::Config& config);

}  // namespace frontdoor
