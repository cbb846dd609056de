// Whether and when an instance that has ended is started again. Pure: no process, no clock.
//
//             ended                      lived for reset_after
//   running ─────────► pause ─► running ───────────────────────► the next pause is the shortest again
//                        │ crash_loop_after short lives in a row
//                        ▼
//                   crash loop: the longest pause between two starts, never given up

#pragma once

#include <cstdint>

#include "base/time.h"
#include "config/config.h"
#include "supervisor/launcher/process_end.h"

namespace frontdoor {

struct RestartDecision {
  enum class What : std::uint8_t {
    StartAgain,  // after `pause`
    Stay,        // the policy says that it is done
  };
  What what = What::StartAgain;
  Duration pause{};
  bool crash_loop = false;
};

class RestartPolicy {
 public:
  explicit RestartPolicy(const config::Restart& settings) : settings_(settings) {}

  // `lived`: since it was ready; zero when it never was. `random`: in [0, 1), so that instances that died
  // together do not start in one moment.
  RestartDecision ended(const ProcessEnd& end, Duration lived, double random);
  // It could not be started at all: no such command, no memory.
  RestartDecision failed_to_start(double random);
  void set_rules(const config::Restart& settings) { settings_ = settings; }
  // Somebody asked for it, or the command changed: what was held against it is forgotten.
  void forgive() { short_lives_ = 0; }

  std::uint32_t short_lives() const { return short_lives_; }

 private:
  RestartDecision start_again(double random);

  config::Restart settings_;
  std::uint32_t short_lives_ = 0;  // in a row
};

}  // namespace frontdoor
