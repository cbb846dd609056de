// An event of the history as the admin API tells it: what sort of thing it was, and its JSON. Pure.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/event_history.h"

namespace frontdoor {

// One stable word for programs that colour or count events: "evicted", "recovered", "crash_loop", "rolled",
// "reloaded", "reload_refused", "certificate", "limit", "operator", …; "other" for what has no word of its own. The list:
// docs/admin.md.
std::string_view event_kind(const Event& event);

// {"id":…,"time":"2026-11-23T12:01:07.123456Z","level":"warn","kind":"evicted","pool":"app","upstream":"app.1",
//  "text":"upstream down","fields":{"reason":"connection refused",…}}; pool and upstream are null when it is about none.
// What apps have written is told to trusted clients alone: it may be anything.
boost::json::object to_json(const Event& event, bool trusted);

// Of an API's parameter and a command's option; false when there is no such level.
bool parse_level(std::string_view word, LogLevel& level);

}  // namespace frontdoor
