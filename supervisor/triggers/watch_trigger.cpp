#include "supervisor/triggers/watch_trigger.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <system_error>

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kWatchAgain{5'000};

}  // namespace

// Called on the watching thread; all is passed on to the control thread.
class WatchTrigger::Listener final : public FileWatchListener {
 public:
  Listener(asio::io_context& control, Log& log, std::string pool, std::weak_ptr<Trigger> trigger)
      : control_(control), log_(log), pool_(std::move(pool)), trigger_(std::move(trigger)) {}

  void watching(std::size_t files, std::size_t directories) override {
    const Log::Fields fields = {{"pool", pool_},
                                {"files", static_cast<std::uint64_t>(files)},
                                {"directories", static_cast<std::uint64_t>(directories)}};
    if (files == 0)
      log_.warn("no file is watched: nothing matches", fields);
    else
      log_.info("watching files", fields);
  }
  void changed(std::vector<std::string> files) override {
    asio::post(control_, [trigger = trigger_, files = std::move(files)] {
      if (const auto its = trigger.lock()) static_cast<WatchTrigger&>(*its).changed(files);
    });
  }
  void trouble(std::string what) override { log_.warn("watch", {{"pool", pool_}, {"problem", what}}); }

 private:
  asio::io_context& control_;
  Log& log_;
  const std::string pool_;
  const std::weak_ptr<Trigger> trigger_;
};

void WatchTrigger::stop() {
  watch_.reset();
  Trigger::stop();
}

void WatchTrigger::changed(const std::vector<std::string>& files) {
  if (stopped_) return;
  rolls_.changed(files, Clock::now());
  timer_.cancel();
}

void WatchTrigger::tell_loop(const WatchRolls::Roll& roll) {
  context_.log.error("watch: the app itself seems to change what is watched",
                     {{"pool", pool_},
                      {"file", roll.files},
                      {"pause_ms", std::chrono::duration_cast<Millis>(roll.pause).count()},
                      {"hint", "name the file in watch_ignore"}});
}

bool WatchTrigger::begin_watching(bool told) {
  try {
    watch_ = std::make_unique<FileWatch>(
        patterns_, options_, std::make_shared<Listener>(context_.control, context_.log, pool_, weak_from_this()));
    return true;
  } catch (const std::system_error& problem) {
    if (!told) context_.log.error("files can not be watched, it is tried again", {{"pool", pool_}, {"reason", problem.what()}});
    return false;
  }
}

asio::awaitable<void> WatchTrigger::run([[maybe_unused]] std::shared_ptr<Trigger> self) {
  rolls_.interrupted(Clock::now());
  for (bool told = false; !watch_ && !begin_watching(told); told = true)
    if (!co_await wait_until(Clock::now() + kWatchAgain)) co_return;
  while (co_await wait_until(rolls_.due().value_or(TimePoint::max()))) {
    if (!rolls_.due() || Clock::now() < *rolls_.due()) continue;
    const WatchRolls::Roll roll = rolls_.begin();
    if (roll.told_loop) tell_loop(roll);
    const std::string reason = roll.files + " changed";
    context_.log.info("files changed", {{"pool", pool_}, {"file", roll.files}});
    if (may_roll()) co_await context_.supervisor.restart(pool_, std::nullopt, RestartHow::Rolling, reason);
    rolls_.ended(Clock::now());
  }
}

}  // namespace frontdoor
