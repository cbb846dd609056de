// `idle_stop`: stops a pool's instances when it has had no request for long, and starts them for the next one, which
// waits meanwhile. Control thread; the request that comes calls from its worker's.

#pragma once

#include <memory>
#include <string>

#include "supervisor/triggers/idle_rule.h"
#include "supervisor/triggers/trigger.h"

namespace frontdoor {

class IdleTrigger final : public Trigger {
 public:
  IdleTrigger(TriggerContext& context, std::string pool, Millis after)
      : Trigger(context, "idle_stop", std::move(pool)), after_(after), rule_(after) {}

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Trigger> self) override;
  IdleLook look() const;
  boost::asio::awaitable<void> sleep();
  boost::asio::awaitable<void> wake();

  const Millis after_;
  IdleRule rule_;
  bool called_ = false;  // a request has come
  bool sleeps_ = false;  // from its falling asleep until it is up again
};

}  // namespace frontdoor
