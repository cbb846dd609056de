#include "admin/route.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace frontdoor {

namespace {

// "app:restart", but not "10.0.0.2:8080" or "unix:/run/app.sock".
bool ends_with_a_verb(std::string_view value) {
  const auto colon = value.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view word = value.substr(colon + 1);
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// What the placeholders stand for when the path is one of the pattern.
std::optional<AdminParameters> match(std::string_view pattern, const std::vector<std::string>& segments) {
  AdminParameters placeholders;
  for (const std::string& segment : segments) {
    if (pattern.empty()) return std::nullopt;
    pattern.remove_prefix(1);
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(wanted.size());
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return std::nullopt;
      continue;
    }
    const auto end = wanted.find('}');
    const std::string_view verb = wanted.substr(end + 1);  // with its colon
    if (!segment.ends_with(verb) || segment.size() == verb.size()) return std::nullopt;
    const std::string value = segment.substr(0, segment.size() - verb.size());
    if (ends_with_a_verb(value)) return std::nullopt;  // another one
    placeholders.emplace(wanted.substr(1, end - 1), value);
  }
  if (!pattern.empty()) return std::nullopt;
  return placeholders;
}

}  // namespace

std::string AdminRequest::parameter(std::string_view name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

bool AdminRequest::wants(std::string_view name) const {
  const auto found = parameters.find(name);
  return found != parameters.end() && found->second != "0" && found->second != "false";
}

AdminRoutes::Match AdminRoutes::find(std::string_view method, const std::vector<std::string>& segments) const {
  if (method == "HEAD") method = "GET";
  Match found;
  for (const AdminRoute& route : routes_) {
    auto placeholders = match(route.pattern, segments);
    if (!placeholders) continue;
    if (route.method == method) return {&route, std::move(*placeholders), ""};
    found.allowed += (found.allowed.empty() ? "" : ", ") + route.method;
  }
  return found;
}

}  // namespace frontdoor
