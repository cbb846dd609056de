#include "tls/names.h"

#include <algorithm>

namespace frontdoor::tls {

std::string normal_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string normal(name);
  for (char& c : normal)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return normal;
}

bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern == name) return true;
  if (!pattern.starts_with("*.")) return false;
  const auto dot = name.find('.');
  return dot != 0 && dot != std::string_view::npos && name.substr(dot) == pattern.substr(1);
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view host) {
  const std::string name = normal_name(host);
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return name_matches(pattern, name); });
}

void NameTable::add(std::string_view name, std::size_t index) {
  auto& all = names_[std::string(name)];
  if (std::find(all.begin(), all.end(), index) == all.end()) all.push_back(index);
}

const std::vector<std::size_t>* NameTable::find(std::string_view name) const {
  if (const auto exact = names_.find(std::string(name)); exact != names_.end()) return &exact->second;
  const auto dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos) return nullptr;
  const auto wildcard = names_.find("*" + std::string(name.substr(dot)));
  return wildcard != names_.end() ? &wildcard->second : nullptr;
}

}  // namespace frontdoor::tls
