// The last part of a life: new clients go elsewhere, what is open may finish. Control thread.

#pragma once

#include <boost/asio.hpp>

#include "base/log.h"
#include "config/config.h"
#include "proxy/server/server.h"

namespace frontdoor {

// Returns when nothing is open any more, or `drain` is over.
boost::asio::awaitable<void> drain(Server& server, Log& log, config::Timeouts timeouts);

}  // namespace frontdoor
