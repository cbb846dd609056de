// How the descriptors that the process may open are shared out, over all listeners and workers
// (docs/adr/0010): an idle client takes one, one that is served takes two, and logs, probes and reloads need
// some too. The counts are a guide: a worker that finds them used up makes room first, and the kernel has the last
// word. Any thread.

#pragma once

#include <atomic>
#include <cstdint>

#include "proxy/upstreams/room_board.h"

namespace frontdoor {

struct DescriptorPlan {
  std::uint64_t descriptors = 0;  // that the process may open
  std::uint64_t sockets = 0;      // of these for clients and upstreams together
  std::uint64_t clients =
      0;  // and of these for clients at most, so that there is always one to reach an upstream by
};

// `own`: what the process needs besides, at most half of a small limit. Each descriptor more is one more
// socket, and never fewer clients. Pure.
DescriptorPlan plan_descriptors(std::uint64_t limit, std::uint64_t own);

class ConnectionBudget {
 public:
  explicit ConnectionBudget(const DescriptorPlan& plan) { set_plan(plan); }

  DescriptorPlan plan() const {
    return {.descriptors = descriptors_.load(kRelaxed),
            .sockets = sockets_.load(kRelaxed),
            .clients = most_clients_.load(kRelaxed)};
  }
  // A reload needs more or fewer of them for itself. Nobody is closed for it at once.
  void set_plan(const DescriptorPlan& plan) {
    descriptors_.store(plan.descriptors, kRelaxed);
    sockets_.store(plan.sockets, kRelaxed);
    most_clients_.store(plan.clients, kRelaxed);
  }
  std::uint64_t clients() const { return clients_.load(std::memory_order_relaxed); }
  std::uint64_t upstreams() const { return upstreams_.load(std::memory_order_relaxed); }

  // One more, and soon a connection to an upstream for it.
  bool client_fits() const {
    return clients() < most_clients_.load(kRelaxed) && clients() + upstreams() + 2 <= sockets_.load(kRelaxed);
  }
  bool upstream_fits() const { return clients() + upstreams() < sockets_.load(kRelaxed); }
  void client_opened() { clients_.fetch_add(1, std::memory_order_relaxed); }
  void upstream_opened() { upstreams_.fetch_add(1, std::memory_order_relaxed); }
  void client_closed() {
    clients_.fetch_sub(1, std::memory_order_seq_cst);
    board_.freed();
  }
  void upstream_closed() {
    upstreams_.fetch_sub(1, std::memory_order_seq_cst);
    board_.freed();
  }

  RoomBoard& board() { return board_; }

  // For the event log.
  void count_closed_for_room() { closed_for_room_.fetch_add(1, std::memory_order_relaxed); }
  void count_full() { full_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t closed_for_room() const {
    return closed_for_room_.load(std::memory_order_relaxed);
  }  // clients
  // How often a client or a request had to wait because all were at work.
  std::uint64_t full() const { return full_.load(std::memory_order_relaxed); }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  std::atomic<std::uint64_t> descriptors_{0};
  std::atomic<std::uint64_t> sockets_{0};
  std::atomic<std::uint64_t> most_clients_{0};
  alignas(64) std::atomic<std::uint64_t> clients_{0};
  alignas(64) std::atomic<std::uint64_t> upstreams_{0};
  alignas(64) std::atomic<std::uint64_t> closed_for_room_{0};
  std::atomic<std::uint64_t> full_{0};
  RoomBoard board_;
};

}  // namespace frontdoor
