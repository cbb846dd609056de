// The commands that our sentences name, as whoever reads them has to type them: where --socket was needed to
// get this far, the next command needs it too. The one place that knows; a sentence of the running program
// passes through here as ours do. Pure.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor::cli {

// "frontdoor logs app.1" becomes "frontdoor logs --socket /run/a.sock app.1", each time a command that takes
// --socket is named without it. `given`: what the user said; "" = nothing, and the text stays as it is.
std::string with_socket(std::string_view text, const std::string& given);

}  // namespace frontdoor::cli
