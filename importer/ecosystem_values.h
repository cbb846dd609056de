// The values of an ecosystem file, which come in several types each ("3000", 3000). Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/imported_app.h"
#include "importer/json_text.h"

namespace frontdoor::importer {

// Each is nothing when the value is none of its kind.
std::optional<std::string> to_text(const boost::json::value& value);  // also a number, true, false
std::optional<bool> to_boolean(const boost::json::value& value);      // also "true", "false"
std::optional<std::int64_t> to_integer(const boost::json::value& value);
std::optional<std::chrono::milliseconds> to_milliseconds(const boost::json::value& value);  // 3000, "3s", "2m", "1h"
std::optional<std::uint64_t> to_bytes(const boost::json::value& value);                     // 1024, "300M", "1G", "64K"
// A list, or text that is split at blanks outside of quotes.
std::optional<std::vector<std::string>> to_words(const boost::json::value& value);
std::optional<std::vector<std::string>> to_list(const boost::json::value& value);  // a list, or one text
// As pm2 gives them to a process: what is no text is written as JSON; null is none.
std::optional<Variables> to_variables(const boost::json::value& value);

std::vector<std::string> split_at_blanks(std::string_view text);

}  // namespace frontdoor::importer
