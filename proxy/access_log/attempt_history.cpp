#include "proxy/access_log/attempt_history.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace frontdoor {

std::uint64_t stage_micros(TimePoint from, TimePoint to) {
  if (to == TimePoint{}) return 0;
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(1, spent));
}

void AttemptHistory::begin(TimePoint now) {
  began_ = now;
  connected_ = {};
  under_way_ = true;
}

void AttemptHistory::failed(std::shared_ptr<const Upstream> upstream, const Failure& failure, TimePoint now) {
  if (!std::exchange(under_way_, false)) return;
  if (past_.size() == kMostRemembered) past_.pop_back();
  past_.push_back({std::move(upstream), failure, began_, connected_, now});
}

std::span<const Attempt> AttemptHistory::list(Room& room, TimePoint started, TimePoint now, const Attempt& last) const {
  if (told_by(last.outcome)) return {};
  std::size_t count = 0;
  for (const Past& past : past_)
    room[count++] = {past.upstream->name(),
                     past.failure.outcome,
                     past.failure.detail,
                     past.failure.status,
                     stage_micros(started, past.began),
                     stage_micros(past.began, past.connected),
                     stage_micros(past.began, past.ended)};
  if (under_way_) {
    Attempt& attempt = room[count++] = last;
    attempt.start_us = stage_micros(started, began_);
    attempt.connect_us = stage_micros(began_, connected_);
    attempt.total_us = stage_micros(began_, now);
  }
  return {room.data(), count};
}

}  // namespace frontdoor
