#include "service/process/signals.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string_view>

namespace frontdoor {

namespace {

void change_mask(int how, std::initializer_list<int> signals) {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : signals) sigaddset(&held, signal);
  ::pthread_sigmask(how, &held, nullptr);
}

extern "C" void end_the_start(int) {
  constexpr std::string_view kStopped = "frontdoor: stopped before it had started\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kStopped.data(), kStopped.size());
  ::_exit(0);
}

}  // namespace

void hold_signals(StartedBy who) {
  change_mask(SIG_BLOCK, {SIGHUP, SIGUSR1, SIGUSR2});
  if (who == StartedBy::Launcher) return hold_stop_signals();
  for (const int signal : {SIGTERM, SIGINT})
    if (::signal(signal, end_the_start) == SIG_IGN) ::signal(signal, SIG_IGN);  // as its caller wants it
}

void hold_stop_signals() { change_mask(SIG_BLOCK, {SIGTERM, SIGINT}); }

void release_signals() { change_mask(SIG_UNBLOCK, {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT}); }

}  // namespace frontdoor
