// Carries out what operators order of upstreams: keeps the orders, has the snapshot built anew, tells the upstreams.
// Owned by the Service. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "admin/steering.h"
#include "balancer/snapshot.h"
#include "base/log.h"
#include "cli/order_store.h"

namespace frontdoor {

class Steering final : public AdminSteering {
 public:
  struct View {
    std::function<std::shared_ptr<const Snapshot>()> snapshot;
    std::function<void()> rebuild;  // and publish
  };
  Steering(boost::asio::io_context& control, Log& log, UpstreamRegistry& registry, View view)
      : log_(log), registry_(registry), view_(std::move(view)), store_(control, log) {}

  // Takes what an earlier process was ordered. The snapshots built from now on heed it.
  void open(OrderFilePlace place) { registry_.set_orders(store_.open(std::move(place))); }

  std::optional<AdminProblem> why_not(const AdminOrder& order) const override;
  boost::asio::awaitable<AdminOrderOutcome> carry_out(AdminOrder order) override;

 private:
  Log& log_;
  UpstreamRegistry& registry_;
  const View view_;
  OrderStore store_;
};

}  // namespace frontdoor
