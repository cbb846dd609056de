// The routes of /api/v1 (docs/admin.md). Later parts add theirs beside them with AdminServer::route. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "admin/server.h"
#include "admin/target.h"

namespace frontdoor {

// `target` outlives the server.
void add_api(AdminServer& server, boost::asio::io_context& control, AdminTarget& target);

}  // namespace frontdoor
