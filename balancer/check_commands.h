// How health has a command run that tells whether an upstream is well, without knowing who starts processes: the
// supervisor does. Control thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "balancer/upstream.h"
#include "base/time.h"

namespace frontdoor {

// One run.
struct CheckCommand {
  std::shared_ptr<const Upstream> upstream = {};
  std::vector<std::string> command = {};  // argv
  Millis timeout{1'000};                  // from its start on; waiting for a place does not count
  std::uint16_t port = 0;                 // what it is to look at, where that is not the traffic's; 0 = that one
};

struct CheckCommandResult {
  enum class End : std::uint8_t {
    Passed,    // exit status 0
    Failed,    // any other, or a signal
    TimedOut,  // it was killed with all that it had started
    NotRun,    // nothing was learned: no process, no such command
  };
  End end = End::Passed;
  std::string detail = {};  // of what did not pass, in our words
  std::string words = {};   // what it wrote last itself: for those who are told what apps write
  Duration took{};          // from its start on
};

class CheckCommands {
 public:
  virtual ~CheckCommands() = default;
  // `done` is called once, later and never from in here; not after cancel(). Returns what cancel() takes.
  virtual std::uint64_t start(CheckCommand what, std::function<void(const CheckCommandResult&)> done) = 0;
  // It is ended with all that it has started; one that is unknown has ended.
  virtual void cancel(std::uint64_t run) = 0;
};

}  // namespace frontdoor
