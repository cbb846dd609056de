#include "health/command_probe.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <utility>

namespace frontdoor {
namespace {

constexpr auto answered_or_cancelled = boost::asio::as_tuple(boost::asio::deferred);
constexpr int kTicksInTimeout = 8;  // a late loop is noticed with this resolution, as by a Probe

Outcome outcome_of(CheckCommandResult::End end) {
  switch (end) {
    case CheckCommandResult::End::Passed:
      return Outcome::Passed;
    case CheckCommandResult::End::Failed:
      return Outcome::Failed;
    case CheckCommandResult::End::TimedOut:
      return Outcome::TimedOut;
    case CheckCommandResult::End::NotRun:
      break;
  }
  return Outcome::NotEvidence;
}

}  // namespace

CommandProbe::CommandProbe(const boost::asio::any_io_executor& executor, CheckCommands& commands, CheckCommand what)
    : commands_(commands), what_(std::move(what)), answered_(executor, TimePoint::max()) {
  const Duration tick = std::max(Duration(what_.timeout) / kTicksInTimeout, Duration(Millis{1}));
  ticks_ = std::make_shared<Deadline>(executor, tick, [] {});
}

CommandProbe::~CommandProbe() {
  ticks_->stop();
  if (run_) commands_.cancel(*run_);
}

void CommandProbe::cancel() {
  if (run_) commands_.cancel(*std::exchange(run_, std::nullopt));
  result_.emplace(CheckCommandResult{.end = CheckCommandResult::End::NotRun});
  answered_.cancel();
}

boost::asio::awaitable<ProbeReport> CommandProbe::run() {
  ticks_->expire_at(TimePoint::max());  // never: it only measures
  run_ = commands_.start(std::move(what_), [this](const CheckCommandResult& result) {
    run_.reset();
    result_ = result;
    answered_.cancel();
  });
  while (!result_) co_await answered_.async_wait(answered_or_cancelled);
  ProbeReport report{.outcome = outcome_of(result_->end), .detail = std::move(result_->detail),
                     .words = std::move(result_->words), .latency = result_->took};
  report.lateness = ticks_->lateness(Clock::now());
  ticks_->stop();
  co_return report;
}

}  // namespace frontdoor
