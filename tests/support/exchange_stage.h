// One exchange between a fake client and fake upstreams, on a real loop whose clock the test moves.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/access_log/access_log.h"
#include "proxy/exchange/exchange.h"
#include "support/fake_streams.h"
#include "support/fake_time.h"

namespace frontdoor::testing {

class ExchangeStage : private UpstreamWitness {
 public:
  using Adjust = std::function<void(config::Config&)>;

  // A pool "app" with upstreams 127.0.0.1:1, :2, … that are all up, and one route to it; `adjust` may change
  // anything.
  explicit ExchangeStage(unsigned upstreams = 2, const Adjust& adjust = {});
  ~ExchangeStage() override;

  void begin();            // the request has arrived
  void turn();             // until nothing moves
  void pass(Duration by);  // time goes by
  bool ended() const { return ended_; }
  void run() { begin(), turn(); }
  void forget_exchange() { exchange_.reset(); }

  void publish(const Adjust& adjust);  // a reload
  Upstream& upstream(std::size_t i) { return *snapshot_->pools.front().members.at(i).upstream; }
  std::weak_ptr<Upstream> weak_upstream(std::size_t i) {
    return snapshot_->pools.front().members.at(i).upstream;
  }
  const Pool& pool() { return snapshot_->pools.front(); }
  void take_down(std::size_t i, DownCause cause = DownCause::Dead);
  void bring_up(std::size_t i);
  std::string name(std::size_t i) { return upstream(i).name(); }
  std::uint64_t in_flight();
  FakeUpstream& conn(std::size_t i) { return dialer.connection(i); }

  // The exchange has ended and holds nothing any more.
  bool left_nothing_behind();
  const std::string& log_line();  // of the exchange, once it has ended

  FakeTime time;
  KernelSocketOps ops;
  EventLoop loop{time, ops};
  Waker waker{loop};
  FakeDialer dialer{time};
  FakeClientStream client{waker};
  std::vector<std::string> refused;  // upstreams that were reported, in order
  std::vector<std::string> silent;   // those that did not answer a connect
  std::vector<std::string> queries_of_death;  // "METHOD path deaths"

 private:
  void upstream_refused(const std::shared_ptr<Upstream>& upstream, const std::string& reason) override;
  void upstream_silent(const std::shared_ptr<Upstream>& upstream) override;
  void query_of_death(const QueryOfDeath& query) override;
  std::shared_ptr<const Snapshot> build(const Adjust& adjust);
  Detached serve();

  const unsigned upstreams_;
  UpstreamRegistry registry_{1};
  std::shared_ptr<const Snapshot> snapshot_;
  LocalSnapshot::Known known_;
  std::string log_path_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<AccessLogBuffer> log_buffer_;
  std::string log_line_;

 public:
  ExchangeContext context;

 private:
  std::unique_ptr<Exchange> exchange_;
  bool ended_ = false;
};

}  // namespace frontdoor::testing
