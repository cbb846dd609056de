// One probe of one upstream: connect, and for HTTP ask and read the head of the answer, for gRPC the whole of it, all within one timeout. The
// head is read by the parser that reads the traffic's: what that one would refuse fails the check, and nothing else.
// Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balancer/upstream.h"
#include "base/connect_failure.h"
#include "config/config.h"
#include "health/deadline.h"
#include "health/verdict.h"
#include "http/head_parser.h"
#include "http2/client_session.h"
#include "tls/pipe.h"

namespace frontdoor {

// How requests come to an upstream, as its checks do.
struct Approach {
  std::string host = {};                                // of their Host field; "" = its address
  std::shared_ptr<const tls::ClientContext> tls = {};   // of https upstreams
  std::string server_name = {};                         // for TLS; "" = the host of its address
  bool http2 = false;                                   // it is spoken to in HTTP/2
};

struct ProbeTarget {
  std::vector<Endpoint> endpoints;  // tried in order
  config::HealthCheck check;
  std::string host;  // Host field
  ProxyVersion send_proxy = ProxyVersion::None;  // of the pool; a port of its own for checks expects no header
  http::HeadLimits limits{};                     // as for the traffic
  bool encrypted = false;
  std::shared_ptr<const tls::ClientContext> tls = {};  // null: its files can not be used
  std::string server_name = {};                        // for TLS
  bool http2 = false;

  // The endpoints as the check wants them (its own port); the Host field is the check's own, the upstream's, or its
  // address.
  static ProbeTarget of(const Upstream& upstream, const config::HealthCheck& check, ProxyVersion send_proxy,
                        const Approach& approach = {});
};

struct ProbeReport {
  Outcome outcome = Outcome::Passed;
  std::string detail;  // a failure in words: "status 503", "connection refused", "probe timed out"
  std::string words = {};  // what a command wrote last: for those who are told what apps write
  Duration latency{};
  Duration lateness{};  // how late the control loop ran meanwhile
};

// What a failed connect says about the upstream.
Outcome outcome_of(ConnectFailure failure);

class Probe {
 public:
  Probe(const boost::asio::any_io_executor& executor, ProbeTarget target);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  boost::asio::awaitable<ProbeReport> run();  // once; the probe must outlive it
  void cancel();                              // run() ends soon, with a report of no value

 private:
  boost::asio::awaitable<ProbeReport> connect();
  boost::asio::awaitable<ProbeReport> connect_to(const Endpoint& endpoint);
  boost::asio::awaitable<void> introduce();
  boost::asio::awaitable<ProbeReport> shake_hands();
  boost::asio::awaitable<boost::system::error_code> send(std::string text);
  boost::asio::awaitable<boost::system::error_code> receive(std::string& into);  // appends
  void say_goodbye();
  boost::asio::awaitable<ProbeReport> exchange();
  boost::asio::awaitable<ProbeReport> exchange_http2();
  std::optional<ProbeReport> judge_http2(const http2::ClientSession& session, const http2::RequestStream& stream) const;
  ProbeReport failure(Outcome outcome, std::string detail) const;
  ProbeReport judge_status(unsigned status) const;
  ProbeReport read_failure(const boost::system::error_code& error, bool begun) const;
  void close();

  const ProbeTarget target_;
  boost::asio::generic::stream_protocol::socket socket_;
  std::unique_ptr<tls::Pipe> tls_;  // null: plain
  std::shared_ptr<Deadline> deadline_;
  TimePoint due_{};
};

}  // namespace frontdoor
