// A JSON text to a value, or to where it is wrong. Included by the readers of JSON files alone: Boost.JSON costs some
// seconds to include.

#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace frontdoor::importer {

struct JsonText {
  boost::json::value value = {};
  std::string error = {};  // "LINE:COLUMN: what"; "" = read
};

enum class Dialect { Strict, WithComments };  // the latter also takes a comma behind the last one of a list

JsonText parse_json(std::string_view text, Dialect dialect);

// "a string", "a number", …
std::string_view name_of(const boost::json::value& value);

}  // namespace frontdoor::importer
