// The walk over one table: every key of the file is looked up in the schema, never the other way round, so
// nothing is overlooked.

#include "config/reader.h"

#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {

using Kind = Value::Kind;

void read_plain_keys(const Value& value, const Place& place, schema::Object object, Reader& reader) {
  for (const auto& entry : value.entries) {
    const auto* key = place.table.find(entry.key);
    if (key == nullptr)
      reader.diagnostics.error(entry.at, unknown_key(entry.key, place));
    else if (!key->is_structure())
      read_value(*key, entry.value, key->slot(object), reader.diagnostics);
  }
}

void read_timeouts(const Value& value, const Place& place, schema::Scope not_here, Timeouts& timeouts,
                   Reader& reader) {
  read_plain_keys(value, place, &timeouts, reader);
  for (const auto& entry : value.entries) {
    const auto* key = place.table.find(entry.key);
    if (key == nullptr) continue;
    if (key->scope == schema::Scope::FileOnly)
      reader.diagnostics.warning(entry.at, quote(entry.key) + " has no effect in " + place.heading +
                                               ": it holds for the whole program, in [timeouts]");
    else if (key->scope == schema::Scope::NotInRoute && not_here == schema::Scope::NotInRoute)
      reader.diagnostics.warning(entry.at, quote(entry.key) + " has no effect in " + place.heading +
                                               ": idle connections belong to the pool");
  }
}

bool is_table(const Value& value, std::string_view key, std::string_view form, Reader& reader) {
  if (value.is(Kind::Table)) return true;
  if (value.is(Kind::List) && !value.items.empty() && value.items.front().is(Kind::Table))
    reader.diagnostics.error(
        value.at, quote(key) + " is one table: write " + std::string(form) + " once, with single brackets");
  else
    wrong_type(key, "a table " + std::string(form), value, reader.diagnostics);
  return false;
}

}  // namespace frontdoor::config
