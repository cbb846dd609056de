// Gathers what is known about an upstream that takes no requests: its row of the status, what health has seen, what the
// events tell; and about a request that is kept. Owned by the AdminHost. Control thread.

#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "admin/target.h"
#include "admin/why.h"
#include "balancer/snapshot.h"
#include "dashboard/request_log.h"
#include "health/report.h"

namespace frontdoor {

class Explainer final : public AdminExplainer {
 public:
  using Health = std::function<std::optional<HealthDetail>(const Upstream&)>;
  using CurrentSnapshot = std::function<std::shared_ptr<const Snapshot>()>;

  using FindRequest = std::function<std::vector<SeenRequest>(const std::string& id)>;

  // `target` tells the status. All outlive it.
  Explainer(AdminTarget& target, CurrentSnapshot snapshot, Health health, FindRequest find, const EventHistory& events)
      : target_(target),
        snapshot_(std::move(snapshot)),
        health_(std::move(health)),
        find_(std::move(find)),
        events_(events) {}

  boost::asio::awaitable<AdminWhys> why(std::string pool, std::string upstream) override;
  AdminRequestWhys why_request(const std::string& id) override;

 private:
  AdminWhy why_row(const Snapshot& snapshot, const AdminStatus& status, const AdminPool& pool, const AdminUpstream& row) const;

  AdminTarget& target_;
  const CurrentSnapshot snapshot_;
  const Health health_;
  const FindRequest find_;
  const EventHistory& events_;
};

}  // namespace frontdoor
