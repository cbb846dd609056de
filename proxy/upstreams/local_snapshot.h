// One worker's own view of the snapshot: the same routes and pools, plus what a worker keeps for itself — where its
// rotation stands, its idle upstream connections, its exchanges on each upstream. Counted without atomics: a request
// holds the snapshot that it started with, and nobody else touches this worker's copy.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "balancer/round_robin.h"
#include "balancer/snapshot.h"
#include "loop/event_loop.h"
#include "loop/intrusive_list.h"
#include "proxy/upstreams/idle_connection.h"
#include "proxy/upstreams/idle_limit.h"
#include "proxy/upstreams/lease.h"
#include "proxy/upstreams/upstream_drain.h"
#include "tls/client_context.h"

namespace frontdoor {

// This worker's side of one Upstream; survives reloads as the Upstream does. Owned by the snapshots that name it, and
// by the tunnels to it, which keep no snapshot.
struct LocalUpstream final : public std::enable_shared_from_this<LocalUpstream>, private UpstreamObserver {
 public:
  static std::shared_ptr<LocalUpstream> create(std::shared_ptr<Upstream> upstream, unsigned worker, EventLoop& loop);
  ~LocalUpstream();  // closes the idle connections

  const std::shared_ptr<Upstream> shared;
  const unsigned worker;
  ProxyVersion send_proxy = ProxyVersion::None;            // the newest snapshot's, as the next four
  bool speaks_http2 = false;
  std::shared_ptr<const tls::ClientContext> tls;           // null: it is spoken to in plain
  std::string server_name;                                 // for TLS
  std::string host;                                        // for its requests' Host; "" = what their clients said
  tls::SessionShelf tls_sessions;
  IdleConnections idle;                                    // last used first; owned here
  IdleConnections shared_by_many;                          // of HTTP/2, with requests under way; they own themselves
  std::uint32_t streams_at_once = 0;                       // what it last allowed on one of those; 0 = not known
  Duration between_pings{};                                // learned: it has complained of more; zero = it has not
  ObservedCloses closes;
  TimePoint next_knock{};                                  // when it may be asked again whether it still listens
  TimePoint last_reset{};                                  // of a request on a connection that was no stale one
  List<Lease, Listed<class LeaseTag>> leases;              // of all that is on it; eviction and drain reach them here

  // Calls f(OnUpstream&) for each; f may end the one that it was given, no other.
  template <class F>
  void for_each_on_it(F f) {
    leases.for_each([&](Lease& lease) { f(lease.holder()); });
  }

  // Whether the newest snapshot names it. Requests that are on one that it does not name end there, but their
  // connections, and those that are idle, serve no others.
  bool named() const { return named_; }
  void set_named(bool named);

  // How it is spoken to, as the newest snapshot says. A connection of another protocol, or whose upstream was believed under
  // other rules, serves no more requests: trust() tells those of before apart.
  void set_approach(const Pool& pool, const Member& as);
  std::uint32_t trust() const { return trust_; }

  // An operator has taken it out: it is not named either, and requests of earlier snapshots do not go there.
  bool is_out() const { return out_; }
  void set_out(bool out) { out_ = out; }

  // Of what is open on it while it leaves its pool; null otherwise.
  UpstreamDrain* drain() { return drain_ ? &*drain_ : nullptr; }

  // It was asked after a reset, and is known to live on.
  bool proven_alive(std::uint64_t incarnation, TimePoint now) const {
    return proven_ == incarnation && now < proven_until_;
  }
  void prove_alive(std::uint64_t incarnation, TimePoint until) {
    proven_ = incarnation;
    proven_until_ = until;
  }

  // How many requests of this worker have been counted before as victims of this life's end.
  std::uint32_t count_victim(std::uint64_t incarnation) {
    if (std::exchange(victims_of_, incarnation) != incarnation) victims_ = 0;
    return victims_++;
  }

 private:
  LocalUpstream(std::shared_ptr<Upstream> upstream, unsigned worker_index, EventLoop& loop);
  void went_down(std::uint64_t incarnation, DownCause cause) override;  // any thread
  void drains(TimePoint from, TimePoint until) override;                // the same
  bool acknowledges() const override { return true; }
  void evict(std::uint64_t incarnation, DownCause cause);               // the worker's
  void begin_drain(const DrainWindow& window);

