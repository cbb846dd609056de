// Shared objects by key over reloads: what the newest configuration names is kept alive, what it no longer
// names is found again for as long as somebody else still uses it. A request in flight holds its upstream,
// and that upstream's counts must not be forgotten because the file named it not, and then again. Control
// thread.

#pragma once

#include <map>
#include <memory>
#include <utility>

namespace frontdoor {

template <class Key, class T>
class Remembered {
 public:
  using Named = std::map<Key, std::shared_ptr<T>>;
  enum class From : std::uint8_t { Nowhere, Newest, Earlier };
  struct Found {
    std::shared_ptr<T> object;  // null when it is nowhere
    From from = From::Nowhere;  // Earlier: it was dropped meanwhile
  };

  Found find(const Key& key) const {
    if (const auto known = named_.find(key); known != named_.end()) return {known->second, From::Newest};
    const auto dropped = dropped_.find(key);
    auto object = dropped == dropped_.end() ? nullptr : dropped->second.lock();
    return {object, object ? From::Earlier : From::Nowhere};
  }

  // `named` is what the newest configuration names.
  void replace(Named named) {
    for (auto& [key, object] : named_) dropped_[key] = object;
    named_ = std::move(named);
    std::erase_if(dropped_,
                  [&](const auto& entry) { return entry.second.expired() || named_.contains(entry.first); });
  }

 private:
  Named named_;
  std::map<Key, std::weak_ptr<T>> dropped_;
};

}  // namespace frontdoor
