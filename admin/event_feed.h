// Follows the event history on the control thread: waits until something has happened. Any number may follow; each
// keeps the number of the last event that it has, and nothing else, so that a slow one costs nothing. The history
// outlives it.
//
//   std::uint64_t seen = history.last_number();
//   for (;;) {
//     const EventHistory::Batch batch = co_await feed.behind(seen, 100, Millis{1'000});
//     if (!batch.events.empty()) seen = batch.events.back()->number;
//   }

#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>

#include "base/event_history.h"
#include "base/time.h"

namespace frontdoor {

class EventFeed {
 public:
  EventFeed(boost::asio::io_context& control, EventHistory& history);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  EventHistory& history() { return history_; }

  // What came behind this number. Waits for the first; when none comes in `patience`, the batch is empty.
  boost::asio::awaitable<EventHistory::Batch> behind(std::uint64_t number, std::size_t most, Millis patience);

 private:
  // What a wake-up on its way through the loop may still find.
  struct Waiting {
    std::atomic<bool> called = false;
    std::list<boost::asio::steady_timer*> timers;
  };

  boost::asio::io_context& control_;
  EventHistory& history_;
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

}  // namespace frontdoor
