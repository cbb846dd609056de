#include "supervisor/triggers/idle_trigger.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

#include "config/units.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

// How late it may be noticed that a pool has become idle, or that an operator has started or stopped one that sleeps.
constexpr Millis kLongestTick{1'000};
constexpr Millis kShortestTick{20};

}  // namespace

IdleLook IdleTrigger::look() const {
  IdleLook look;
  const auto status = context_.supervisor.status_of(pool_);
  const auto memory = context_.host.memory_of(pool_);
  if (!status || !memory) return look;
  look.settled = status->operation.empty() && !status->stopped && !status->instances.empty();
  look.requests = memory->traffic.read().requests;
  look.open = memory->held.size();
  for (const InstanceStatus& instance : status->instances) {
    look.settled = look.settled && instance.state == InstanceState::Up;
    if (instance.upstream) look.open += instance.upstream->in_flight();
  }
  return look;
}

asio::awaitable<void> IdleTrigger::run([[maybe_unused]] std::shared_ptr<Trigger> self) {
  const Millis tick = std::clamp(after_ / 4, kShortestTick, kLongestTick);
  if (sleeps_) co_await wake();  // nobody was there who could be called
  while (co_await wait_until(Clock::now() + tick))
    if (rule_.look(look(), Clock::now())) co_await sleep();
}

// From its falling asleep until it is up again, or somebody else has taken over.
asio::awaitable<void> IdleTrigger::sleep() {
  const auto memory = context_.host.memory_of(pool_);
  if (!memory) co_return;
  const TimePoint began = Clock::now();
  context_.log.info("pool is idle, its instances stop until the next request",
                    {{"pool", pool_}, {"idle_stop", config::format_duration(after_)}});
  called_ = false;
  sleeps_ = true;
  // Before its instances leave: whoever finds none afterwards finds this.
  memory->sleep.fall_asleep([&control = context_.control, weak = weak_from_this()] {
    asio::post(control, [weak] {
      const auto self = weak.lock();
      if (!self) return;
      auto& trigger = static_cast<IdleTrigger&>(*self);
      trigger.called_ = true;
      trigger.timer_.cancel();
    });
  });
  // Those that came in the meantime have an instance, which finishes them before it stops.
  const std::uint64_t requests = memory->traffic.read().requests;
  context_.supervisor.sleep(pool_);
  const Millis tick = std::clamp(after_ / 4, kShortestTick, kLongestTick);
  while (!stopped_ && !called_ && context_.supervisor.asleep(pool_)) {
    // In a pool that has other upstreams, too, a request need not wait, and calls nobody.
    if (memory->traffic.read().requests != requests) break;
    co_await wait_until(Clock::now() + tick);
  }
  if (!stopped_ && context_.supervisor.asleep(pool_))
    context_.log.info("a request wakes the pool",
                      {{"pool", pool_},
                       {"slept_ms", std::chrono::duration_cast<Millis>(Clock::now() - began).count()}});
  co_await wake();
}

asio::awaitable<void> IdleTrigger::wake() {
  if (context_.supervisor.asleep(pool_)) co_await context_.supervisor.start(pool_, std::nullopt);
  // Up, or it can not come up: from here on it is a pool as any other, `give_up` included.
  if (const auto memory = context_.host.memory_of(pool_)) memory->sleep.wake_up();
  sleeps_ = false;
  rule_.begin_anew();
}

}  // namespace frontdoor
