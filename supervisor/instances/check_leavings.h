// What exec checks leave behind: looked for a moment after they have ended, all of them at one look at all processes, and
// ended. Owned by ExecChecks. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "supervisor/launcher/life_marks.h"
#include "supervisor/launcher/process_tree.h"

namespace frontdoor {

class CheckLeavings {
 public:
  // `spared`: the processes of all instances, which are nobody's leavings. `list`: all that there are.
  CheckLeavings(boost::asio::io_context& control, Log& log, std::function<std::vector<pid_t>()> spared,
                std::function<std::vector<ProcessInfo>()> list);
  ~CheckLeavings();
  CheckLeavings(const CheckLeavings&) = delete;
  CheckLeavings& operator=(const CheckLeavings&) = delete;

  // Of a check that has ended. `pool`: for the log; "" where it is not known.
  void clear_soon(LifeMarks life, std::string pool = {});

 private:
  struct Left {
    LifeMarks life;
    std::string pool;
    int looks = 0;  // that have found some
  };

  boost::asio::awaitable<void> clear();
  void end(Left left, const LifeMarks& life, const std::vector<ProcessInfo>& all);

  boost::asio::io_context& control_;
  Log& log_;
  const std::function<std::vector<pid_t>()> spared_;
  const std::function<std::vector<ProcessInfo>()> list_;
  std::vector<Left> left_;
  bool clearing_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for a coroutine that outlives this
};

}  // namespace frontdoor
