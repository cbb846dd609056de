// GET /api/v1/events: what happened lately, and what happens from now on. Reads only.

#pragma once

#include "admin/event_feed.h"
#include "admin/server.h"

namespace frontdoor {

// Both must outlive the server's start().
void add_events_api(AdminServer& server, EventFeed& feed);

}  // namespace frontdoor
