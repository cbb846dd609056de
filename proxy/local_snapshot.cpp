#include "proxy/local_snapshot.h"

#include <algorithm>

#include "proxy/h1_upstream_connection.h"

namespace frontdoor {

LocalUpstream::LocalUpstream(std::shared_ptr<Upstream> upstream, unsigned worker_index)
    : shared(std::move(upstream)), worker(worker_index) {}

LocalUpstream::~LocalUpstream() {
  while (!idle.empty()) delete &idle.pop_front();
}

LocalUpstream* LocalPool::pick(std::span<LocalUpstream* const> tried) {
  const auto weight = [&](std::size_t i) { return members_[i].weight; };
  const auto up = [&](std::size_t i) { return members_[i].upstream->shared->available(); };
  const auto untried = [&](std::size_t i) {
    return up(i) && std::find(tried.begin(), tried.end(), members_[i].upstream.get()) == tried.end();
  };
  auto chosen = rotation_.pick(members_.size(), weight, untried);
  if (!chosen && !tried.empty()) chosen = rotation_.pick(members_.size(), weight, up);
  return chosen ? members_[*chosen].upstream.get() : nullptr;
}

LocalSnapshot::LocalSnapshot(std::shared_ptr<const Snapshot> shared, unsigned worker, Known& known)
    : shared_(std::move(shared)) {
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
  pools_.reserve(shared_->pools.size());
  for (const Pool& pool : shared_->pools) {
    LocalPool& local = pools_.emplace_back(pool, worker);
    for (const Member& member : pool.members) {
      auto& remembered = known[member.upstream.get()];
      auto upstream = remembered.lock();
      if (!upstream) remembered = upstream = std::make_shared<LocalUpstream>(member.upstream, worker);
      local.add(std::move(upstream), member.weight);
    }
  }
}

}  // namespace frontdoor
