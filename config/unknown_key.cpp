// What to say about a key that is not in its table: a feature to come, a key of another table (TOML's trap:
// what stands below [pool.app] belongs to the pool), a misspelling, or nothing we know.

#include <algorithm>

#include "config/reader.h"
#include "config/suggest.h"

namespace frontdoor::config {
namespace {

// "[pool.NAME.retry]" -> "[pool.app.retry]"
std::string actual_heading(const schema::Table& table, std::string_view pool) {
  std::string heading(table.heading);
  const auto name = heading.find("NAME");
  if (name != std::string::npos && !pool.empty()) heading.replace(name, 4, pool);
  return heading;
}

// "[pool.app.retry" is inside of "[pool.app".
bool is_inside(std::string_view inner, std::string_view outer) {
  outer.remove_suffix(1);
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '.';
}

// The tables that have such a key, the nearest relatives first.
std::vector<const schema::Table*> owners_of(std::string_view key, const Place& place) {
  std::vector<const schema::Table*> owners;
  for (const auto* table : schema::tables())
    if (table != &place.table && table->find(key) != nullptr) owners.push_back(table);
  const auto is_child = [&](const schema::Table* table) {
    return is_inside(table->heading, place.table.heading);
  };
  const auto is_parent = [&](const schema::Table* table) {
    return is_inside(place.table.heading, table->heading);
  };
  for (const auto related :
       {+[](bool child, bool) { return child; }, +[](bool, bool parent) { return parent; }}) {
    std::vector<const schema::Table*> relatives;
    for (const auto* table : owners)
      if (related(!place.heading.empty() && is_child(table), !table->heading.empty() && is_parent(table)))
        relatives.push_back(table);
    if (!relatives.empty()) return relatives;
  }
  std::erase_if(owners, [](const schema::Table* table) { return !table->same_keys_as.empty(); });
  return owners;
}

std::string where_it_belongs(std::string_view key, const Place& place,
                             const std::vector<const schema::Table*>& owners) {
  const auto& owner = *owners.front();
  const std::string start = "unknown key " + quote(key) + " in " + place.heading + ": it belongs ";
  if (owner.heading.empty()) return start + "at the top of the file, above the first [table]";
  const auto heading = actual_heading(owner, place.pool);
  if (is_inside(place.table.heading, owner.heading))
    return start + "to " + heading + ", above " + place.heading;
  std::string text = start + "to " + heading;
  for (std::size_t i = 1; i < std::min<std::size_t>(owners.size(), 3); ++i)
    text += " or " + actual_heading(*owners[i], place.pool);
  return text;
}

std::string known_keys(const schema::Table& table) {
  const auto names = table.names();
  return names.size() > 15 ? "" : "; known here: " + quote_list(names, "and");
}

bool is_planned_anywhere(std::string_view key) {
  const auto all = schema::tables();
  return std::any_of(all.begin(), all.end(),
                     [&](const schema::Table* table) { return table->is_planned(key); });
}

}  // namespace

std::string unknown_key(std::string_view key, const Place& place) {
  if (place.table.is_planned(key)) return quote(key) + " is not supported by this version of frontdoor";
  const auto owners = owners_of(key, place);
  const auto heading = place.heading.empty() ? "" : " in " + place.heading;
  if (!owners.empty() && !place.heading.empty()) return where_it_belongs(key, place, owners);
  if (const auto meant = nearest(key, place.table.names()))
    return "unknown key " + quote(key) + ", did you mean " + quote(*meant) + "?";
  if (!owners.empty())
    return "unknown key " + quote(key) + " at the top of the file: it belongs to " +
           actual_heading(*owners.front(), place.pool);
  if (is_planned_anywhere(key)) return quote(key) + " is not supported by this version of frontdoor";
  return "unknown key " + quote(key) + heading + known_keys(place.table);
}

}  // namespace frontdoor::config
