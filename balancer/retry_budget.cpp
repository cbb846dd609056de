#include "balancer/retry_budget.h"

#include <algorithm>
#include <chrono>

namespace frontdoor {
namespace {

std::int64_t whole_seconds(TimePoint now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

RetryBudget::Second& RetryBudget::second_of(TimePoint now) {
  const std::int64_t when = whole_seconds(now);
  Second& second = seconds_[static_cast<std::size_t>(when % kWindow)];
  if (second.when != when) second = {.when = when};
  return second;
}

void RetryBudget::add_requests(std::uint64_t count, TimePoint now) {
  const std::lock_guard lock(mutex_);
  second_of(now).requests += count;
}

bool RetryBudget::left(double share, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const std::int64_t oldest = whole_seconds(now) - kWindow + 1;
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  for (const Second& second : seconds_) {
    if (second.when < oldest) continue;
    requests += second.requests;
    retries += second.retries;
  }
  const auto allowed = static_cast<std::uint64_t>(share * static_cast<double>(requests));
  return retries < std::max(allowed, kFloor);
}

void RetryBudget::spend(TimePoint now) {
  const std::lock_guard lock(mutex_);
  ++second_of(now).retries;
}

}  // namespace frontdoor
