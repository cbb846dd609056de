#include "proxy/upstreams/worker_room.h"

#include <new>

namespace frontdoor {

WorkerRoom::WorkerRoom(EventLoop& loop, ConnectionBudget* budget, const LocalSnapshot::Known& upstreams)
    : loop_(loop), budget_(budget), upstreams_(upstreams) {
  if (budget_) budget_->board().join(*this);
}

WorkerRoom::~WorkerRoom() {
  if (budget_) budget_->board().leave(*this);
}

Room WorkerRoom::make(Newcomers newcomers) {
  if (shed_idle_upstream()) return Room::Now;
  WaitingClients* longest = nullptr;
  for (WaitingClients* clients : clients_)
    if (clients->anybody_waits() && (!longest || clients->waiting_since() < longest->waiting_since())) longest = clients;
  if (!longest) return Room::None;
  return longest->make_room(newcomers, [this] {
    if (budget_) budget_->count_closed_for_room();
  });
}

// Looks at each upstream: rare, and there are few of them beside the connections.
bool WorkerRoom::shed_idle_upstream() {
  IdleConnection* longest = nullptr;
  for (const auto& [shared, weak] : upstreams_) {
    const auto upstream = weak.lock();
    if (!upstream || upstream->idle.empty()) continue;
    IdleConnection& candidate = upstream->idle.back();
    if (!longest || candidate.idle_since() < longest->idle_since()) longest = &candidate;
  }
  delete longest;
  return longest != nullptr;
}

bool WorkerRoom::ask_others() {
  if (!budget_) return false;
  budget_->board().await();
  return budget_->board().ask(*this);
}

void WorkerRoom::room_wanted() noexcept {
  try {
    // Only for as long as it is true: another worker may have helped meanwhile.
    loop_.post([this] {
      if (!budget_->client_fits() || !budget_->upstream_fits()) make(Newcomers::Kept);
    });
  } catch (const std::bad_alloc&) {
    // The one that asked asks again after its pause.
  }
}

void WorkerRoom::room_came() noexcept {
  try {
    loop_.post([this] {
      for (WaitingClients* clients : clients_) clients->resume();
    });
  } catch (const std::bad_alloc&) {
    // They try again after their pause.
  }
}

}  // namespace frontdoor
