#include "supervisor/instances/adopted_roles.h"

#include <algorithm>

namespace frontdoor {

// Nobody knows whether the new one had proved itself already. To take it for one that had would end the only one that is known
// to serve; to have it prove itself once more costs a probe.
std::vector<AdoptedRole> adopted_roles(const std::vector<bool>& as_config, bool wanted) {
  std::vector<AdoptedRole> roles(as_config.size(), AdoptedRole::Leaves);
  if (roles.empty()) return roles;
  const auto other = std::find(as_config.begin(), as_config.end(), false);
  const std::size_t serves = other == as_config.end() ? 0 : static_cast<std::size_t>(other - as_config.begin());
  roles[serves] = AdoptedRole::Serves;
  for (std::size_t youngest = as_config.size(); wanted && youngest-- > 0;) {
    if (youngest == serves || !as_config[youngest]) continue;
    roles[youngest] = AdoptedRole::Proves;
    break;
  }
  return roles;
}

}  // namespace frontdoor
