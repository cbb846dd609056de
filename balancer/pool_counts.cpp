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

RequestSlots::~RequestSlots() {
  for (auto& counts : by_listener_) delete counts.load(std::memory_order_relaxed);
}

RequestCounts& RequestSlots::make(std::size_t listener) noexcept {
  auto* const made = new (std::nothrow) RequestCounts;
  if (!made) return others_;
  by_listener_[listener].store(made, std::memory_order_release);
  return *made;
}

void RequestSlots::add_requests_to(std::vector<RequestTotals>& totals, const std::vector<std::string>& names) const {
  for (std::size_t i = 0; i < kListenersTold; ++i) {
    const RequestCounts* const counts = by_listener_[i].load(std::memory_order_acquire);
    if (counts) add(totals, i < names.size() ? names[i] : "other", *counts);
  }
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
