// A TOML text as a tree in which every value knows its place and tables keep the file's order (toml++ sorts
// them). Everything behind this header is free of toml++, which costs 2.5 s to include. Control thread.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"

namespace frontdoor::config {

struct Entry;

struct Value {
  enum class Kind : std::uint8_t { Invalid, Text, Integer, Float, Boolean, Date, List, Table };

  Kind kind = Kind::Invalid;  // Invalid: already reported, readers stay silent
  bool substituted = false;   // Text: a ${VAR} was replaced, so numbers may be meant
  bool boolean = false;
  Position at = {};
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<Value> items;
  std::vector<Entry> entries;

  // Out of line: here a Value cannot be destroyed yet, since Entry is incomplete.
  static Value invalid(Position at);
  static Value empty_table(Position at);

  const Value* find(std::string_view key) const;
  bool is(Kind k) const { return kind == k; }
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Value value;
};

std::string_view name_of(Value::Kind kind);  // "a string", "a table", …

// False after a syntax error, which is reported; `root` then is an empty table.
bool parse_document(std::string_view text, std::uint32_t file, Value& root, Diagnostics& diagnostics);

}  // namespace frontdoor::config
