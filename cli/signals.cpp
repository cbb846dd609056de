#include "cli/signals.h"

#include <csignal>

namespace frontdoor {

namespace {

void change_mask(int how) {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : {SIGHUP, SIGUSR1}) sigaddset(&held, signal);
  ::pthread_sigmask(how, &held, nullptr);
}

}  // namespace

void hold_signals() { change_mask(SIG_BLOCK); }
void release_signals() { change_mask(SIG_UNBLOCK); }

}  // namespace frontdoor
