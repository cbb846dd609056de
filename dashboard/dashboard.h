// The dashboard's server side: counts once a second, draws a picture while a page is open, and sends every page the same
// frames. A page begins with a snapshot; one that does not read loses its connection, and nothing is kept for it.
//
//   each second, or sooner when something has happened:
//     source ─► History, Meters, RequestLog ─► LiveDocument ─► one frame ─► every page that is open
//
// Owned by whoever wires it; control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string_view>
#include <vector>

#include "admin/event_feed.h"
#include "admin/server.h"
#include "admin/status.h"
#include "base/log.h"
#include "dashboard/source.h"

namespace frontdoor {

class Dashboard {
 public:
  // `source` and `events` outlive stop().
  Dashboard(boost::asio::io_context& control, Log& log, DashboardSource& source, EventFeed& events);
  ~Dashboard();

  void start();
  void stop();
  // The page, /api/v1/stream, /api/v1/history and /api/v1/requests. Before the server's start().
  void add_routes(AdminServer& server);
  // Of the requests that are kept for the page, those with this id; also of this second.
  std::vector<SeenRequest> find_request(std::string_view id);
  // dashboard/pace.h; nothing before start().
  void add_pace(AdminStatus& status) const;

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
