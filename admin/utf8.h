// Text that JSON may carry. Apps, paths and arguments may have any bytes; base/json knows how to make them UTF-8.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor {

// What is no UTF-8 becomes U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace frontdoor
