// POST …:drain, :ready, :maintenance and :weight, of an upstream or a pool. Writes: for the unix socket, or behind a token.

#pragma once

#include "admin/server.h"
#include "admin/steering.h"

namespace frontdoor {

// `steering` must outlive the server.
void add_steer_api(AdminServer& server, AdminSteering& steering);

}  // namespace frontdoor
