// How a line of an instance is written: behind its name, or as JSON. Pure; any thread.
//
//   app.1 | Server listening on 24001               "!" instead of "|": it came from standard error
//   2026-11-28T02:31:07.123Z app.1 ! oh dear        in a file
//   {"time":"2026-11-28T02:31:07.123Z","pool":"app","instance":"app.1","pid":71,"stream":"stderr","line":"oh dear"}

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/output/recent_lines.h"

namespace frontdoor {

// Behind a piece of a line that goes on in the next.
inline constexpr std::string_view kGoesOn = "…";

std::string utc_time(std::int64_t unix_millis);

// "app.1 | ", the name filled up to `width`. `ink`: the SGR number of its colour, for a terminal.
std::string name_prefix(std::string_view instance, std::size_t width, OutputStream stream,
                        std::optional<std::string_view> ink = std::nullopt);

enum class LineFor : std::uint8_t { Terminal, Others };  // a terminal obeys what stands in a line

// The text as it is (Others), or with what a terminal would obey made visible; ends the line.
void append_text_line(std::string& out, std::string_view text, bool goes_on, LineFor reader);

struct LineTags {
  std::string_view time;  // utc_time()
  std::string_view pool;
  std::string_view instance;
};
// Whatever bytes the text has, this is JSON: those that are no UTF-8 become U+FFFD.
void append_json_line(std::string& out, const LineTags& tags, const OutputLine& line, std::string_view text);

}  // namespace frontdoor
