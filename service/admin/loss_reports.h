// What was lost, turned away or no HTTP, told every ten seconds if there was any, and what is left of it at the end;
// and that a limit is reached. Control thread; the coroutines run until their context ends.

#pragma once

#include <array>
#include <boost/asio.hpp>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/paced_count.h"
#include "proxy/access_log/access_log.h"
#include "proxy/exchange/malformed_messages.h"
#include "proxy/server/server.h"

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

// Clients that were turned away, loops, and limits that were reached. The first time that a limit is reached is told
// within a second, the rest every ten.
class TrafficLosses {
 public:
  TrafficLosses(Log& log, const Server& server);
  void report(TimePoint now);       // what is due
  void report_rest(TimePoint now);  // what is left, at the end

 private:
  struct TurnedAway {
    Unwelcome why;
    std::string_view reason;
    PacedCount count{kReport};
  };
  struct Limit {
    PacedCount closed{kReport};
    PacedCount full{kReport};
  };
  static constexpr std::chrono::seconds kReport{10};

  void report_turned_away(TimePoint now);
  void report_loops(TimePoint now);
  void report_open_files(TimePoint now);
  void report_places(const OpenListener& listener, TimePoint now);

  Log& log_;
  const Server& server_;
  std::array<TurnedAway, kUnwelcomeKinds> turned_away_;
  PacedCount loops_{kReport};
  Limit open_files_;
  std::map<ListenerId, Limit> places_;
};

boost::asio::awaitable<void> watch_lost_lines(LostLines& lines);
boost::asio::awaitable<void> watch_malformed(Log& log, MalformedMessages& messages);
boost::asio::awaitable<void> watch_traffic_losses(TrafficLosses& losses);

}  // namespace frontdoor
