// The attempts of one request, for its line in the access log: which upstream, how it ended, how long it took. Nearly
// every request has one, which the line tells by itself: only what has failed is remembered here, and allocates.
// Belongs to an exchange; one worker.

#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "balancer/upstream.h"
#include "base/time.h"
#include "proxy/access_log/access_log_format.h"

namespace frontdoor {

// For the log, where 0 means "not reached".
std::uint64_t stage_micros(TimePoint from, TimePoint to);

class AttemptHistory {
 public:
  // Of more than these only the first and the last are told; a dead pool of a hundred makes no line of ten thousand.
  static constexpr std::size_t kMostRemembered = 8;
  using Room = std::array<Attempt, kMostRemembered + 1>;

  void begin(TimePoint now);
  void connected(TimePoint now) { connected_ = now; }
  TimePoint connected_at() const { return connected_; }
  // Whether the line says all without a list: there was one attempt at most, and it ended as the request did. One that
  // was refused before its request waited in vain did not.
  bool told_by(std::string_view outcome) const {
    if (past_.empty()) return true;
    return past_.size() == 1 && !under_way_ && past_.front().failure.outcome == outcome;
  }

  struct Failure {
    std::string_view outcome;  // as those below a literal
    std::string_view detail;
    std::uint16_t status = 0;
  };
  // The attempt under way has failed.
  void failed(std::shared_ptr<const Upstream> upstream, const Failure& failure, TimePoint now);

  // How long the last one was connecting; 0 = it did not come so far.
  std::uint64_t connect_us() const { return stage_micros(began_, connected_); }
  // All of them, put into `room`; the one under way has ended as `last` says. Empty where told_by() is true.
  std::span<const Attempt> list(Room& room, TimePoint started, TimePoint now, const Attempt& last) const;

 private:
  struct Past {
    std::shared_ptr<const Upstream> upstream;
    Failure failure;
    TimePoint began, connected, ended;
  };

  std::vector<Past> past_;
  TimePoint began_{};
  TimePoint connected_{};
  bool under_way_ = false;
};

}  // namespace frontdoor
