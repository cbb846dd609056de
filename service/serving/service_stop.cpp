// From a signal, or the end of the app, to the end of the program.

#include "service/serving/service.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "config/units.h"
#include "service/process/drain.h"
#include "service/process/stop_time.h"
#include "supervisor/instances/exit_status.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

constexpr Millis kMemoryPoll{10};  // until there is memory again

}  // namespace

// Without memory too: a process that cannot be stopped in order would be worse than one that is slow to say so.
asio::awaitable<void> Service::handle_signals() {
  for (;;) {
    try {
      co_await handle_signals_with_memory();
      co_return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kMemoryPoll);
    } catch (const std::exception&) {  // no thread is left, for instance: the next signal may find one
      OrTell(log_, "what a signal asks for")(std::current_exception());
    }
  }
}

asio::awaitable<void> Service::handle_signals_with_memory() {
  for (;;) {
    auto [error, signal] = co_await signals_.async_wait(quietly);
    if (error) co_return;
    // Without a file there is nothing to read again: its terminal has been closed.
    const bool terminal_closed = signal == SIGHUP && options_.launcher && options_.config_file.empty();
    if (terminal_closed && draining_) continue;
    if (signal == SIGUSR2) {
      upgrade_by_signal();
    } else if (signal == SIGHUP && !terminal_closed) {
      reload_as_told();
    } else if (signal == SIGUSR1) {  // after a log rotation
      if (!reopen_logs()) log_.info("nothing to reopen: the access log is no file");
    } else if (stop(signal)) {
      co_return;
    }
  }
}

bool Service::stop(int signal) {
  if (!serving_) {  // nobody has come to us yet, and another process serves
    finish();
    return true;
  }
  if (left_ && !std::exchange(told_to_stop_, true)) return false;  // as it does already
  if (upgrade_.successor > 0 && !left_) ::kill(upgrade_.successor, SIGKILL);  // it has served nobody
  const std::string_view name = signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
  if (!draining_) {
    begin_drain(name, signal == SIGINT ? "a second Ctrl-C stops at once" : "a second one stops at once");
    return false;
  }
  log_.warn("stopping at once", {{"signal", name}, {"connections", server_.open_connections()}});
  // Nobody waits for the app's own status any more: a shell's word for an end by this signal.
  if (options_.exit_with_child && !all_ended_) exit_status_ = 128 + signal;
  finish();
  return true;
}

void Service::begin_drain(std::string_view why, std::string_view hint) {
  start_workers();  // they are needed to end in order, too
  draining_ = true;
  if (supervision_) {
    supervision_->stopping();
    supervision_->let_listeners_go();
  }
  ready_file_.remove();  // before anything else: whoever sends traffic by it goes elsewhere
  // And a moment for the launcher to end the instances of a front door that has hung until then.
  notices_.stopping("draining", longest_stop() + longest_instance_stop() + Millis{5'000});
  log_.info("draining", {{"signal", why},
                         {"connections", server_.open_connections()},
                         {"drain", config::format_duration(snapshot_->config.timeouts.drain)},
                         {"hint", hint}});
  asio::co_spawn(control_, stop_after_drain(), [this](std::exception_ptr failure) {
    OrTell(log_, "the drain")(failure);
    if (failure) finish();
  });
}

asio::awaitable<void> Service::stop_after_drain() {
  co_await drain(server_, log_, snapshot_->config.timeouts);
  if (supervision_ && !supervision_->yielded()) co_await supervision_->stop();  // not before the last request that they served
  if (supervision_ && options_.exit_with_child && !all_ended_) exit_status_ = exit_status_of(supervision_->status());
  if (admin_) co_await admin_->tell_the_rest();
  finish();
}

// Nobody is left who could answer, so there is nothing to drain for but what is on its way out.
void Service::look_whether_all_ended() {
  if (draining_ || !supervision_ || supervision_->yielded() || !ended_for_good(supervision_->status())) return;
  all_ended_ = true;
  exit_status_ = exit_status_of(supervision_->status());
  log_.info("the app has ended, and so does frontdoor", {{"status", exit_status_}});
  begin_drain("the app has ended", "a signal stops at once");
}

Millis Service::longest_instance_stop() const { return frontdoor::longest_instance_stop(snapshot_->config); }

// Until a drain is over and the last instance is killed; and a moment.
Millis Service::longest_stop() const {
  return frontdoor::longest_stop(snapshot_->config) + Millis{10'000};
}

void Service::finish() {
  if (control_.stopped()) return;
  if (options_.on_stop) options_.on_stop();
  health_.stop();
  resolver_.stop();
  control_.stop();
}

}  // namespace frontdoor
