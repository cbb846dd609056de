#include "balancer/orders.h"

#include <algorithm>

namespace frontdoor {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An instance's next process has another address, and the order is about the instance.
bool is_instance(std::string_view lasting, std::string_view pool) {
  return lasting.size() > pool.size() + 1 && lasting.starts_with(pool) && lasting[pool.size()] == '.' &&
         is_number(lasting.substr(pool.size() + 1));
}

}  // namespace

const char* to_string(Order order) {
  switch (order) {
    case Order::Ready:
      return "ready";
    case Order::Drain:
      return "drain";
    case Order::Maintenance:
      return "maintenance";
  }
  return "ready";
}

std::string_view lasting_name(std::string_view upstream) { return upstream.substr(0, upstream.find(" (")); }

const UpstreamOrder* Orders::find(const std::string& pool, const std::string& upstream) const {
  auto found = upstreams_.find({pool, upstream});
  if (found == upstreams_.end()) found = upstreams_.find({pool, std::string(lasting_name(upstream))});
  return found == upstreams_.end() ? nullptr : &found->second;
}

std::shared_ptr<const PoolMaintenance> Orders::maintenance(const std::string& pool) const {
  const auto found = pools_.find(pool);
  return found == pools_.end() ? nullptr : found->second;
}

void Orders::forget(const Key& key) {
  const std::string below = key.second + " (";
  std::erase_if(upstreams_, [&](const auto& each) {
    return each.first.first == key.first && each.first.second.starts_with(below);
  });
  upstreams_.erase(key);
}

void Orders::set(const Key& key, UpstreamOrder order) {
  forget(key);
  const bool nothing = order.order == Order::Ready && !order.weight;
  // One address may be ready while its name is not.
  if (!nothing || find(key.first, key.second) != nullptr) upstreams_[key] = std::move(order);
}

void Orders::set_maintenance(const std::string& pool, std::shared_ptr<const PoolMaintenance> maintenance) {
  if (maintenance)
    pools_[pool] = std::move(maintenance);
  else
    pools_.erase(pool);
}

OrderSubject find_order_subject(std::string_view word, const std::string& pool, const std::vector<std::string>& names) {
  OrderSubject subject;
  const std::string instance = is_number(word) ? pool + '.' + std::string(word) : "";
  for (const std::string& name : names) {
    const std::string_view lasting = lasting_name(name);
    if (name == word) return {std::string(is_instance(lasting, pool) ? lasting : word), {name}};
    if (lasting != word && lasting != instance) continue;
    subject.key = lasting;
    subject.upstreams.push_back(name);
  }
  if (!subject.key.empty() || word.size() < 2 || word[0] != ':' || !is_number(word.substr(1))) return subject;
  for (const std::string& name : names) {
    if (!lasting_name(name).ends_with(word) && !name.ends_with(std::string(word) + ')')) continue;
    if (!subject.key.empty()) return {};
    subject = {std::string(lasting_name(name)), {name}};
  }
  return subject;
}

}  // namespace frontdoor
