// `max_memory`: looks at each instance of the pool once a second, and has one that uses more replaced. Control thread.

#pragma once

#include <string>
#include <vector>

#include "supervisor/triggers/memory_limit.h"
#include "supervisor/triggers/trigger.h"

namespace frontdoor {

class MemoryTrigger final : public Trigger {
 public:
  MemoryTrigger(TriggerContext& context, std::string pool, std::uint64_t limit)
      : Trigger(context, "max_memory", std::move(pool)), limit_(limit) {}

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Trigger> self) override;
  std::vector<MemoryLook> look() const;

  MemoryLimit limit_;
};

}  // namespace frontdoor
