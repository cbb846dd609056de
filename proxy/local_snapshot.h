// One worker's own view of the snapshot: the same routes and pools, plus what a worker keeps for itself — where its
// rotation stands, its idle upstream connections, its exchanges on each upstream. Counted without atomics: a request
// holds the snapshot that it started with, and nobody else touches this worker's copy.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "balancer/round_robin.h"
#include "balancer/snapshot.h"
#include "loop/intrusive_list.h"

namespace frontdoor {

class Exchange;
class H1UpstreamConnection;

// This worker's side of one Upstream; survives reloads as the Upstream does.
struct LocalUpstream {
  LocalUpstream(std::shared_ptr<Upstream> upstream, unsigned worker_index);
  ~LocalUpstream();  // closes the idle connections

  const std::shared_ptr<Upstream> shared;
  const unsigned worker;
  ProxyVersion send_proxy = ProxyVersion::None;            // the newest snapshot's
  List<H1UpstreamConnection, Listed<class IdleTag>> idle;  // last used first; owned here
  List<Exchange, Listed<class OnUpstreamTag>> exchanges;   // waiting on it; eviction and drain reach them here
};

class LocalPool {
 public:
  LocalPool(const Pool& pool, unsigned worker) : pool_(pool), rotation_(worker) {}

  const Pool& pool() const { return pool_; }
  void add(std::shared_ptr<LocalUpstream> upstream, std::uint32_t weight) {
    upstream->send_proxy = pool_.send_proxy;
    members_.push_back({std::move(upstream), weight});
  }

  // The next upstream that is up, avoiding those that were tried while there is another. Null: none is up.
  LocalUpstream* pick(std::span<LocalUpstream* const> tried);

 private:
  struct Member {
    std::shared_ptr<LocalUpstream> upstream;
    std::uint32_t weight;
  };
  const Pool& pool_;
  std::vector<Member> members_;
  RoundRobin rotation_;
};

class LocalSnapshot {
 public:
  using Known = std::map<const Upstream*, std::weak_ptr<LocalUpstream>>;

  // `known` finds the LocalUpstreams of earlier snapshots again and is brought up to date.
  LocalSnapshot(std::shared_ptr<const Snapshot> shared, unsigned worker, Known& known);

  const Snapshot& shared() const { return *shared_; }
  LocalPool& pool(std::uint32_t index) { return pools_[index]; }

 private:
  friend class LocalSnapshotRef;
  std::shared_ptr<const Snapshot> shared_;
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
  explicit operator bool() const { return snapshot_ != nullptr; }

 private:
  LocalSnapshot* snapshot_ = nullptr;
};

}  // namespace frontdoor
