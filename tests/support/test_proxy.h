// The whole data path in this process and this thread: one Worker on a loopback port 0, a clock that the test
// moves, upstreams and clients that it scripts. until() turns the loop and both ends until a condition holds,
// so nothing sleeps to be right.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/access_log/access_log.h"
#include "proxy/server/worker.h"
#include "support/fake_time.h"
#include "support/faulty_socket_ops.h"
#include "support/peers.h"

namespace frontdoor::testing {

enum class Over : bool { Plain, Tls };  // what both sides of the proxy speak

class TestProxy final : private UpstreamWitness {
 public:
  static constexpr ListenerId kListener = 1;  // as orders to the worker name its only one

  // `extra`: TOML that goes behind `listen` (tables included; a [[listener]] there is taken instead);
  // pool.app gets the given upstreams. `log`: written to instead of one of its own, whose lines log() has. A listener
  // with `tls = "self-signed"` serves clients that speak TLS; nothing is asked of upstreams that do.
  explicit TestProxy(const std::vector<ScriptedUpstream*>& upstreams, std::string_view extra = "",
                     std::string_view pool = "", AccessLog* log = nullptr);
  ~TestProxy() override;

  // `alpn`: what it offers where there is TLS.
  std::unique_ptr<Peer> client(std::string_view alpn = {}) {
    return Peer::connect(endpoint_, encrypted_ ? std::make_unique<TlsEnd>(TlsEnd::Side::Client, alpn) : nullptr);
  }
  std::unique_ptr<Peer> plain_client() { return Peer::connect(endpoint_); }  // whatever the listener speaks

  // Turns everything until `done`, at most five seconds of real time; false then. `peers` are polled too.
  bool until(const std::vector<Peer*>& peers, const std::function<bool()>& done);
  // Turns until everybody waits for the clock, without waiting for it: what loopback delivers it has
  // delivered when the sender's call returns, so that a worker which does nothing in two turns has nothing to
  // do.
  void settle(const std::vector<Peer*>& peers);
  // The same with other ends than `peers` and the scripted upstreams: `act` lets each of them do what it can
  // now.
  void settle_with(const std::function<void()>& act);

  // Sends `request` on a new connection and returns all that came back when `done` (default: the connection
  // has ended or one whole Content-Length/chunked response is there).
  std::string converse(std::string_view request);

  FakeTime& time() { return time_; }
  FaultySocketOps& ops() { return ops_; }
  Worker& worker() { return *worker_; }
  Upstream& upstream(std::size_t i) { return *snapshot_->pools.front().members.at(i).upstream; }
  const Endpoint& endpoint() const { return endpoint_; }
  const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }  // published last
  std::size_t refusals() const { return refusals_; }  // upstreams reported as refused
  void publish(std::string_view toml);
  std::string log(std::ptrdiff_t lines = 1);  // access-log lines so far; waits for as many
  MalformedMessages& malformed() { return malformed_; }

 private:
  void upstream_refused(const std::shared_ptr<Upstream>&, const std::string&) override { ++refusals_; }
  std::shared_ptr<const Snapshot> snapshot_of(const std::string& toml);

  std::vector<ScriptedUpstream*> upstreams_;
  FakeTime time_;
  FaultySocketOps ops_;
  std::shared_ptr<const tls::ClientContext> trusting_;
  UpstreamRegistry registry_{1, [this](const config::Pool&) { return trusting_; }};
  MalformedMessages malformed_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::string log_path_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<Worker> worker_;
  Endpoint endpoint_;
  bool encrypted_ = false;
  std::size_t refusals_ = 0;
};

// Whether `text` starts with one complete response (to a GET).
bool complete_response(std::string_view text);
// Where that response ends; 0 when it is not complete.
std::size_t response_size(std::string_view text);
// The body of the first response in `text`, chunked coding removed.
std::string body_of(std::string_view text);

}  // namespace frontdoor::testing
