#include "balancer/pool_counts.h"

#include <algorithm>
#include <new>

namespace frontdoor {

namespace {

RequestTotals& row_of(std::vector<RequestTotals>& totals, const std::string& listener, std::string_view protocol) {
  const auto known = std::find_if(totals.begin(), totals.end(), [&](const RequestTotals& row) {
    return row.listener == listener && row.protocol == protocol;
  });
  if (known != totals.end()) return *known;
  return totals.emplace_back(RequestTotals{listener, protocol, {}});
}

void add(std::vector<RequestTotals>& totals, const std::string& listener, const RequestCounts& counts) {
  for (std::size_t protocol = 0; protocol < kClientProtocols; ++protocol) {
    RequestTotals one;
    counts.by_protocol[protocol].add_to(one.by_code);
    if (one.all() == 0) continue;
    RequestTotals& row = row_of(totals, listener, kClientProtocolNames[protocol]);
    for (std::size_t i = 0; i < kCodeClasses; ++i) row.by_code[i] += one.by_code[i];
  }
}

}  // namespace

// Calls visit(the listener's number, its place) for each that may have counts.
template <class Visit>
void RequestSlots::for_each_place(Visit visit) const {
  for (std::size_t i = 0; i < kAtHand; ++i) visit(i, at_hand_[i]);
  for (std::size_t group = 1; group < far_.size(); ++group)
    if (const Places* const places = far_[group].load(std::memory_order_acquire))
      for (std::size_t i = 0; i < kAtHand; ++i) visit(group * kAtHand + i, (*places)[i]);
}

RequestSlots::~RequestSlots() {
  for_each_place([](std::size_t, const auto& place) { delete place.load(std::memory_order_relaxed); });
  for (auto& places : far_) delete places.load(std::memory_order_relaxed);
}

RequestCounts& RequestSlots::of_far(std::size_t listener) noexcept {
  if (listener >= kListenersTold) return others_;
  std::atomic<Places*>& group = far_[listener / kAtHand];
  Places* places = group.load(std::memory_order_relaxed);
  if (!places) {
    places = new (std::nothrow) Places{};
    if (!places) return others_;
    group.store(places, std::memory_order_release);
  }
  std::atomic<RequestCounts*>& place = (*places)[listener % kAtHand];
  RequestCounts* const known = place.load(std::memory_order_relaxed);
  return known ? *known : make(place);
}

RequestCounts& RequestSlots::make(std::atomic<RequestCounts*>& place) noexcept {
  auto* const made = new (std::nothrow) RequestCounts;
  if (!made) return others_;
  place.store(made, std::memory_order_release);
  return *made;
}

void RequestSlots::add_requests_to(std::vector<RequestTotals>& totals, const std::vector<std::string>& names) const {
  for_each_place([&](std::size_t i, const auto& place) {
    const RequestCounts* const counts = place.load(std::memory_order_acquire);
    if (counts) add(totals, i < names.size() ? names[i] : "other", *counts);
  });
  add(totals, "other", others_);
}

RequestSlots& PoolCounts::of_worker(unsigned worker) {
  const std::lock_guard lock(mutex_);
  if (by_worker_.size() <= worker) by_worker_.resize(worker + 1);
  if (!by_worker_[worker]) by_worker_[worker] = std::make_unique<RequestSlots>();
  return *by_worker_[worker];
}

void PoolCounts::add_to(PoolTotals& totals, const std::vector<std::string>& listeners) const {
  const std::lock_guard lock(mutex_);
  for (const auto& slots : by_worker_) {
    if (!slots) continue;
    slots->add_requests_to(totals.requests, listeners);
    slots->duration.add_to(totals.duration);
    slots->connect.add_to(totals.connect);
    slots->response.add_to(totals.response);
    slots->hold_wait.add_to(totals.hold_wait);
    slots->holds.add_to(totals.holds);
    slots->retries.add_to(totals.retries);
    slots->retries_denied.add_to(totals.retries_denied);
    slots->own_answers.add_to(totals.own_answers);
    slots->unfinished.add_to(totals.unfinished);
  }
}

}  // namespace frontdoor
