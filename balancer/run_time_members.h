// Which upstreams an operator has added to those of the config while the program runs, and which he has removed (ADR
// 0036). The config stays what the file says; this is joined with it when a snapshot is built. A config that comes later
// settles what has become pointless: an added one that it names is the config's from then on, a removed one that it does
// not name is gone anyway. Values; control thread.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "balancer/ordered_by.h"
#include "config/config.h"

namespace frontdoor {

struct AddedMember {
  config::Upstream upstream = {};
  OrderedBy by = {};
};

class RunTimeMembers {
 public:
  using Key = std::pair<std::string, std::string>;  // pool, and the address as it is written

  static constexpr std::size_t kMost = 1'000;  // added ones, of all pools

  static Key key_of(const std::string& pool, const config::Upstream& upstream) {
    return {pool, upstream.address.to_string()};
  }

  void add(const std::string& pool, AddedMember member);
  void forget_added(const Key& key) { added_.erase(key); }
  void remove(const Key& key, OrderedBy by) { removed_[key] = std::move(by); }
  void bring_back(const Key& key) { removed_.erase(key); }

  const std::map<Key, AddedMember>& added() const { return added_; }
  const std::map<Key, OrderedBy>& removed() const { return removed_; }
  bool empty() const { return added_.empty() && removed_.empty(); }

  // What there is to serve from: the file's upstreams without the removed ones, then the added ones.
  config::Config joined(const config::Config& config) const;

  enum class Why : std::uint8_t { ConfigNamesIt, ConfigNamesItNot, PoolIsGone };
  struct Settled {
    Key key;
    Why why;
    bool operator==(const Settled&) const = default;
  };
  // What would be forgotten under this config, and why.
  std::vector<Settled> pointless(const config::Config& config) const;
  void forget(const std::vector<Settled>& pointless);

 private:
  std::map<Key, AddedMember> added_;
  std::map<Key, OrderedBy> removed_;
};

// "the config names it now", …
const char* to_string(RunTimeMembers::Why why);

}  // namespace frontdoor
