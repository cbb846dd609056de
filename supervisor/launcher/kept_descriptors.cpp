#include "supervisor/launcher/kept_descriptors.h"

#include <utility>

namespace frontdoor {

namespace {

constexpr std::size_t kMostKept = 10'000;

}  // namespace

void KeptDescriptors::keep(const std::string& name, std::vector<OwnedFd> fds) {
  if (kept_.size() < kMostKept || kept_.contains(name)) kept_[name] = std::move(fds);
  if (!name.starts_with(kKeptListener)) return;
  taken_up_ = true;
  refuse_at_ = TimePoint::max();
}

// A front door that drops listeners has come as far as to know which it has.
void KeptDescriptors::drop(const std::string& name) {
  if (name.starts_with(kKeptListener)) refuse_at_ = TimePoint::max();
  kept_.erase(name);
}

// Again, before it took them up: the clients' time runs on.
void KeptDescriptors::front_door_crashed(TimePoint now) {
  if (std::exchange(taken_up_, false)) refuse_at_ = now + longest_wait_;
}

void KeptDescriptors::close_listeners() {
  refuse_at_ = TimePoint::max();
  std::erase_if(kept_, [](const auto& entry) { return entry.first.starts_with(kKeptListener); });
}

int KeptDescriptors::find(const std::string& name) const {
  const auto found = kept_.find(name);
  return found != kept_.end() && found->second.size() == 1 ? found->second.front().get() : -1;
}

std::vector<KeptSocket> KeptDescriptors::listeners() const {
  std::vector<KeptSocket> sockets;
  for (const auto& [name, fds] : kept_)
    if (name.starts_with(kKeptListener) && fds.size() == 1 && fds.front().valid())
      sockets.push_back({name, fds.front().get()});
  return sockets;
}

}  // namespace frontdoor
