#include "proxy/access_log/access_fields.h"

#include <algorithm>

namespace frontdoor {

std::vector<AccessField> access_fields(const std::vector<std::string>& names) {
  std::vector<AccessField> fields;
  for (const std::string& name : names) {
    const auto& all = config::access_log_fields;
    const auto found = std::find(all.begin(), all.end(), name);
    if (found != all.end()) fields.push_back(static_cast<AccessField>(found - all.begin()));
  }
  return fields;
}

}  // namespace frontdoor
