#include "supervisor/triggers/memory_trigger.h"

#include <chrono>

#include "config/units.h"
#include "supervisor/triggers/process_usage.h"

namespace frontdoor {

namespace {

constexpr Duration kEvery = std::chrono::seconds(1);

// Shared pages are only told apart where they might matter: the cheap sum is never below the true one.
std::uint64_t memory_of(pid_t pid, std::uint64_t limit) {
  const ProcessUsage cheap = usage_of_tree(pid, MemoryMeasure::Resident);
  if (cheap.memory_bytes <= limit) return cheap.memory_bytes;
  return usage_of_tree(pid, MemoryMeasure::Proportional).memory_bytes;
}

std::string mebibytes(std::uint64_t bytes) { return config::format_size(bytes >> 20 << 20); }

}  // namespace

std::vector<MemoryLook> MemoryTrigger::look() const {
  std::vector<MemoryLook> looks;
  const auto status = context_.supervisor.status_of(pool_);
  if (!status || status->idle || status->stopped) return looks;
  for (const InstanceStatus& instance : status->instances) {
    if (instance.state != InstanceState::Up || instance.pid <= 0) continue;
    looks.push_back({.number = instance.number,
                     .starts = instance.starts,
                     .bytes = memory_of(instance.pid, limit_.limit()),
                     .lived = Clock::now() - instance.since});
  }
  return looks;
}

boost::asio::awaitable<void> MemoryTrigger::run([[maybe_unused]] std::shared_ptr<Trigger> self) {
  limit_.interrupted(Clock::now());
  while (co_await wait_until(Clock::now() + kEvery)) {
    const auto verdict = limit_.look(look(), Clock::now());
    if (!verdict) continue;
    const std::string name = pool_ + '.' + std::to_string(verdict->number);
    const std::string used = mebibytes(verdict->bytes);
    const std::string limit = config::format_size(limit_.limit());
    if (verdict->too_low)
      context_.log.error("max_memory is less than the app needs",
                         {{"pool", pool_},
                          {"instance", name},
                          {"memory", used},
                          {"max_memory", limit},
                          {"pause_ms", std::chrono::duration_cast<Millis>(verdict->pause).count()}});
    else
      context_.log.warn("instance uses too much memory",
                        {{"pool", pool_}, {"instance", name}, {"memory", used}, {"max_memory", limit}});
    const std::string reason = "max_memory: " + used + " of " + limit;
    const OperationResult result =
        co_await context_.supervisor.restart(pool_, verdict->number, RestartHow::Rolling, reason, RestartWith::Served);
    limit_.replaced(result.ok, Clock::now());
  }
}

}  // namespace frontdoor
