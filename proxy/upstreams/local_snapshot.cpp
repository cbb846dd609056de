#include "proxy/upstreams/local_snapshot.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace frontdoor {

LocalUpstream::LocalUpstream(std::shared_ptr<Upstream> upstream, unsigned worker_index, EventLoop& loop)
    : shared(std::move(upstream)), worker(worker_index), loop_(loop) {}

std::shared_ptr<LocalUpstream> LocalUpstream::create(std::shared_ptr<Upstream> upstream, unsigned worker,
                                                     EventLoop& loop) {
  const std::shared_ptr<LocalUpstream> local(new LocalUpstream(std::move(upstream), worker, loop));
  // Not before a shared_ptr owns it: from here on another thread may ask for a weak_ptr.
  local->shared->subscribe(*local);
  return local;
}

LocalUpstream::~LocalUpstream() {
  shared->unsubscribe(*this);
  while (!idle.empty()) delete &idle.pop_front();
}

void LocalUpstream::went_down(std::uint64_t incarnation, DownCause cause) {
  loop_.post([weak = weak_from_this(), incarnation, cause] {
    if (const auto local = weak.lock()) local->evict(incarnation, cause);
  });
}

void LocalUpstream::evict(std::uint64_t incarnation, DownCause cause) {
  // It may be up again already, with connections of its new life before those of the old one.
  while (!idle.empty() && idle.back().incarnation() <= incarnation) delete &idle.back();
  for_each_on_it([&](OnUpstream& exchange) { exchange.upstream_went_down(incarnation, cause); });
  drain_.reset();
  shared->acknowledge(*this);
}

void LocalUpstream::drains(TimePoint from, TimePoint until) {
  loop_.post([weak = weak_from_this(), from, until] {
    if (const auto local = weak.lock()) local->begin_drain({from, until});
  });
}

void LocalUpstream::begin_drain(const DrainWindow& window) {
  std::size_t websockets = 0;
  for_each_on_it([&](const OnUpstream& exchange) { websockets += exchange.is_websocket() ? 1 : 0; });
  drain_.emplace(window, websockets);
  for_each_on_it([&](OnUpstream& exchange) { exchange.upstream_drains(*drain_); });
  shared->acknowledge(*this);
}

void LocalUpstream::set_named(bool named) {
  if (named && !named_) drain_.reset();  // it is back
  named_ = named;
  if (named) return;
  while (!idle.empty()) delete &idle.pop_front();
}

void LocalUpstream::set_approach(const Pool& pool, const Member& as) {
  const Address& address = shared->address();
  send_proxy = pool.send_proxy;
  const bool http2 = pool.protocol != config::UpstreamProtocol::Http1;
  const bool otherwise = std::exchange(speaks_http2, http2) != http2;
  // A remote site serves what is asked for by its own name.
  host = as.host.empty() && address.tls ? address.host_field() : as.host;
  if (!address.tls && !otherwise) return;
  std::string name = pool.server_name.empty() ? address.host : pool.server_name;
  if (!otherwise && tls == pool.tls && server_name == name) return;
  if (address.tls) tls = pool.tls, server_name = std::move(name);
  ++trust_;
  tls_sessions.forget();
  while (!idle.empty()) delete &idle.pop_front();
}

void LocalPool::add(std::shared_ptr<LocalUpstream> upstream, const frontdoor::Member& as) {
  upstream->set_approach(pool_, as);
  tiered_ = tiered_ || (!members_.empty() && members_.front().priority != as.priority);
  members_.push_back({std::move(upstream), as.weight, as.priority});
}

bool LocalPool::takes_requests(const Member& member) const {
  const Upstream& upstream = *member.upstream->shared;
  return is_up(member) && (!pool_.limits_in_flight || upstream.has_slot());
}

namespace {

bool contains(std::span<LocalUpstream* const> tried, const LocalUpstream* upstream) {
  return std::find(tried.begin(), tried.end(), upstream) != tried.end();
}

}  // namespace

// The lowest number of those that are up, less those that were tried. One that is up and full keeps its place: then
// requests wait for it, and do not go to a site that is there for its absence.
std::uint32_t LocalPool::tier(std::span<LocalUpstream* const> tried) const {
  std::uint32_t lowest = kNoTier;
  for (const Member& member : members_)
    if (member.priority < lowest && member.weight != 0 && is_up(member) && !contains(tried, member.upstream.get()))
      lowest = member.priority;
  return lowest;
}

