// What the launcher does next while one front door takes another one's place: the new one proves that it can serve, the
// old one lets go of the instances, the new one takes them, serves, and only then the old one is dismissed. Whatever ends
// before that leaves the old one serving, with the instances. No process and no clock. The launcher's.
//
//   Quiet ── asked ──► Starting ── prepared ──► Yielding ── yielded ──► TakingOver ── ready ──► Quiet
//     ▲                   │                        │                       │
//     ├───── ended ───────┴────────────────────────┘                       │
//     │      (the old one has never stopped)                               │
//     └───── ended: the old one gets the instances back ───────────────────┘
//
// When the old one ends by itself meanwhile, the new one need not wait for its word, and has nobody behind it.

#pragma once

#include <cstdint>

#include "base/time.h"

namespace frontdoor {

enum class UpgradeStep : std::uint8_t {
  None,
  Start,      // a new front door, beside the one that serves
  Refuse,     // another upgrade is under way
  AskToYield,
  HandOver,   // the new one has the instances from now on
  Dismiss,    // the old one
  GiveUp,     // tell the old one why
  GiveBack,   // the same, and the instances, which it has let go of
};

class UpgradePlan {
 public:
  bool under_way() const { return phase_ != Phase::Quiet; }
  bool starting() const { return phase_ == Phase::Starting || phase_ == Phase::Yielding; }
  bool taking_over() const { return phase_ == Phase::TakingOver; }
  TimePoint over_at() const { return over_at_; }  // then the new one is killed

  UpgradeStep asked(TimePoint now, Millis within);
  UpgradeStep prepared();
  UpgradeStep yielded();
  UpgradeStep ready();
  UpgradeStep new_one_ended();
  UpgradeStep old_one_ended();
  // What it has said before, and is heard of only now, counts no more.
  void has_been_killed();

 private:
  enum class Phase : std::uint8_t { Quiet, Starting, Yielding, TakingOver };
  UpgradeStep end(UpgradeStep step);

  Phase phase_ = Phase::Quiet;
  bool prepared_ = false;
  bool alone_ = false;  // the old one has ended
  bool killed_ = false;
  TimePoint over_at_ = TimePoint::max();
};

}  // namespace frontdoor
