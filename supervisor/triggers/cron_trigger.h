// `cron_restart`: rolls the pool when its time has come. Control thread.

#pragma once

#include <string>

#include "supervisor/triggers/trigger.h"

namespace frontdoor {

class CronRestarts final : public Trigger {
 public:
  // `expression` has been checked with the config.
  CronRestarts(TriggerContext& context, std::string pool, std::string expression)
      : Trigger(context, "cron_restart", std::move(pool)), expression_(std::move(expression)) {}

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Trigger> self) override;

  const std::string expression_;
  bool due_ = false;  // and not yet done
};

}  // namespace frontdoor
