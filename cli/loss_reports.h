// What was lost, turned away or no HTTP, told every ten seconds if there was any, and what is left of it at the end;
// and that a limit is reached. Control thread; the coroutines run until their context ends.

#pragma once

#include <boost/asio.hpp>
#include <cstdint>

#include "base/log.h"
#include "proxy/access_log.h"
#include "proxy/malformed_messages.h"
#include "proxy/server.h"

namespace frontdoor {

class LostLines {
 public:
  LostLines(Log& log, const AccessLog& access_log) : log_(log), access_log_(access_log) {}
  void report();  // those that were not reported yet

 private:
  Log& log_;
  const AccessLog& access_log_;
  std::uint64_t known_ = 0;
};

void report_malformed(Log& log, MalformedMessages& messages);

boost::asio::awaitable<void> watch_lost_lines(LostLines& lines);
boost::asio::awaitable<void> watch_malformed(Log& log, MalformedMessages& messages);
boost::asio::awaitable<void> report_turned_away(Log& log, const Server& server);
boost::asio::awaitable<void> report_loops(Log& log, const Server& server);
boost::asio::awaitable<void> report_limits(Log& log, const Server& server);

}  // namespace frontdoor
