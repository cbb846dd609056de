// What was lost or turned away without a line of its own anywhere, told every ten seconds if there was any; and
// that a limit is reached.
// Control thread; each runs until its context ends.

#pragma once

#include <boost/asio.hpp>

#include "base/log.h"
#include "proxy/access_log.h"
#include "proxy/server.h"

namespace frontdoor {

boost::asio::awaitable<void> report_lost_lines(Log& log, const AccessLog& access_log);
boost::asio::awaitable<void> report_turned_away(Log& log, const Server& server);
boost::asio::awaitable<void> report_limits(Log& log, const Server& server);

}  // namespace frontdoor
