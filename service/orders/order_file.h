// The state file: what operators have ordered (balancer/orders.h), as JSON, so that it survives a restart. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "admin/steering.h"
#include "balancer/orders.h"

namespace frontdoor {

inline constexpr std::size_t kMostOrderFile = std::size_t{16} << 20;

struct OrderFile {
  Orders orders = {};
  std::string error = {};  // why nothing of it holds; "" = all of it does
};

std::string order_file_text(const Orders& orders);
// Nothing of a file that is broken in one place holds: half of what was ordered is not what anybody has ordered.
OrderFile parse_order_file(std::string_view text);

}  // namespace frontdoor
