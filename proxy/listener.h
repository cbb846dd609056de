// One worker's end of a listening socket: accepts, within limits, and owns the connections that came of it. When the
// process is out of descriptors or the limit is reached it stops asking for a while instead of spinning; what is
// already connected lives on. One worker.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "proxy/client_connection.h"
#include "proxy/client_counts.h"

namespace frontdoor {

class Listener final : public ConnectionOwner, private EpollHandler, private Runnable, private Timer {
 public:
  struct Settings {
    std::uint64_t connections = 0;  // for this worker
    bool via = true;
    bool proxy_protocol = false;
    Cidrs trusted_proxies = {};
    std::shared_ptr<ClientCounts> clients = {};  // null: a client may have any number of connections

    static Settings of(const config::Listener& listener, std::uint64_t connections);
  };

  // Takes `fd`. `shared`: other workers accept from the same socket (unix).
  Listener(ExchangeContext& context, BufferPool& buffers, const bool& draining, int fd, bool shared, Settings settings);
  ~Listener() override;

  // Takes what waits to be accepted: closing the socket would reset those clients.
  void accept_rest();
  void stop_accepting();  // closes the socket; connections live on
  void cut_all();         // ends every connection now
  std::uint64_t connections() const { return count_.load(std::memory_order_relaxed); }  // any thread
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t pauses() const { return pauses_; }
  std::uint64_t turned_away_so_far(Unwelcome why) const {  // any thread
    return turned_away_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }

  // ConnectionOwner
  ExchangeContext& context() override { return context_; }
  BufferPool& buffers() override { return buffers_; }
  const bool& draining() const override { return draining_; }
  bool via() const override { return settings_.via; }
  bool wants_proxy_header() const override { return settings_.proxy_protocol; }
  const Cidrs& trusted_proxies() const override { return settings_.trusted_proxies; }
  bool admit(const IpAddress& client) override;
  void turned_away(Unwelcome why) override;
  void closed(ClientConnection& connection) override;

 private:
  void on_events(std::uint32_t) override { context_.loop.enqueue(*this); }
  void run() override;
  void expired(TimePoint now) override;
  bool accept_one();
  bool welcome(const IpAddress& from);
  bool is_limited(const IpAddress& client) const;
  void count(std::int64_t change);
  void ask();    // start or go on asking for connections
  void pause();  // stop asking for a while

  ExchangeContext& context_;
  BufferPool& buffers_;
  const bool& draining_;
  int fd_;
  const bool shared_;
  const Settings settings_;
  bool asking_ = false;
  std::atomic<std::uint64_t> count_{0};  // written by this worker only
  std::array<std::atomic<std::uint64_t>, kUnwelcomeKinds> turned_away_{};
  std::uint64_t accepted_ = 0;
  std::uint64_t pauses_ = 0;
  List<ClientConnection, Listed<class ConnectionTag>> connections_;
};

}  // namespace frontdoor
