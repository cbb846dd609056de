// Plain text assembly; what it says is in the schema's rows.

#include "config/reference.h"

#include "config/schema.h"
#include "config/suggest.h"
#include "config/units.h"

namespace frontdoor::config {
namespace {

using schema::Key;
using schema::Type;

constexpr std::string_view introduction = R"(# fd.toml: every key of frontdoor's config

<!-- Written from the schema in config/schema*.cpp. Do not edit: FRONTDOOR_UPDATE=1 config_test writes it anew. -->

A config is TOML. Every table is optional; what is left out has the default shown. `frontdoor check` reports every
mistake of the file at once, with its line; `frontdoor config show` prints the config with all defaults spelled out.

- **Durations** are text with a unit: `"250ms"`, `"2s"`, `"1.5s"`, `"1m"`, `"1h"`.
- **Sizes** are text with a unit: `"300B"`, `"8KB"` (8000 bytes), `"64KiB"` (65536 bytes), `"1MiB"`, and `"0"`.
- **Percentages** are text: `"20%"`.
- `${VAR}` and `${VAR:-default}` in any text are replaced from the environment; a plain `${` is written `$${`.
  A number or a boolean may be given this way too: `workers = "${WORKERS:-4}"`.
- A key belongs to the `[table]` above it, as TOML wants it. Keys for the top of the file, such as `listen`, stand
  above the first `[table]`.

The shortest config that does something:

```toml
listen = ":8080"

[pool.app]
upstreams = ["127.0.0.1:3000"]
```
)";

std::string code(std::string_view text) { return '`' + std::string(text) + '`'; }

std::string range_of(const Key& key) {
  const auto text = [&](std::int64_t value) {
    return key.type == Type::Size ? quote(format_size(static_cast<std::uint64_t>(value)))
                                  : std::to_string(value);
  };
  if (key.max == 0) return "";
  return ", " + text(key.min) + " to " + text(key.max);
}

std::string words_of(const Key& key) {
  std::string text;
  for (const auto word : key.words) text += (text.empty() ? "" : ", ") + code(quote(word));
  return text;
}

std::string type_of(const Key& key) {
  switch (key.type) {
    case Type::Duration:
      return "duration";
    case Type::Size:
      return "size" + range_of(key);
    case Type::Integer:
      return "integer" + range_of(key);
    case Type::IntegerOrAuto:
      return "`\"auto\"` or integer" + range_of(key);
    case Type::Share:
      return "number, 0.0 to 1.0";
    case Type::Percent:
      return "percentage";
    case Type::Text:
      return "text";
    case Type::Boolean:
      return "`true`, `false`";
    case Type::Word:
      return words_of(key);
    case Type::ListenAddress:
    case Type::UpstreamAddress:
      return "address";
    case Type::StatusRanges:
      return "statuses";
    case Type::RetryReasons:
    case Type::Protocols:
      return "list of words";
    case Type::Cidrs:
      return "list of addresses";
    case Type::Command:
      return "text or list of words";
    case Type::Names:
      return "list of texts";
    case Type::Patterns:
      return "list of patterns";
    case Type::Variables:
      return "table of texts";
    case Type::ResourceLimits:
      return "table of numbers, sizes, or texts";
    case Type::Count:
      return "`\"max\"` or integer" + range_of(key);
    case Type::Table:
      return "table";
    case Type::TableList:
      return "tables";
    case Type::NamedTables:
      return "named tables";
    case Type::TextOrTable:
      return "text or table";
    case Type::TextOrList:
      return "text or list of texts";
    case Type::CertificateList:
      return "list of tables";
    case Type::Shorthand:
      return "text";
    case Type::UpstreamList:
      return "list of addresses or tables";
  }
  return "";
}

void append_key(std::string& out, const Key& key) {
  const auto fallback = key.fallback.empty() ? std::string("–") : code(key.fallback);
  out +=
      "| " + code(key.name) + " | " + type_of(key) + " | " + fallback + " | " + std::string(key.doc) + " |\n";
}

void append_table(std::string& out, const schema::Table& table) {
  out +=
      "\n## " + (table.heading.empty() ? std::string("The top of the file") : code(table.heading)) + "\n\n";
  out += std::string(table.doc) + "\n";
  if (!table.same_keys_as.empty()) {
    out += "\nThe keys are those of " + code(table.same_keys_as) +
           "; what is left out is inherited.";
    const bool in_route = &table == &schema::route_timeouts;
    std::string without;
    for (const auto& key : table.keys)
      if (key.scope == schema::Scope::FileOnly || (in_route && key.scope == schema::Scope::NotInRoute))
        without += ' ' + code(key.name);
    if (&table == &schema::profile)  // not all of the pool's
      for (const auto& key : table.keys) without += (without.empty() ? " " : ", ") + code(key.name);
    if (&table == &schema::profile)
      out += " Possible here:" + without + ".\n";
    else
      out += " Without effect here:" + without + ".\n";
    return;
  }
  out += "\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const auto& key : table.keys) append_key(out, key);
}

}  // namespace

std::string reference_markdown() {
  std::string out(introduction);
  for (const auto* table : schema::tables()) append_table(out, *table);
  return out;
}

}  // namespace frontdoor::config
