// What is learned about one upstream: state changes, endpoints, counters.

#include "balancer/upstream.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace frontdoor {
namespace {

constexpr unsigned kStateBits = 8;

constexpr std::uint64_t pack(Upstream::Seen seen) {
  return seen.incarnation << kStateBits | static_cast<std::uint64_t>(seen.state);
}

struct Transition {
  std::string_view to;
  std::string_view reason;
};
constexpr std::array kTransitions = {Transition{"up", "passed"},   Transition{"down", "dead"},
                                     Transition{"down", "hung"},   Transition{"down", "unwell"},
                                     Transition{"draining", "leaving"}, Transition{"unknown", "named_again"}};

// Its place in kTransitions.
constexpr std::size_t transition_of(UpstreamState to, DownCause cause) {
  switch (to) {
    case UpstreamState::Up: return 0;
    case UpstreamState::Down: return cause == DownCause::Dead ? 1 : cause == DownCause::Hung ? 2 : 3;
    case UpstreamState::Draining: return 4;
    case UpstreamState::Unknown: break;
  }
  return 5;
}

constexpr Upstream::Seen unpack(std::uint64_t word) {
  return {.incarnation = word >> kStateBits,
          .state = static_cast<UpstreamState>(word & ((1U << kStateBits) - 1))};
}

}  // namespace

const char* to_string(UpstreamState state) {
  switch (state) {
    case UpstreamState::Unknown:
      return "unknown";
    case UpstreamState::Up:
      return "up";
    case UpstreamState::Down:
      return "down";
    case UpstreamState::Draining:
      return "draining";
  }
  return "unknown";
}

Upstream::Upstream(std::string pool, Address address, unsigned workers, std::shared_ptr<PoolMemory> memory,
                   std::string name)
    : pool_(std::move(pool)),
      address_(std::move(address)),
      name_(name.empty() ? address_.to_string() : std::move(name)),
      workers_(std::max(workers, 1U)),
      memory_(std::move(memory)),
      endpoints_(std::make_shared<const std::vector<Endpoint>>()) {}

Upstream::Seen Upstream::seen() const { return unpack(word_.load(std::memory_order_acquire)); }

// One that has no memory to hear of it must not keep it from the others. What it has on the upstream is then found out
// by its own deadlines.
void Upstream::tell(UpstreamObserver& observer, std::uint64_t incarnation, DownCause cause) noexcept {
  try {
    observer.went_down(incarnation, cause);
  } catch (const std::bad_alloc&) {
  }
}

bool Upstream::change(Seen seen, UpstreamState to, std::string reason, TimePoint now, DownCause cause) {
  if (seen.state == to) return false;
  const bool born = to == UpstreamState::Up;
  const Seen next{.incarnation = seen.incarnation + (born ? 1 : 0), .state = to};
  {
    // The lock keeps reason and time in step with the word when two witnesses change it one after the other.
    const std::lock_guard lock(mutex_);
    std::uint64_t expected = pack(seen);
    if (!word_.compare_exchange_strong(expected, pack(next), std::memory_order_seq_cst)) return false;
    reason_ = std::move(reason);
    ++transitions_[transition_of(to, cause)];
    if (born && seen.state == UpstreamState::Down) memory_->note_outage(now - changed_at_);
    changed_at_ = now;
    down_cause_ = to == UpstreamState::Down ? cause : DownCause::None;
    if (to == UpstreamState::Down && cause == DownCause::Dead)
      last_death_.store(next.incarnation + 1, std::memory_order_release);
    // A new life may run other software with another limit. A worker that learns the old one just now makes it
    // too small for a while, which costs a few connections and no request.
    if (born) idle_limit_ms_.store(0, std::memory_order_relaxed);
    if (to == UpstreamState::Down) {
      note_told();
      for (UpstreamObserver* observer : observers_) tell(*observer, next.incarnation, cause);
    }
  }
  if (born) {
    const std::uint32_t limit = max_in_flight_.load(std::memory_order_relaxed);
    memory_->held.call(limit == 0 ? HoldQueue::kAll : limit);
  }
  return true;
}

void Upstream::judge_anew(TimePoint now) {
  for (Seen last = seen(); last.state != UpstreamState::Unknown; last = seen())
    change(last, UpstreamState::Unknown, "named again", now);
}

void Upstream::drain(TimePoint now, TimePoint until) {
  for (Seen last = seen(); last.state != UpstreamState::Draining; last = seen())
    change(last, UpstreamState::Draining, "leaves its pool", now);
  close_streams(now, until);
}

void Upstream::close_streams(TimePoint now, TimePoint until) {
  const std::lock_guard lock(mutex_);
  note_told();
  for (UpstreamObserver* observer : observers_) observer->drains(now, until);
}

void Upstream::withdraw() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t incarnation = seen().incarnation;
  note_told();
  for (UpstreamObserver* observer : observers_) tell(*observer, incarnation, DownCause::Withdrawn);
}

void Upstream::note_told() {
  told_.clear();
  for (UpstreamObserver* observer : observers_)
    if (observer->acknowledges()) told_.push_back(observer);
}

bool Upstream::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return told_.empty();
}

void Upstream::acknowledge(UpstreamObserver& observer) {
  const std::lock_guard lock(mutex_);
  std::erase(told_, &observer);
}

