#include "balancer/hold_rules.h"

#include <algorithm>
#include <bit>

namespace frontdoor {
namespace {

constexpr std::size_t kFirstStep = 32;
constexpr Millis kStep{50};
constexpr std::int64_t kLongest = 60;

}  // namespace

bool worth_holding(const PoolOutlook& outlook, const config::Hold& hold) {
  if (hold.timeout == Millis{0}) return false;
  return outlook.up || outlook.undecided || outlook.down_for <= hold.give_up;
}

std::uint32_t retry_after_seconds(const PoolOutlook& outlook) {
  if (outlook.up || outlook.undecided) return 1;
  const Duration left = outlook.usual_outage > outlook.down_for ? outlook.usual_outage - outlook.down_for
                                                                : outlook.down_for;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, kLongest));
}

Duration ramp_delay(std::size_t ahead) { return kStep * std::bit_width(ahead / kFirstStep); }

}  // namespace frontdoor
