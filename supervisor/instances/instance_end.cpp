// How an instance's process is ended, and all that it has started with it.

#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <utility>

#include "base/quietly.h"
#include "config/process_values.h"
#include "supervisor/instances/check_process.h"
#include "supervisor/instances/instance.h"
#include "supervisor/launcher/life_marks.h"
#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kLookAtEnd{10};
constexpr Millis kSendAgain{20};         // what could not be sent
constexpr Millis kUntilSeen{5'000};  // it can be looked at all processes

}  // namespace

// First what was asked for, by the signal that was agreed; then, when its time is up, by force. Once for each process,
// however many ask. What it leaves behind is live()'s.
asio::awaitable<void> Instance::terminate([[maybe_unused]] std::shared_ptr<Instance> self,
                                          std::uint64_t life) {
  if (asked_to_end_ || context_.launcher.yielded()) co_return;  // its end is another front door's
  asked_to_end_ = true;
  killed_at_ = Clock::now() + settings_.stop_timeout;
  const int signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  look_below();
  bool asked = send(signal);
  const auto runs = [&] { return alive_ && life_ == life; };
  while (runs() && Clock::now() < killed_at_) {
    const std::uint64_t seen = shared_.changed->version();
    const TimePoint look_at = asked ? killed_at_ : std::min<TimePoint>(killed_at_, Clock::now() + kSendAgain);
    co_await shared_.changed->changed(seen, look_at);
    if (!asked && runs() && !context_.launcher.yielded()) asked = send(signal);
  }
  if (!runs() || context_.launcher.yielded()) co_return;
  context_.log.warn("instance did not stop in time and is killed",
                    {{"pool", address_.pool},
                     {"instance", address_.instance},
                     {"pid", pid_},
                     {"stop_timeout_ms", settings_.stop_timeout.count()}});
  if (settings_.kill_mode == config::Process::KillMode::Tree)
    for (const ProcessInfo& process : descendants(list_processes(), pid_)) signal_process(process, SIGKILL);
  while (runs() && !context_.launcher.yielded() && !send(SIGKILL)) {
    const std::uint64_t seen = shared_.changed->version();
    co_await shared_.changed->changed(seen, Clock::now() + kSendAgain);
  }
}

// Its launcher reaps it only when we know of its end, so that the number is still its own; but that may have gone, and
// whoever reaps it then asks nobody. False: it has ended, or there is no descriptor left to look at it or to hold it.
bool Instance::send(int signal) {
  if (!who_) who_ = check_at(pid_, "FRONTDOOR_LIFE=" + life_marker_);
  return who_ && signal_process(*who_, signal);
}

// While it still is who its children's parents lead to.
void Instance::look_below() {
  if (who_ && settings_.kill_mode == config::Process::KillMode::Tree) seen_below_ = descendants(list_processes(), pid_);
}

// A wrapper that dies of a signal without passing it on leaves the app itself behind: that one is asked now,
// and killed when it does not listen. Orphans are the launcher's children by then.
asio::awaitable<void> Instance::clear_tree(Duration patience) {
  if (settings_.kill_mode == config::Process::KillMode::Process || context_.launcher.yielded()) co_return;
  const LifeMarks life{pid_, "FRONTDOOR_LIFE=" + life_marker_, std::exchange(seen_below_, {})};
  const auto left = [&] { return left_of(life, list_processes(), ::getppid(), bears_mark); };
  asio::steady_timer pause(context_.control);
  const TimePoint seen_until = Clock::now() + kUntilSeen;
  while (list_processes().empty()) {
    if (Clock::now() >= seen_until) {
      context_.log.error("what an instance has left behind can not be looked for: there is no descriptor left",
                         {{"pool", address_.pool}, {"instance", address_.instance}});
      co_return;
    }
    pause.expires_after(kLookAtEnd * 2);
    co_await pause.async_wait(quietly);
  }
  auto tree = left();
  if (tree.empty()) co_return;
  if (!asked_to_end_)
    context_.log.info("an instance that ended has left processes behind, which are stopped",
                      {{"pool", address_.pool},
                       {"instance", address_.instance},
                       {"processes", static_cast<std::uint64_t>(tree.size())}});
  const int signal = config::parse_signal(settings_.stop_signal).value_or(SIGTERM);
  for (const ProcessInfo& process : tree) signal_process(process, signal);
  const TimePoint latest = Clock::now() + patience;
  for (; !tree.empty() && Clock::now() < latest; tree = left()) {
    pause.expires_after(kLookAtEnd * 2);
    co_await pause.async_wait(quietly);
  }
  if (tree.empty()) co_return;
  context_.log.warn("instance left processes behind, which are killed",
                    {{"pool", address_.pool},
                     {"instance", address_.instance},
                     {"processes", static_cast<std::uint64_t>(tree.size())}});
  for (int look = 0; !tree.empty() && look < 50; ++look, tree = left()) {
    for (const ProcessInfo& process : tree) signal_process(process, SIGKILL);
    pause.expires_after(kLookAtEnd * 2);
    co_await pause.async_wait(quietly);
  }
  if (tree.empty()) co_return;
  context_.log.error("processes of an instance that has ended do not die",
                     {{"pool", address_.pool},
                      {"instance", address_.instance},
                      {"pid", tree.front().pid},
                      {"processes", static_cast<std::uint64_t>(tree.size())}});
}

}  // namespace frontdoor