  EventLoop& loop_;
  bool named_ = true;
  bool out_ = false;
  std::uint32_t trust_ = 0;
  std::optional<UpstreamDrain> drain_;
  std::uint64_t proven_ = 0;
  TimePoint proven_until_{};
  std::uint64_t victims_of_ = 0;
  std::uint32_t victims_ = 0;
};

class LocalPool {
 public:
  LocalPool(const Pool& pool, unsigned worker)
      : pool_(pool), rotation_(worker), counts_(pool.memory->counts.of_worker(worker)) {}

  const Pool& pool() const { return pool_; }
  RequestSlots& counts() { return counts_; }  // live as long as the pool's memory
  void add(std::shared_ptr<LocalUpstream> upstream, const frontdoor::Member& as);

  // Goes on with the rotation of the same pool's view in an earlier snapshot. After add().
  void carry_on(const LocalPool& before);

  // The next upstream that is up and of the lowest priority number of those, avoiding those that were tried (in the order
  // in which they were) while there is another, then the last of them; with `untried_only` all of them altogether. With
  // `max_in_flight` it has a slot taken, which the caller gives back. Null: none is up, or none has a slot.
  LocalUpstream* pick(std::span<LocalUpstream* const> tried, bool untried_only = false);
  // Whether pick() would find one that was not tried; whether there is one that is up, if without a slot.
  bool has_another(std::span<LocalUpstream* const> tried) const;
  bool has_untried(std::span<LocalUpstream* const> tried) const;
  bool has_several() const;  // more than one is up
  std::uint32_t priority(const LocalUpstream& of) const;  // as this pool has it

  // For the retry budget and the pool's traffic: counted here, reported from time to time.
  void count_request() { ++requests_; }
  void report_requests(TimePoint now);

 private:
  struct Member {
    std::shared_ptr<LocalUpstream> upstream;
    std::uint32_t weight;
    std::uint32_t priority;
  };
  // A request that began before keeps its snapshot, but is not sent to what an operator has taken out since.
  static bool is_up(const Member& member) { return !member.upstream->is_out() && member.upstream->shared->available(); }
  static constexpr std::uint32_t kNoTier = UINT32_MAX;
  std::uint32_t tier(std::span<LocalUpstream* const> tried) const;
  bool takes_requests(const Member& member) const;
  LocalUpstream* choose(std::span<LocalUpstream* const> tried, bool untried_only);

  const Pool& pool_;
  std::vector<Member> members_;
  RoundRobin rotation_;
  RequestSlots& counts_;
  bool tiered_ = false;  // its members have more than one priority
  std::uint64_t requests_ = 0;  // since the last report
};

class LocalSnapshot {
 public:
  using Known = std::map<const Upstream*, std::weak_ptr<LocalUpstream>>;

  // `known` finds the LocalUpstreams of earlier snapshots again and is brought up to date. `before` is the worker's
  // last snapshot, whose rotations are carried on; null = none.
  LocalSnapshot(std::shared_ptr<const Snapshot> shared, unsigned worker, Known& known, EventLoop& loop,
                const LocalSnapshot* before = nullptr);

  const Snapshot& shared() const { return *shared_; }
  LocalPool& pool(std::uint32_t index) { return pools_[index]; }
  std::span<LocalPool> pools() { return pools_; }
  // It has taken a request of this worker.
  void count(const Route& route) const { route.counts->add(worker_); }

 private:
  friend class LocalSnapshotRef;
  std::shared_ptr<const Snapshot> shared_;
  const unsigned worker_;
  std::vector<LocalPool> pools_;
  std::uint32_t references_ = 0;
};

// Counts, without atomics.
class LocalSnapshotRef {
 public:
  LocalSnapshotRef() = default;
  explicit LocalSnapshotRef(LocalSnapshot* snapshot) : snapshot_(snapshot) { ++snapshot_->references_; }
  LocalSnapshotRef(const LocalSnapshotRef& other) : snapshot_(other.snapshot_) {
    if (snapshot_) ++snapshot_->references_;
  }
  LocalSnapshotRef& operator=(LocalSnapshotRef other) noexcept {
    std::swap(snapshot_, other.snapshot_);
    return *this;
  }
  ~LocalSnapshotRef() {
    if (snapshot_ && --snapshot_->references_ == 0) delete snapshot_;
  }

  LocalSnapshot* operator->() const { return snapshot_; }
  LocalSnapshot* get() const { return snapshot_; }
  explicit operator bool() const { return snapshot_ != nullptr; }
  bool operator==(const LocalSnapshotRef& other) const { return snapshot_ == other.snapshot_; }

 private:
  LocalSnapshot* snapshot_ = nullptr;
};

}  // namespace frontdoor
