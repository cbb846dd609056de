// What the admin server tells to those who only look: /metrics, /healthz, /readyz and the lists of /api/v1.

#pragma once

#include "admin/server.h"
#include "admin/target.h"

namespace frontdoor {

// Both must outlive the server's connections.
void add_observation(AdminServer& server, AdminTarget& target);

}  // namespace frontdoor
