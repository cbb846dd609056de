// POST /api/v1/reload and /api/v1/logs:reopen, and GET /api/v1/config:diff.

#pragma once

#include "admin/server.h"
#include "admin/upkeep.h"

namespace frontdoor {

// `upkeep` must outlive the server.
void add_upkeep_api(AdminServer& server, AdminUpkeep& upkeep);

}  // namespace frontdoor
