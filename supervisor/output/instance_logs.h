// The recent lines of all instances, over all their lives, for `logs` and for those who follow them
// (supervisor/output/line_follower.h). What an instance wrote is kept when it is stopped or replaced; at most
// kMostBytes for each. Owned by the supervisor. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "supervisor/output/recent_lines.h"

namespace frontdoor {

// What one place in a pool, app.1, has written lately.
struct InstanceLog {
  static constexpr std::size_t kMostLines = 1'000;
  static constexpr std::size_t kMostBytes = 256 * 1024;

  std::string pool;
  unsigned number = 0;
  std::string instance;  // "app.1"
  RecentLines recent{kMostLines, kMostBytes};
};

// A line beside the instance that it came from.
struct LogEntry {
  std::string pool;
  std::string instance;
  OutputLine line;
};

// Which instances: all, those of a pool, or one.
struct LogSelection {
  std::string pool = {};  // "" = of all pools
  std::optional<unsigned> number = {};

  bool has(const InstanceLog& log) const {
    return (pool.empty() || log.pool == pool) && (!number || log.number == *number);
  }
};

class InstanceLogs {
 public:
  // The same for as long as its pool is named.
  std::shared_ptr<InstanceLog> of(const std::string& pool, unsigned number);
  // `line` without number, sequence and text. Wakes those who follow.
  void add(InstanceLog& log, OutputLine line, std::string_view text);

  // The last lines of all these together, oldest first.
  std::vector<LogEntry> last(const LogSelection& which, std::size_t count) const;
  std::uint64_t last_sequence() const { return sequence_; }  // of the newest line

  // Of pools that are named no longer, once nothing writes to them any more.
  void forget(const std::function<bool(const std::string& pool)>& named);

 private:
  friend class LineFollower;
  using Waiting = std::shared_ptr<boost::asio::steady_timer>;

  std::map<std::pair<std::string, unsigned>, std::shared_ptr<InstanceLog>> logs_;
  std::uint64_t sequence_ = 0;
  std::vector<Waiting> waiting_;  // cancelled when a line comes
};

}  // namespace frontdoor
