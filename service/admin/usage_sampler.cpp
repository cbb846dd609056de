#include "service/admin/usage_sampler.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/quietly.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kFresh{500};     // serves again
constexpr Millis kMoment{200};    // over which CPU is measured at least; the kernel counts in steps of 10 ms
constexpr Millis kStale{10'000};  // too long ago for "now"

SampledUsages sample(const std::vector<pid_t>& roots) {
  SampledUsages usages;
  for (const pid_t root : roots) usages[root] = {usage_of_tree(root, MemoryMeasure::Resident), std::nullopt};
  return usages;
}

}  // namespace

asio::awaitable<SampledUsages> UsageSampler::of(std::vector<pid_t> roots) {
  const auto has_all = [&](const SampledUsages& usages) {
    return std::all_of(roots.begin(), roots.end(), [&](pid_t pid) { return usages.contains(pid); });
  };
  const Duration age = Clock::now() - last_at_;
  if (last_at_ != TimePoint{} && age < kFresh && has_all(last_)) {
    const bool complete = std::all_of(last_.begin(), last_.end(), [](const auto& each) { return each.second.cpu_share; });
    if (complete) co_return last_;
  }
  SampledUsages before = last_;
  TimePoint before_at = last_at_;
  if (last_at_ == TimePoint{} || age > kStale || age < kMoment || !has_all(before)) {
    before = sample(roots);
    before_at = Clock::now();
    asio::steady_timer pause(control_, kMoment);
    co_await pause.async_wait(quietly);
  }
  SampledUsages now = sample(roots);
  const TimePoint at = Clock::now();
  for (auto& [pid, usage] : now) usage.cpu_share = cpu_share(before[pid].usage, usage.usage, at - before_at);
  last_ = now;
  last_at_ = at;
  co_return now;
}

}  // namespace frontdoor
