// One worker's end of a listening socket: accepts, within limits, and owns the connections that came of it.
// At a limit, and when the process is out of descriptors, the connection that has waited longest for its
// client is closed for the newcomer, so that a client that only sits there keeps nobody out; one with an exchange never
// is (docs/adr/0010). When all are at work it stops asking for a while instead of spinning. One worker.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/single_writer_count.h"
#include "loop/object_pages.h"
#include "proxy/server/accept_batch.h"
#include "proxy/server/client_connection.h"
#include "proxy/server/client_counts.h"
#include "proxy/server/places.h"
#include "proxy/upstreams/worker_room.h"

namespace frontdoor {

class Listener final : public ConnectionOwner,
                       public WaitingClients,
                       private EpollHandler,
                       private Runnable,
                       private Timer,
                       private RoomBoard::Member {
 public:
  struct Settings {
    std::shared_ptr<Places> places;  // shared with the other workers
    ListenerTerms terms = {};
    bool proxy_protocol = false;
    Cidrs trusted_proxies = {};
    bool passed = false;  // whoever has passed the socket listens on
    std::shared_ptr<const std::atomic<bool>> others_listen = {};  // so does another process of ours; null: none does
    std::shared_ptr<const tls::Server> tls = {};  // null: plain
    std::shared_ptr<ClientCounts> clients = {};  // null: a client may have any number of connections

    // `connections`: at a time, over all workers that are given these settings.
    static Settings of(const config::Listener& listener, std::uint64_t connections);
  };

  // `connections`: the worker's memory for ClientConnections. Takes `fd`, or is given one later (-1). `shared`: other workers
  // accept from the same socket (unix).
  Listener(ExchangeContext& context, BufferPool& buffers, ObjectPages& connections, WorkerRoom& room, Handshakes& handshakes,
           int fd, bool shared, Settings settings);
  ~Listener() override;

  // Takes what waits to be accepted, at a limit too: closing the socket would reset those clients. Until
  // nobody waits, for in a restart the others go to the successor; but not for more than a full backlog, so that a
  // flood does not keep it busy. False: descriptors have run out, and some come back in the next turn, so once more then.
  bool accept_rest();
  void stop_accepting();  // closes the socket; connections live on
  void leave_socket();    // the same, and another process of ours goes on accepting from it
  // Its socket, from which another Listener of this worker accepts from now on, on other terms. Connections live on here,
  // on those that they were accepted on. -1: it has none any more.
  int give_socket();
  void take_socket(int fd);
  bool has_socket() const { return fd_ >= 0; }
  bool shared() const { return shared_; }
  // It is being closed: what has no end of its own and came by it is told when to end, and what begins from now on asks.
  void set_drain(ListenerDrain drain) { drain_ = std::move(drain); }
  void drain_begins();    // responses say `Connection: close` from now on, and clients of HTTP/2 are told
  void close_idle();      // and those that become idle later; after stop_accepting
  void cut_all();         // ends every connection now
  // Before it is destroyed while the loop turns: what others have posted to it until now is run first.
  void part();
  std::uint64_t idle_connections();

  void resume() override;  // asks again before its pause has ended

  // WaitingClients
  Room make_room(Newcomers newcomers, const std::function<void()>& closed) override;
  bool anybody_waits() const override { return !waiting_.empty(); }
  TimePoint waiting_since() override { return waiting_.front().waiting_since(); }
  // Calls f(ClientConnection&) for each one without an exchange, the longest-waiting first. f may cut it.
  template <class F>
  void for_each_waiting(F f) {
    waiting_.for_each(f);
  }

  std::uint64_t connections() const { return count_.get(); }  // any thread
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t pauses() const { return pauses_; }
  std::uint64_t turned_away_so_far(Unwelcome why) const {  // any thread
    return turned_away_[static_cast<std::size_t>(why)].get();
  }

  // ConnectionOwner
  ExchangeContext& context() override { return context_; }
  BufferPool& buffers() override { return buffers_; }
  const bool& draining() const override { return draining_; }
  bool closing_idle() const override { return closing_idle_; }
  const ListenerDrain& drain() const override { return drain_; }
  const ListenerTerms& terms() const override { return settings_.terms; }
  const tls::Server* tls() const override { return settings_.tls.get(); }
  Handshakes& handshakes() override { return handshakes_; }
  bool wants_proxy_header() const override { return settings_.proxy_protocol; }
  const Cidrs& trusted_proxies() const override { return settings_.trusted_proxies; }
  bool admit(const IpAddress& client) override;
  void turned_away(Unwelcome why) override;
  void waits(ClientConnection& connection) override { waiting_.push_back(connection); }
  void works(ClientConnection& connection) override { working_.push_back(connection); }
  void closed(ClientConnection& connection) override;

 private:
  void on_events(std::uint32_t) override { context_.loop.enqueue(*this); }
  void run() override;
  void expired(TimePoint now) override;
  void room_wanted() noexcept override;
  void room_came() noexcept override;
  void answer_room_wanted();
  enum class Limit : std::uint8_t { Kept, Exceeded };
  bool accept_one(Limit limit);  // false: enough for this turn
  bool take_place(Limit limit);
  bool wait_for_room(bool fits);  // `fits`: it is the listener's limit that is reached and not the process's
  bool accept_failed(int error);
  bool take_in(int fd, const IpEndpoint& client);  // the same; its place has been taken
  void destroy(ClientConnection& connection);
  struct Destroy {
    Listener* listener;
    void operator()(ClientConnection* connection) const { listener->destroy(*connection); }
  };
  using Owned = std::unique_ptr<ClientConnection, Destroy>;
  Owned welcome_connection(const IpEndpoint& client);
  void turn_away_for_memory();
  bool welcome(const IpAddress& from);
  bool is_limited(const IpAddress& client) const;
  void ask();    // start or go on asking for connections
  void pause();  // stop asking for a while

  ExchangeContext& context_;
  BufferPool& buffers_;
  ObjectPages& memory_;
  WorkerRoom& room_;
  Handshakes& handshakes_;
  int fd_;
  const bool shared_;
  const Settings settings_;
  bool asking_ = false;
  bool full_ = false;                    // all were at work when a client came
  bool draining_ = false;
  bool closing_idle_ = false;
  bool parted_ = false;
  ListenerDrain drain_;
  AcceptBatch batch_;
  SingleWriterCount count_;
  std::array<SingleWriterCount, kUnwelcomeKinds> turned_away_{};
  std::uint64_t accepted_ = 0;
  std::uint64_t pauses_ = 0;
  using Connections = List<ClientConnection, Listed<class ConnectionTag>>;
  Connections waiting_;  // for their clients, the longest first: without an exchange
  Connections working_;  // those with one, and those that are about to be closed
};

}  // namespace frontdoor
