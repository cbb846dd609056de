#include "supervisor/instances/check_leavings.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "base/time.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kUntilCleared{500};              // reading all of /proc after each check would cost more than the checks
constexpr Millis kClearAgain{20};
constexpr int kMostLooks = 50;                    // at what does not die

}  // namespace

CheckLeavings::CheckLeavings(asio::io_context& control, Log& log, std::function<std::vector<pid_t>()> spared,
                             std::function<std::vector<ProcessInfo>()> list)
    : control_(control), log_(log), spared_(std::move(spared)), list_(std::move(list)) {}

CheckLeavings::~CheckLeavings() { *alive_ = false; }

void CheckLeavings::clear_soon(LifeMarks life, std::string pool) {
  left_.push_back({std::move(life), std::move(pool)});
  if (!std::exchange(clearing_, true)) asio::co_spawn(control_, clear(), OrTell(log_, "clearing up behind a health check"));
}

// All that have ended meanwhile at one look.
asio::awaitable<void> CheckLeavings::clear() {
  const auto alive = alive_;
  asio::steady_timer pause(control_);
  Millis wait = kUntilCleared;
  while (*alive && !left_.empty()) {
    pause.expires_after(wait);
    co_await pause.async_wait(quietly);
    if (!*alive) co_return;
    auto all = list_();
    if (all.empty()) continue;  // there is no descriptor left to look
    const std::vector<Left> looked_for = std::exchange(left_, {});
    const auto is_there = [&](pid_t pid) {
      return std::any_of(all.begin(), all.end(), [pid](const auto& process) { return process.pid == pid && process.state != 'Z'; });
    };
    std::vector<LifeMarks> lives;
    for (const Left& left : looked_for) {
      lives.push_back(left.life);
      if (is_there(left.life.process)) lives.back().process = -1;  // the number is another one's by now
    }
    std::vector<pid_t> others = spared_();
    others.push_back(::getpid());
    std::erase_if(all, [&](const ProcessInfo& process) {
      return std::find(others.begin(), others.end(), process.pid) != others.end();
    });
    for (std::size_t i = 0; i < lives.size(); ++i) end(looked_for[i], lives[i], all);
    wait = std::any_of(left_.begin(), left_.end(), [](const Left& left) { return left.looks != 0; }) ? kClearAgain : kUntilCleared;
  }
  clearing_ = false;
}

void CheckLeavings::end(Left left, const LifeMarks& life, const std::vector<ProcessInfo>& all) {
  const auto found = left_of(life, all, ::getppid(), bears_mark);
  if (found.empty()) return;
  const Log::Fields fields = {{"pool", left.pool}, {"processes", static_cast<std::uint64_t>(found.size())}};
  if (left.looks == 0) log_.warn("a health check left processes behind, which are killed", fields);
  if (left.looks == kMostLooks) return log_.error("processes of a health check do not die", fields);
  for (const ProcessInfo& process : found) signal_process(process, SIGKILL);
  ++left.looks;
  left_.push_back(std::move(left));
}

}  // namespace frontdoor
