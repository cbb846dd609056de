// One plain value of the schema between TOML and the struct member it lands in, both ways.

#pragma once

#include <string>

#include "config/document.h"
#include "config/schema.h"

namespace frontdoor::config {

// Stores the value, or reports what is wrong with it and what would be right.
void read_value(const schema::Key& key, const Value& value, const schema::Slot& slot,
                Diagnostics& diagnostics);

// As it would be written in fd.toml; "" for an optional that is not set.
std::string format_value(const schema::Key& key, const schema::Slot& slot);

std::string toml_string(std::string_view text);  // quoted, and ${ escaped
std::string toml_key(std::string_view key);      // quoted where TOML needs it

// "weight" is an integer, not a list: the one wording for wrong types.
void wrong_type(std::string_view key, std::string_view wanted, const Value& value, Diagnostics& diagnostics);

}  // namespace frontdoor::config