DownCause Upstream::down_cause() const {
  const std::lock_guard lock(mutex_);
  return down_cause_;
}

std::string Upstream::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

TimePoint Upstream::changed_at() const {
  const std::lock_guard lock(mutex_);
  return changed_at_;
}

void Upstream::subscribe(UpstreamObserver& observer) {
  const std::lock_guard lock(mutex_);
  told_.reserve(observers_.size() + 1);  // so that nothing is allocated when it matters
  observers_.push_back(&observer);
}

void Upstream::unsubscribe(UpstreamObserver& observer) {
  const std::lock_guard lock(mutex_);
  std::erase(observers_, &observer);
  std::erase(told_, &observer);
}

Upstream::Endpoints Upstream::endpoints() const {
  const std::lock_guard lock(mutex_);
  return endpoints_;
}

void Upstream::set_endpoints(std::vector<Endpoint> endpoints) {
  auto fresh = std::make_shared<const std::vector<Endpoint>>(std::move(endpoints));
  const std::lock_guard lock(mutex_);
  endpoints_.swap(fresh);
  looked_up_ = true;
}

bool Upstream::looked_up() const {
  const std::lock_guard lock(mutex_);
  return looked_up_;
}

void Upstream::begin_request(unsigned worker) {
  workers_[worker].in_flight.add();
  workers_[worker].requests.add();
}

std::uint64_t Upstream::requests() const {
  std::uint64_t sum = 0;
  for (const PerWorker& worker : workers_) sum += worker.requests.get();
  return sum;
}

UpstreamTotals Upstream::totals() const {
  UpstreamTotals totals{.name = name_, .address = address_.to_string(), .state = to_string(seen().state)};
  std::uint64_t open = 0;
  for (const PerWorker& worker : workers_) {
    totals.in_flight += worker.in_flight.get();
    totals.requests += worker.requests.get();
    totals.retried += worker.retried.get();
    worker.answers.add_to(totals.by_code);
    worker.response.add_to(totals.response);
    open += worker.connections.get();
    totals.idle_connections += worker.idle_connections.get();
    const UpstreamHttp2Counts* const http2 = worker.http2.load(std::memory_order_acquire);
    if (!http2) continue;
    if (!totals.http2) totals.http2.emplace();
    http2->add_to(*totals.http2);
  }
  totals.active_connections = open - std::min(open, totals.idle_connections);
  const std::lock_guard lock(mutex_);
  totals.reason = reason_;
  for (std::size_t i = 0; i < transitions_.size(); ++i)
    if (transitions_[i] != 0) totals.transitions.push_back({kTransitions[i].to, kTransitions[i].reason, transitions_[i]});
  return totals;
}

UpstreamHttp2Counts& Upstream::http2_counts(unsigned worker) {
  PerWorker& own = workers_[worker];
  if (!own.http2_owned) {
    own.http2_owned = std::make_unique<UpstreamHttp2Counts>();
    own.http2.store(own.http2_owned.get(), std::memory_order_release);
  }
  return *own.http2_owned;
}

void Upstream::end_request(unsigned worker) {
  assert(workers_[worker].in_flight.get() > 0);
  workers_[worker].in_flight.subtract();
}

std::uint64_t Upstream::in_flight() const {
  std::uint64_t sum = 0;
  for (const PerWorker& own : workers_) sum += own.in_flight.get();
  return sum;
}

void Upstream::set_max_in_flight(std::uint32_t limit) {
  const std::uint32_t before = max_in_flight_.exchange(limit, std::memory_order_relaxed);
  const bool more = before != 0 && (limit == 0 || limit > before);
  if (more) memory_->held.call(HoldQueue::kAll);
}

bool Upstream::has_slot() const {
  const std::uint32_t limit = max_in_flight_.load(std::memory_order_relaxed);
  return limit == 0 || slots_taken_.load(std::memory_order_seq_cst) < limit;
}

bool Upstream::take_slot() {
  const std::uint32_t limit = max_in_flight_.load(std::memory_order_relaxed);
  std::uint32_t taken = slots_taken_.load(std::memory_order_seq_cst);
  while (limit == 0 || taken < limit) {
    if (slots_taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_seq_cst)) return true;
  }
  return false;
}

void Upstream::return_slot() {
  slots_taken_.fetch_sub(1, std::memory_order_seq_cst);
  if (memory_->held.occupied()) memory_->held.call(1);
}

void Upstream::note_success(unsigned worker, TimePoint now, const LatencyObservation& waited) {
  workers_[worker].response.add(waited);
  workers_[worker].last_success.store(now.time_since_epoch().count(), std::memory_order_relaxed);
}

TimePoint Upstream::last_success() const {
  Duration::rep latest = 0;
  for (const PerWorker& own : workers_)
    latest = std::max(latest, own.last_success.load(std::memory_order_relaxed));
  return TimePoint(Duration(latest));
}

void Upstream::learn_idle_limit(Millis limit) {
  if (limit <= Millis::zero()) return;
  std::int64_t known = idle_limit_ms_.load(std::memory_order_relaxed);
  while (known == 0 || limit.count() < known) {
    if (idle_limit_ms_.compare_exchange_weak(known, limit.count(), std::memory_order_relaxed)) return;
  }
}

}  // namespace frontdoor
