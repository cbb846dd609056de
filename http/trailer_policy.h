// Which fields may stand in a trailer section. Merged into a head by a careless recipient, the others would
// change framing, routing or identity after every check has been made. RFC 9110 §6.5.1.

#pragma once

#include <string_view>

namespace frontdoor::http {

bool may_be_trailer(std::string_view name);

}  // namespace frontdoor::http
