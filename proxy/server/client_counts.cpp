#include "proxy/server/client_counts.h"

namespace frontdoor {

namespace {

// An IPv6 client has at least a whole /64 to itself, and could come from another address each time.
IpAddress::Bytes key_of(const IpAddress& client) {
  return client.is_v4() ? client.bytes() : client.masked(64).bytes();
}

}  // namespace

bool ClientCounts::enter(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = open_.try_emplace(key_of(client), 0u);
  if (entry->second >= limit_) return false;
  ++entry->second;
  return true;
}

void ClientCounts::leave(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  const auto entry = open_.find(key_of(client));
  if (--entry->second == 0) open_.erase(entry);
}

void ClientCounts::set_limit(std::uint32_t limit) {
  const std::lock_guard lock(mutex_);
  limit_ = limit;
}

}  // namespace frontdoor
