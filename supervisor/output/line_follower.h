// Follows what instances write, as `logs -f` does: takes what has come since it last looked, in the order in
// which it was read. It keeps no lines of its own, so that a slow one costs nothing: what was forgotten before it
// looked is skipped, and it is told how much that was. Control thread; the InstanceLogs outlive it.
//
//   LineFollower follower(control, logs, {.pool = "app"}, logs.last_sequence());
//   for (;;) { const LogBatch batch = co_await follower.next(1'000, Millis{1'000}); … }

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "supervisor/output/instance_logs.h"

namespace frontdoor {

struct LogBatch {
  std::vector<LogEntry> lines = {};
  std::uint64_t skipped = 0;  // lines that came before these and are forgotten
};

class LineFollower {
 public:
  // Begins behind the line of this sequence number; 0 = with the oldest that is kept.
  LineFollower(boost::asio::io_context& control, InstanceLogs& logs, LogSelection which, std::uint64_t after);

  // At most so many lines, oldest first. Waits for the first one; when none comes in `patience`, the batch is empty.
  boost::asio::awaitable<LogBatch> next(std::size_t most, Millis patience);

  LogBatch take(std::size_t most);  // what there is now

 private:
  boost::asio::io_context& control_;
  InstanceLogs& logs_;
  const LogSelection which_;
  std::map<std::string, std::uint64_t> seen_;  // by instance, the number of the last line that was given
};

}  // namespace frontdoor
