// Reads all that the program counts and knows of itself (observe/totals.h), from the parts that Service owns. Control
// thread; costs the workers nothing but reads of their memory.

#pragma once

#include <functional>
#include <memory>

#include "balancer/snapshot.h"
#include "health/monitor.h"
#include "observe/totals.h"
#include "proxy/access_log/access_log.h"
#include "proxy/server/server.h"
#include "service/files/certificates.h"

namespace frontdoor {

class Supervision;

class TotalsReader {
 public:
  // All must outlive it.
  struct Sources {
    std::function<std::shared_ptr<const Snapshot>()> snapshot;
    std::function<Supervision*()> supervision;  // null: there are no instances
    std::function<bool()> draining;
    std::function<bool()> serving;
    const Server& server;
    const HealthMonitor& health;
    const AccessLog& access_log;
    const Certificates& certificates;
    const ReloadTotals& reloads;
  };

  explicit TotalsReader(Sources sources);

  Totals read() const;

 private:
  void add_health(Totals& totals) const;
  void add_instances(Totals& totals) const;

  const Sources sources_;
  const std::int64_t started_unix_millis_;
};

}  // namespace frontdoor
