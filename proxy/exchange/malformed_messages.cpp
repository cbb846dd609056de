#include "proxy/exchange/malformed_messages.h"

#include <algorithm>
#include <new>
#include <utility>

namespace frontdoor {

void MalformedMessages::note(std::string_view upstream, std::string_view outcome, std::string_view detail) {
  const std::lock_guard lock(mutex_);
  const auto known = [&](std::string_view up, std::string_view how, std::string_view why) {
    return std::find_if(kinds_.begin(), kinds_.end(), [&](const Kind& kind) {
      return kind.upstream == up && kind.outcome == how && kind.detail == why;
    });
  };
  auto kind = known(upstream, outcome, detail);
  if (kind == kinds_.end() && kinds_.size() >= kMostKinds) {
    kind = known("", "", "");
    upstream = outcome = detail = {};
  }
  if (kind == kinds_.end()) {
    try {
      kind = kinds_.insert(kind, {std::string(upstream), outcome, detail});
    } catch (const std::bad_alloc&) {
      return;  // who notes it is often a connection that ends for want of memory, where nobody would catch this
    }
  }
  ++kind->count;
}

std::vector<MalformedMessages::Kind> MalformedMessages::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(kinds_, {});
}

}  // namespace frontdoor
