#include "supervisor/output/app_output.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/detached.h"
#include "base/log_destination.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kTell{1'000};
// What reading costs at this rate is a small part of the control thread, whatever the lines look like.
constexpr double kFastest = 48.0 * 1024 * 1024;

class Stream : public OutputDestination {
 public:
  explicit Stream(int fd) { destination_.borrow(fd); }
  std::uint64_t write(const std::string&, std::string_view lines) override { return destination_.write(lines); }
  std::string last_error() const override { return destination_.last_error(); }
  void look(bool) override {}
  void finish_by(TimePoint deadline) override { destination_.finish_by(deadline); }

 private:
  LogDestination destination_;
};

}  // namespace

AppOutput::AppOutput(asio::io_context& control, Log& log, int fd, StandardOutput kind)
    : control_(control),
      log_(log),
      kind_(kind),
      pace_({.fast = kFastest, .slow = kFastest}, Clock::now()),
      standard_output_("standard output", std::make_unique<Stream>(fd)) {
  asio::co_spawn(control_, watch(), OrTell(log_, "telling of lost output"));
}

const std::shared_ptr<PoolOutput>& AppOutput::of(const std::string& pool) {
  auto& output = pools_[pool];
  if (!output) output = std::make_shared<PoolOutput>(pool, log_, names_, standard_output_, kind_);
  return output;
}

void AppOutput::apply(const config::Config& config) {
  named_.clear();
  owed_.clear();
  for (const config::Pool& pool : config.pools) {
    if (pool.process.command.empty()) continue;
    named_.insert(pool.name);
    if (const std::string reason = try_to_apply(pool.name, pool.process.logs); !reason.empty()) {
      owed_[pool.name] = pool.process.logs;
      log_.error("the log files of a pool can not be written as the config says, it is tried again",
                 {{"pool", pool.name}, {"file", pool.process.logs.file}, {"reason", reason}});
    }
  }
}

// Its instances come first: that there is no thread for their files keeps nothing else up.
std::string AppOutput::try_to_apply(const std::string& pool, const config::Logs& logs) {
  try {
    of(pool)->apply(logs);
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "";
}

bool AppOutput::reopen() {
  bool any = false;
  for (const auto& [name, pool] : pools_) any |= pool->reopen();
  return any;
}

void AppOutput::close() {
  standard_output_.writer.begin_close();  // all at the same time
  for (const auto& [name, pool] : pools_) pool->begin_close();
  for (const auto& [name, pool] : pools_) pool->close();
  standard_output_.writer.close();
  standard_output_.tell_rest(log_);
}

asio::awaitable<void> AppOutput::watch() {
  asio::steady_timer pause(control_);
  for (;;) {
    pause.expires_after(kTell);
    auto [error] = co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    const TimePoint now = Clock::now();
    standard_output_.tell(log_, now);
    for (const auto& [name, pool] : pools_) pool->tell(now);
    std::erase_if(owed_, [this](const auto& owed) {
      if (!try_to_apply(owed.first, owed.second).empty()) return false;
      log_.info("the log files of a pool are written as the config says", {{"pool", owed.first}, {"file", owed.second.file}});
      return true;
    });
    let_go();
  }
}

// Of pools that the config has no more, once no instance of theirs writes.
void AppOutput::let_go() {
  std::erase_if(pools_, [this](const auto& entry) {
    const auto& [name, pool] = entry;
    if (named_.contains(name) || pool.use_count() > 1) return false;
    pool->begin_close();
    return pool->closed();
  });
}

}  // namespace frontdoor
