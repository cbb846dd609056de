// How many connections each client has open on one listener, for `max_connections_per_client`. Shared by the workers that
// accept there: clients are spread over them by chance, so that each counting alone would allow too few or too many. One
// small lock, twice in the life of a connection, and only where the limit is set.

#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "base/ip_address.h"

namespace frontdoor {

class ClientCounts {
 public:
  explicit ClientCounts(std::uint32_t limit) : limit_(limit) {}

  // One connection more; false, and not counted, when it would be too many.
  bool enter(const IpAddress& client);
  void leave(const IpAddress& client);
  void set_limit(std::uint32_t limit);  // a reload: for those that come from now on

 private:
  std::uint32_t limit_;
  std::mutex mutex_;
  std::map<IpAddress::Bytes, std::uint32_t> open_;  // no entry with 0
};

}  // namespace frontdoor
