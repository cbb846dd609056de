// Events for people: lines of the event log, which a program that ran in the background has written, and those of the
// history that a running one keeps (admin/event.h). Pure.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace frontdoor::cli {

// `error cannot listen  address=:80 reason="in use"`, as the log itself has it on a terminal, but for the time. Lines that
// are no events stay as they are.
std::string event_text(std::string_view line);

// An event of the history: `Nov 28 12:01:07.123 warn   upstream down  pool=app upstream=app.1 reason=refused`, in local
// time. A line that says how many were missed stays a sentence.
std::string history_text(const boost::json::object& event);

// "Nov 28 12:01:07.123" of "2026-11-28T11:01:07.123456Z"; as it is, when it is no such time.
std::string local_time(std::string_view utc);

}  // namespace frontdoor::cli
