// A line of the event log as JSON, for people: what a program that ran in the background has said about its end. Pure.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor::cli {

// `error cannot listen  address=:80 reason="in use"`, as the log itself has it on a terminal, but for the time. Lines that
// are no events stay as they are.
std::string event_text(std::string_view line);

}  // namespace frontdoor::cli
