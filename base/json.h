// Writing JSON strings, for the two logs that are written by hand for speed. Any thread.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor {

// Appends `text` as a JSON string, quotes included. Bytes that are not valid UTF-8 become U+FFFD, so that a hostile
// header can never make a log line that a JSON parser refuses.
void append_json_string(std::string& out, std::string_view text);

}  // namespace frontdoor
