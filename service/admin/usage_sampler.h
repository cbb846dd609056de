// What the instances' processes use, when somebody asks: memory now, CPU over the last moment. What was read lately
// serves again, so that a status that is asked for often costs no more. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "supervisor/triggers/process_usage.h"

namespace frontdoor {

struct SampledUsage {
  ProcessUsage usage;
  std::optional<double> cpu_share = {};  // of one CPU
};

using SampledUsages = std::map<pid_t, SampledUsage>;

class UsageSampler {
 public:
  explicit UsageSampler(boost::asio::io_context& control) : control_(control) {}

  boost::asio::awaitable<SampledUsages> of(std::vector<pid_t> roots);

 private:
  boost::asio::io_context& control_;
  SampledUsages last_;
  TimePoint last_at_{};  // the epoch: never
};

}  // namespace frontdoor
