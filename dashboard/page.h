// The files of the page, at "/" and by their names: compressed for whoever takes that, and not sent again to whoever has
// them. Control thread.

#pragma once

#include "admin/server.h"

namespace frontdoor {

void add_page(AdminServer& server);  // before its start()

}  // namespace frontdoor
