// Host names as certificates and clients write them, and which of many certificates is for which. Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace frontdoor::tls {

// Lower case, without one trailing dot.
std::string normal_name(std::string_view name);

// Both normal. A wildcard is the whole first label, and stands for exactly one (RFC 9525 §6.3).
bool name_matches(std::string_view pattern, std::string_view name);
bool any_matches(const std::vector<std::string>& patterns, std::string_view host);  // `host` as it was sent, without port

// From a name to all that have it, in the order in which they were added: by the exact name, else by the wildcard.
class NameTable {
 public:
  void add(std::string_view name, std::size_t index);
  // `name` is normal. Null: nobody has it.
  const std::vector<std::size_t>* find(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::vector<std::size_t>> names_;
};

}  // namespace frontdoor::tls
