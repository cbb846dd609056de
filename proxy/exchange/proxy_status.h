// Our outcomes in the words of RFC 9209: the error type that Proxy-Status names, of an answer of our own. Pure.

#pragma once

#include <string_view>

namespace frontdoor {

// "connection_refused" of "connect_refused"; "" of an outcome that is no answer of ours, or no known one.
std::string_view proxy_error_type(std::string_view outcome);

}  // namespace frontdoor
