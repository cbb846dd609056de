// What one worker can close when descriptors run out, in this order: the idle connection to an upstream that
// was used longest ago, then the client that has waited longest without a request. It asks the other workers
// when it has neither. One worker.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "loop/event_loop.h"
#include "proxy/upstreams/connection_budget.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

// Now: a descriptor is free. Soon: one is in the next turn of the loop, or some connection has something to
// say, which is heard first. None: all are at work.
enum class Room : std::uint8_t { Now, Soon, None };

// Whether those who have only just come, and wait longest all the same, are closed: for a request that is there, but not
// for another newcomer, or each would push out the one before.
enum class Newcomers : std::uint8_t { Kept, Closed };

// The clients of one listener that wait without a request.
class WaitingClients {
 public:
  virtual bool anybody_waits() const = 0;
  virtual TimePoint waiting_since() = 0;  // the longest; somebody waits
  // Closes the connection that has waited longest for its client, and calls `closed` when it has found one to close.
  virtual Room make_room(Newcomers newcomers, const std::function<void()>& closed) = 0;
  virtual void resume() = 0;  // there is room again

 protected:
  ~WaitingClients() = default;
};

class WorkerRoom final : private RoomBoard::Member {
 public:
  // Null: without a budget; only the kernel limits.
  WorkerRoom(EventLoop& loop, ConnectionBudget* budget, const LocalSnapshot::Known& upstreams);
  ~WorkerRoom();
  WorkerRoom(const WorkerRoom&) = delete;
  WorkerRoom& operator=(const WorkerRoom&) = delete;

  void add(WaitingClients& clients) { clients_.push_back(&clients); }
  void remove(WaitingClients& clients) { std::erase(clients_, &clients); }

  bool client_fits() const { return !budget_ || budget_->client_fits(); }
  void client_opened() {
    if (budget_) budget_->client_opened();
  }
  void client_closed() {
    if (budget_) budget_->client_closed();
  }
  ConnectionBudget* budget() const { return budget_; }

  Room make(Newcomers newcomers);
  // Nobody here could: others are asked, and tell. False: there are no others.
  bool ask_others();
  // Before a connection to an upstream is opened.
  void make_for_upstream() {
    if (budget_ && !budget_->upstream_fits() && make(Newcomers::Closed) == Room::None) ask_others();
  }

 private:
  bool shed_idle_upstream();
  void room_wanted() noexcept override;
  void room_came() noexcept override;

  EventLoop& loop_;
  ConnectionBudget* const budget_;
  const LocalSnapshot::Known& upstreams_;
  std::vector<WaitingClients*> clients_;
};

}  // namespace frontdoor
