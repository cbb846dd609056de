// GET /api/v1: every method and path that there is, so that nothing of the API has to be guessed, and the description in
// docs/reference/openapi.json can be held against it.

#pragma once

#include "admin/server.h"

namespace frontdoor {

// After all other routes.
void add_index_api(AdminServer& server);

}  // namespace frontdoor
