// Text of others on our terminal: what an app prints may colour its line, but neither move the cursor, nor ring,
// nor rename the window, nor write over what stands before it. Pure; any thread.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor {

// Appends `text`, a line without its newline. Kept: characters, tabs, and colours (SGR sequences, which end with the
// line). Made visible: other control characters ("^M", "^["), those of U+0080 to U+009F and those that turn the
// direction of writing ("\u202e"), and bytes that are no UTF-8 ("\xff").
void append_terminal_text(std::string& out, std::string_view text);

}  // namespace frontdoor
