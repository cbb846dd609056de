#include "dashboard/live_document.h"

#include <utility>

#include "base/json.h"

namespace frontdoor {

namespace {

void append_member(std::string& to, std::string_view key, std::string_view json) {
  if (!to.empty()) to += ',';
  append_json_string(to, key);
  to.append(":").append(json);
}

}  // namespace

void LiveDocument::set(const std::string& key, std::string json) {
  Value& value = values_[key];
  value.picture = picture_;
  if (value.json == json) return;
  append_member(changes_, key, json);
  value.json = std::move(json);
}

std::string LiveDocument::finish() {
  std::string gone;
  std::erase_if(values_, [&](const auto& entry) {
    if (entry.second.picture == picture_) return false;
    if (!gone.empty()) gone += ',';
    append_json_string(gone, entry.first);
    return true;
  });
  std::string members;
  if (!changes_.empty()) members = "\"set\":{" + std::exchange(changes_, {}) + '}';
  if (!gone.empty()) members += (members.empty() ? "\"gone\":[" : ",\"gone\":[") + gone + ']';
  return members;
}

std::string LiveDocument::whole() const {
  std::string members;
  for (const auto& [key, value] : values_) append_member(members, key, value.json);
  return '{' + members + '}';
}

}  // namespace frontdoor
