// The last part of a life: new clients go elsewhere, what is open may finish. Control thread.

#pragma once

#include <boost/asio.hpp>

#include "base/log.h"
#include "config/config.h"
#include "proxy/server/server.h"

namespace frontdoor {

// Returns when nothing is open any more, or `drain` is over.
boost::asio::awaitable<void> drain(Server& server, Log& log, config::Timeouts timeouts);

// The same of a process whose listeners another one has by now: idle connections are left to their next request, which is
// answered with `Connection: close`, and tunnels to the second half of `drain`. `ending`: listeners that the other one
// does not have.
boost::asio::awaitable<void> drain_beside(Server& server, Log& log, config::Timeouts timeouts, std::vector<ListenerId> ending);

}  // namespace frontdoor
