// The requests of one worker that somebody may want to hear of: those that failed, and the slowest few, since they were
// taken last. A request that is neither costs two comparisons. Bounded: of a storm of failures the first are told, and the
// others cost what a good one does. The worker adds; the control thread takes, once a second.

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "proxy/access_log/access_log_format.h"

namespace frontdoor {

struct NotableRequest {
  bool failed = false;
  std::int64_t ended_unix_millis = 0;
  std::string method = {};
  std::string host = {};
  std::string path = {};  // without its query, which may have secrets
  std::string request_id = {};
  std::string pool = {};
  std::string upstream = {};
  std::string outcome = {};
  std::string detail = {};
  std::string protocol = {};           // "HTTP/2.0"
  std::string tls = {};                // "TLSv1.3"; "" = plain
  std::string upstream_protocol = {};  // "" = no upstream had it
  std::string_view retry_rule = {};    // a literal
  std::uint16_t status = 0;
  std::uint32_t tries = 0;
  std::uint64_t held_us = 0;
  std::uint64_t connect_us = 0;
  std::uint64_t first_byte_us = 0;
  std::uint64_t total_us = 0;
};

class NotableRequests {
 public:
  static constexpr std::size_t kMostFailed = 16;
  static constexpr std::size_t kMostSlow = 5;

  // The worker.
  bool wants(bool failed, Duration took) const {
    return failed ? failed_.load(std::memory_order_relaxed) < kMostFailed
                  : took.count() > slow_enough_.load(std::memory_order_relaxed);
  }
  void add(const AccessRecord& record, bool failed, Duration took) noexcept;  // without memory it is not told

  // Any other thread. Those that failed in their order, then the slowest, slowest first.
  std::vector<NotableRequest> take();

 private:
  void note(const AccessRecord& record, bool failed, Duration took);

  struct Slow {
    Duration took{};
    NotableRequest request = {};
  };

  std::atomic<std::size_t> failed_{0};
  std::atomic<Duration::rep> slow_enough_{0};  // what takes longer belongs to the slowest
  std::mutex mutex_;
  std::vector<NotableRequest> failures_;
  std::vector<Slow> slow_;  // slowest first
};

}  // namespace frontdoor
