#include "supervisor/launcher/upgrade_plan.h"

namespace frontdoor {

UpgradeStep UpgradePlan::end(UpgradeStep step) {
  *this = {};
  return step;
}

UpgradeStep UpgradePlan::asked(TimePoint now, Millis within) {
  if (under_way()) return UpgradeStep::Refuse;
  phase_ = Phase::Starting;
  over_at_ = now + within;
  return UpgradeStep::Start;
}

UpgradeStep UpgradePlan::prepared() {
  if (phase_ != Phase::Starting || prepared_ || killed_) return UpgradeStep::None;
  prepared_ = true;
  phase_ = alone_ ? Phase::TakingOver : Phase::Yielding;
  return alone_ ? UpgradeStep::HandOver : UpgradeStep::AskToYield;
}

// It may come behind the end of the one for which it was meant: then nobody has the instances.
UpgradeStep UpgradePlan::yielded() {
  if (phase_ == Phase::Quiet) return UpgradeStep::GiveBack;
  if (phase_ != Phase::Yielding) return UpgradeStep::None;
  phase_ = Phase::TakingOver;
  return UpgradeStep::HandOver;
}

// One that is as good as dead must not be left alone with the clients.
UpgradeStep UpgradePlan::ready() {
  return phase_ == Phase::TakingOver && !killed_ ? end(UpgradeStep::Dismiss) : UpgradeStep::None;
}

void UpgradePlan::has_been_killed() {
  over_at_ = TimePoint::max();
  killed_ = true;
}

UpgradeStep UpgradePlan::new_one_ended() {
  switch (phase_) {
    case Phase::Quiet: return UpgradeStep::None;
    case Phase::Starting:
    case Phase::Yielding: return end(UpgradeStep::GiveUp);
    case Phase::TakingOver: break;
  }
  return end(alone_ ? UpgradeStep::None : UpgradeStep::GiveBack);
}

UpgradeStep UpgradePlan::old_one_ended() {
  if (!under_way()) return UpgradeStep::None;
  alone_ = true;
  if (phase_ == Phase::TakingOver) return UpgradeStep::None;
  if (!prepared_) return UpgradeStep::None;  // it is handed over when the new one is as far
  phase_ = Phase::TakingOver;
  return UpgradeStep::HandOver;
}

}  // namespace frontdoor
