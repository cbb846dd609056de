// What the dashboard needs of the program, which it does not know: implemented where everything is wired. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "admin/status.h"
#include "dashboard/request_log.h"
#include "observe/totals.h"

namespace frontdoor {

class DashboardSource {
 public:
  virtual ~DashboardSource() = default;

  virtual boost::asio::awaitable<AdminStatus> status() = 0;  // only while a page is open
  virtual Totals totals() const = 0;                         // once a second in any case
  virtual std::vector<SeenRequest> take_requests() = 0;      // that were picked out since the last call
  virtual bool may_write() const = 0;                        // whether a page can be given the right to
};

}  // namespace frontdoor
