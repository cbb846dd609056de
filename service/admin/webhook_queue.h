// What the webhook has yet to tell: the events that are for it, taken out of the history as they happen, so that a receiver which is
// away for an hour misses none of them because many others happened meanwhile. Bounded; the oldest goes first, and is counted.
// Pure. Control thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/event_history.h"

namespace frontdoor {

class WebhookQueue {
 public:
  struct Bounds {
    std::size_t events = 2'000;
    std::size_t bytes = std::size_t{1} << 20;
  };
  WebhookQueue() = default;
  explicit WebhookQueue(Bounds bounds) : bounds_(bounds) {}

  // Those of the batch that are for it. How many events are lost by that: those that made room, and those that the history had
  // forgotten before anybody could look at them, of whatever level they were. Throws std::bad_alloc: the rest of it is not in.
  std::uint64_t take_in(const EventHistory::Batch& batch, LogLevel least);
  EventHistory::Events take_out(std::size_t most);
  void keep_only(LogLevel least);  // the others are not lost: nobody wants them any more
  void clear();
  bool empty() const { return events_.empty(); }
  std::size_t size() const { return events_.size(); }

 private:
  void drop_first();

  const Bounds bounds_{};
  std::deque<std::shared_ptr<const Event>> events_;
  std::size_t bytes_ = 0;
};

}  // namespace frontdoor