LocalUpstream* LocalPool::choose(std::span<LocalUpstream* const> tried, bool untried_only) {
  const auto weight = [&](std::size_t i) { return members_[i].weight; };
  std::uint32_t now_in = tiered_ ? tier(tried) : kNoTier;
  const auto up = [&](std::size_t i) {
    return (!tiered_ || members_[i].priority == now_in) && takes_requests(members_[i]);
  };
  const auto untried = [&](std::size_t i) { return up(i) && !contains(tried, members_[i].upstream.get()); };
  auto chosen = rotation_.pick(members_.size(), weight, untried);
  if (chosen || tried.empty() || untried_only) return chosen ? members_[*chosen].upstream.get() : nullptr;
  if (tiered_) now_in = tier(tried.last(1));
  const auto not_the_last = [&](std::size_t i) { return up(i) && members_[i].upstream.get() != tried.back(); };
  chosen = rotation_.pick(members_.size(), weight, not_the_last);
  if (!chosen) {
    if (tiered_) now_in = tier({});
    chosen = rotation_.pick(members_.size(), weight, up);
  }
  return chosen ? members_[*chosen].upstream.get() : nullptr;
}

LocalUpstream* LocalPool::pick(std::span<LocalUpstream* const> tried, bool untried_only) {
  for (;;) {
    LocalUpstream* const chosen = choose(tried, untried_only);
    // Another worker may have taken the last slot meanwhile; then that one is full and the next choice another.
    if (!chosen || !pool_.limits_in_flight || chosen->shared->take_slot()) return chosen;
  }
}

bool LocalPool::has_another(std::span<LocalUpstream* const> tried) const {
  const std::uint32_t now_in = tiered_ ? tier(tried) : kNoTier;
  return std::any_of(members_.begin(), members_.end(), [&](const Member& member) {
    if (tiered_ && member.priority != now_in) return false;
    return member.weight != 0 && takes_requests(member) && !contains(tried, member.upstream.get());
  });
}

bool LocalPool::has_untried(std::span<LocalUpstream* const> tried) const {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& member) {
    return member.weight != 0 && is_up(member) && !contains(tried, member.upstream.get());
  });
}

void LocalPool::carry_on(const LocalPool& before) {
  std::map<const LocalUpstream*, std::int64_t> credits;
  for (std::size_t i = 0; i < before.members_.size(); ++i)
    credits.try_emplace(before.members_[i].upstream.get(), before.rotation_.credit(i));
  std::vector<std::optional<std::int64_t>> carried;
  std::int64_t total_weight = 0;
  for (const Member& member : members_) {
    const auto known = credits.find(member.upstream.get());
    carried.push_back(known == credits.end() ? std::nullopt : std::optional(known->second));
    total_weight += member.weight;
  }
  rotation_.resume(carried, total_weight);
}

std::uint32_t LocalPool::priority(const LocalUpstream& of) const {
  const auto is = [&](const Member& member) { return member.upstream.get() == &of; };
  const auto found = std::find_if(members_.begin(), members_.end(), is);
  return found == members_.end() ? kNoTier : found->priority;
}

bool LocalPool::has_several() const {
  const LocalUpstream* first = nullptr;
  for (const Member& member : members_) {
    const LocalUpstream* const upstream = member.upstream.get();
    if (!is_up(member) || upstream == first) continue;
    if (first) return true;
    first = upstream;
  }
  return false;
}

void LocalPool::report_requests(TimePoint now) {
  if (requests_ == 0) return;
  pool_.memory->retries.add_requests(requests_, now);
  pool_.memory->traffic.add_requests(requests_);
  requests_ = 0;
}

LocalSnapshot::LocalSnapshot(std::shared_ptr<const Snapshot> shared, unsigned worker, Known& known, EventLoop& loop,
                             const LocalSnapshot* before)
    : shared_(std::move(shared)), worker_(worker) {
  std::erase_if(known, [](const auto& entry) { return entry.second.expired(); });
  std::map<const PoolMemory*, const LocalPool*> rotations;
  if (before)
    for (const LocalPool& pool : before->pools_) rotations[pool.pool().memory.get()] = &pool;
  std::set<const Upstream*> named;
  pools_.reserve(shared_->pools.size());
  for (const Pool& pool : shared_->pools) {
    LocalPool& local = pools_.emplace_back(pool, worker);
    for (const Member& member : pool.members) {
      // What an operator has taken out is to this worker as if the config did not name it.
      if (member.order != Order::Ready) {
        if (const auto before_order = known.find(member.upstream.get()); before_order != known.end())
          if (const auto local_upstream = before_order->second.lock()) local_upstream->set_out(true);
        continue;
      }
      auto& remembered = known[member.upstream.get()];
      auto upstream = remembered.lock();
      if (!upstream) remembered = upstream = LocalUpstream::create(member.upstream, worker, loop);
      upstream->set_named(true);
      upstream->set_out(false);
      named.insert(member.upstream.get());
      local.add(std::move(upstream), member);
    }
    if (const auto rotation = rotations.find(pool.memory.get()); rotation != rotations.end())
      local.carry_on(*rotation->second);
  }
  for (const auto& [upstream, remembered] : known) {
    if (named.contains(upstream)) continue;
    if (const auto local = remembered.lock()) local->set_named(false);
  }
}

}  // namespace frontdoor
