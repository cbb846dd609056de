#include "service/files/config_diff.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/show.h"

namespace frontdoor {

namespace {

struct ShownKey {
  std::string name;
  std::string value;
  std::vector<std::string> items;  // of a list over several lines
};

struct ShownSection {
  std::string title;  // "[pool.app]", "[[listener]] :8080"; "" = above the first
  std::vector<ShownKey> keys;

  const ShownKey* find(const std::string& name) const {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const ShownKey& key) { return key.name == name; });
    return found == keys.end() ? nullptr : &*found;
  }
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == ',')) text.remove_suffix(1);
  return std::string(text);
}

// What tells one of a list of tables from the others.
std::string identity(const ShownSection& section) {
  std::string words;
  for (const char* const name : {"name", "host", "path", "pool"})
    if (const ShownKey* const key = section.find(name); key && key->value != "\"\"") words += ' ' + key->value;
  if (section.title == "[[listener]]")
    if (const ShownKey* const address = section.find("address")) words = ' ' + address->value;
  return words;
}

// Of the text that `config show` writes, and no other.
std::vector<ShownSection> sections_of(const std::string& text) {
  std::vector<ShownSection> sections(1);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    std::vector<ShownKey>& keys = sections.back().keys;
    if (line.empty() || line == "]") continue;
    if (line.front() == '[') {
      sections.push_back({std::string(line), {}});
    } else if (line.front() == ' ' && !keys.empty()) {
      keys.back().items.push_back(trimmed(line));
    } else if (const auto equals = line.find(" = "); equals != std::string_view::npos) {
      keys.push_back({std::string(line.substr(0, equals)), std::string(line.substr(equals + 3)), {}});
    }
  }
  std::vector<std::string> titles;
  std::string above;  // what tells the last [[table]] from its like: the tables below it are told apart by that too
  for (ShownSection& section : sections) {
    if (section.title.starts_with("[listener.") || section.title.starts_with("[route.")) section.title += above;
    if (!section.title.starts_with("[[")) continue;
    above = identity(section);
    section.title += above;
    const auto same = std::count(titles.begin(), titles.end(), section.title);
    titles.push_back(section.title);
    if (same == 0) continue;
    const std::string number = " (" + std::to_string(same + 1) + ')';
    section.title += number;
    above += number;
  }
  return sections;
}

bool is_secret(std::string_view section, std::string_view key) {
  if (section.ends_with(".env]") || key == "env") return true;
  constexpr std::array secret = {std::string_view("token"), std::string_view("password"), std::string_view("secret")};
  return std::any_of(secret.begin(), secret.end(), [&](auto word) { return key.find(word) != key.npos; });
}

// "[pool.app.retry]" is below "[pool.app]", "[listener.tls] :443" below "[[listener]] :443": their own lines say enough.
bool is_below(const std::string& title, const std::string& above) {
  if (!above.starts_with("[[")) return above.size() > 1 && title.starts_with(above.substr(0, above.size() - 1) + '.');
  const auto name_ends = above.find("]]");
  const auto ends = title.find(']');
  return title.starts_with(above.substr(1, name_ends - 1) + '.') && ends != title.npos &&
         title.substr(ends + 1) == above.substr(name_ends + 2);
}

bool is_below_one_of(const std::string& title, const std::vector<std::string>& titles) {
  return std::any_of(titles.begin(), titles.end(), [&](const std::string& above) { return is_below(title, above); });
}

void compare_items(const ShownKey& before, const ShownKey& after, const std::string& where, bool secret,
                   std::vector<std::string>& changes) {
  const auto missing = [](const std::string& item, const std::vector<std::string>& in) {
    return std::find(in.begin(), in.end(), item) == in.end();
  };
  const std::size_t known = changes.size();
  for (const std::string& item : before.items)
    if (missing(item, after.items)) changes.push_back(where + ": - " + (secret ? "***" : item));
  for (const std::string& item : after.items)
    if (missing(item, before.items)) changes.push_back(where + ": + " + (secret ? "***" : item));
  if (changes.size() == known && before.items != after.items) changes.push_back(where + ": in another order");
}

void compare_keys(const ShownSection& before, const ShownSection& after, std::vector<std::string>& changes) {
  const std::string prefix = after.title.empty() ? "" : after.title + ' ';
  const ShownKey nothing;
  for (const ShownKey& key : after.keys) {
    const ShownKey* const old = before.find(key.name);
    const bool secret = is_secret(after.title, key.name);
    const std::string where = prefix + key.name;
    if (!key.items.empty() || (old && !old->items.empty())) {
      compare_items(old ? *old : nothing, key, where, secret, changes);
    } else if (!old) {
      changes.push_back(where + ": " + (secret ? "*** (new)" : key.value + " (new)"));
    } else if (old->value != key.value) {
      changes.push_back(where + ": " + (secret ? "*** (another)" : old->value + " -> " + key.value));
    }
  }
  for (const ShownKey& key : before.keys)
    if (after.find(key.name) == nullptr) changes.push_back(prefix + key.name + ": gone");
}

}  // namespace

std::vector<std::string> config_changes(const config::Config& before, const config::Config& after) {
  const std::vector<ShownSection> old = sections_of(config::show(before));
  const std::vector<ShownSection> fresh = sections_of(config::show(after));
  const auto find = [](const std::vector<ShownSection>& in, const std::string& title) {
    return std::find_if(in.begin(), in.end(), [&](const ShownSection& section) { return section.title == title; });
  };
  std::vector<std::string> changes, whole;
  for (const ShownSection& section : fresh) {
    const auto known = find(old, section.title);
    if (known != old.end()) {
      compare_keys(*known, section, changes);
    } else if (!is_below_one_of(section.title, whole)) {
      changes.push_back("+ " + section.title);
      whole.push_back(section.title);
    }
  }
  for (const ShownSection& section : old) {
    if (find(fresh, section.title) != fresh.end() || is_below_one_of(section.title, whole)) continue;
    changes.push_back("- " + section.title);
    whole.push_back(section.title);
  }
  // What is never shown looks the same whatever it is.
  const auto compare_secrets = [&](const char* name, const std::string& then, const std::string& now) {
    if (then != now && !then.empty() && !now.empty()) changes.push_back(std::string("[admin] ") + name + ": *** (another)");
  };
  compare_secrets("token", before.admin.token, after.admin.token);
  compare_secrets("webhook", before.admin.webhook, after.admin.webhook);
  compare_secrets("webhook_token", before.admin.webhook_token, after.admin.webhook_token);
  return changes;
}

}  // namespace frontdoor
