// The two ends of a conversation with the proxy, in the test's own thread: a client socket and an upstream
// that does what the test says. Both are polled by TestProxy::until; neither ever blocks.

#pragma once

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "support/tls_end.h"

namespace frontdoor::testing {

// One connected socket: what came in, and a way to answer.
class Peer {
 public:
  explicit Peer(int fd, std::unique_ptr<TlsEnd> tls = nullptr);
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  static std::unique_ptr<Peer> connect(const Endpoint& to, std::unique_ptr<TlsEnd> tls = nullptr);

  void poll();                        // reads and writes what is possible now
  void send(std::string_view bytes);  // queued; leaves with poll()
  void finish();                      // FIN, once everything is sent; over TLS behind a close_notify
  void announce_end();                // over TLS a close_notify, and no FIN yet
  void close();                       // both directions
  void reset();                       // RST
  void pause_reading(bool pause) { paused_ = pause; }
  void read_slowly(std::size_t most) { most_per_poll_ = most; }  // of bytes in each poll()

  const std::string& received() const { return received_; }
  bool saw(std::string_view text) const { return received_.find(text) != std::string::npos; }
  void forget() { received_.clear(); }
  bool ended() const { return eof_ || reset_; }  // the other side has closed
  bool is_open() const { return fd_ >= 0; }      // this side has not
  bool was_reset() const { return reset_; }
  bool all_sent() const { return to_send_.empty() && (!tls_ || tls_->all_said()); }

 private:
  void write_out();
  void read_in();

  int fd_;
  const std::unique_ptr<TlsEnd> tls_;  // null: plain
  std::string to_send_;
  std::string received_;
  bool finishing_ = false;
  bool eof_ = false;
  bool reset_ = false;
  bool paused_ = false;
  std::size_t most_per_poll_ = std::numeric_limits<std::size_t>::max();
};

// A listening upstream. Connections appear in the order in which they were accepted and stay in the list.
class ScriptedUpstream {
 public:
  ScriptedUpstream();
  ~ScriptedUpstream();

  // What its address says, and the connections to come do; before the address is told.
  enum class Https { Spoken, ClaimedOnly };
  void encrypt(Https how = Https::Spoken, std::string alpn = {}) {
    encrypted_ = true;
    alpn_ = std::move(alpn);
    speaks_tls_ = how == Https::Spoken;
  }

  const Endpoint& endpoint() const { return endpoint_; }
  std::string address() const { return (encrypted_ ? "https://" : "") + endpoint_.to_string(); }  // in a config
  void poll();
  void stop_listening();  // further connects are refused
  void listen_again();    // on the same port, once it was stopped
  bool listens() const { return fd_ >= 0; }

  // Every connection answers each complete bodiless head with this as soon as it arrives; "" = the test
  // answers.
  void always_reply(std::string reply) { reply_ = std::move(reply); }

  std::size_t connections() const { return peers_.size(); }
  Peer& connection(std::size_t i) { return *peers_.at(i); }
  Peer& last() { return *peers_.back(); }
  std::size_t requests() const { return requests_; }                  // answered by always_reply
  const std::string& last_request() const { return last_request_; }  // the same

 private:
  int bind();  // a socket, to endpoint_

  int fd_ = -1;
  int reserved_ = -1;  // bound to the same port, so that nobody else is given it while this one does not listen
  Endpoint endpoint_;
  bool encrypted_ = false;
  bool speaks_tls_ = false;
  std::string alpn_;  // that it agrees to
  std::string reply_;
  std::size_t requests_ = 0;
  std::string last_request_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace frontdoor::testing
