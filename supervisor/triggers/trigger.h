// One thing that makes a pool's instances be replaced or stopped by itself. A coroutine that waits, asks a pure class
// (memory_limit.h, cron_schedule.h, watch_rolls.h, idle_rule.h) and lets the supervisor act. Owned by Triggers, lives on
// in its coroutine until that has heard of its stop; what fails is told, and begins anew. Control thread.

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/detached.h"
#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "supervisor/instances/instance_host.h"
#include "supervisor/instances/supervisor.h"

namespace frontdoor {

// What all triggers use; outlives them.
struct TriggerContext {
  boost::asio::io_context& control;
  Log& log;
  Supervisor& supervisor;
  InstanceHost& host;
};

class Trigger : public std::enable_shared_from_this<Trigger> {
 public:
  // `what`: its key in the config, a literal.
  Trigger(TriggerContext& context, const char* what, std::string pool)
      : context_(context), pool_(std::move(pool)), timer_(context.control), what_(what) {}
  virtual ~Trigger() = default;

  void start() {
    boost::asio::co_spawn(context_.control, keep(shared_from_this()), or_end);
  }
  virtual void stop() {
    stopped_ = true;
    timer_.cancel();
  }

 protected:
  // May begin again where a failure has ended it.
  virtual boost::asio::awaitable<void> run(std::shared_ptr<Trigger> self) = 0;

  // Until then, or until somebody cancels timer_. False: it was stopped.
  boost::asio::awaitable<bool> wait_until(TimePoint when) {
    if (!stopped_) {
      timer_.expires_at(when);
      co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return !stopped_;
  }

  // What is stopped or sleeps starts with what is new anyway. (A restart of a pool of which each instance was stopped by itself
  // starts it, as an operator means it; a trigger does not.)
  bool may_roll() const {
    const auto status = context_.supervisor.status_of(pool_);
    return status && !status->none_wanted && !status->idle;
  }

  TriggerContext& context_;
  const std::string pool_;
  boost::asio::steady_timer timer_;
  bool stopped_ = false;

 private:
  // What fails has no memory, most often, and may have it in a moment: a pool waits for its trigger, and is not left without.
  boost::asio::awaitable<void> keep(std::shared_ptr<Trigger> self) {
    constexpr Millis pause{5'000};
    for (;;) {
      std::exception_ptr failure;
      try {
        co_await run(self);
      } catch (...) {
        failure = std::current_exception();
      }
      if (!failure) co_return;
      OrTell(context_.log, what_)(failure);
      if (!co_await wait_until(Clock::now() + pause)) co_return;
    }
  }

  const char* const what_;
};

}  // namespace frontdoor
