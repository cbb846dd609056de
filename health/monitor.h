// Active health checks: one prober for each upstream on the control thread, which feeds a Verdict and moves
// the Upstream between states. Also takes the data path's word that a connect was refused, and brings such an
// upstream back when it has no health check of its own. One log line for each change, with its reason.

#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balancer/check_commands.h"
#include "balancer/snapshot.h"
#include "balancer/upstream.h"
#include "base/log.h"
#include "health/report.h"

namespace frontdoor {

class HealthMonitor : public UpstreamWitness {
 public:
  HealthMonitor(boost::asio::io_context& control, Log& log);
  ~HealthMonitor() override;

  // Longer heads no worker takes, whatever a snapshot says: a probe must not pass where clients would get a 502. Before
  // the first apply().
  void cap_header_bytes(std::uint64_t most);
  // Who runs the commands of exec checks from the next apply() on; must outlive this, or the last stop(). Without one such
  // checks only connect.
  void run_commands_with(CheckCommands& commands);
  // Starts, keeps or stops probers so that they fit the snapshot: an upstream known before keeps its verdict
  // and history, a changed check takes effect at its next probe. Control thread.
  void apply(std::shared_ptr<const Snapshot> snapshot);
  void stop();  // cancels every prober; control thread
  // Its process has been started anew: probed at once, and soon again while it is starting(). Control thread.
  void look_now(const Upstream& upstream);

  // What its last probe that did not pass has found, "" for none. Control thread.
  std::string last_failure(const Upstream& upstream) const;

  // All that it knows of one; nothing when it does not watch it. Control thread.
  std::optional<HealthDetail> detail(const Upstream& upstream) const;

  // One entry an upstream, in the order of the file. Control thread.
  std::vector<HealthReport> report() const;

  // Worker threads. Logs at once, then lets the prober of this upstream go on at interval_down.
  void upstream_refused(const std::shared_ptr<Upstream>& upstream, const std::string& reason) override;
  // Worker threads. Has an upstream that nobody checks looked at once: a silent address must not cost every
  // second request the time of a connect for ever.
  void upstream_silent(const std::shared_ptr<Upstream>& upstream) override;
  void query_of_death(const QueryOfDeath& query) override;

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
