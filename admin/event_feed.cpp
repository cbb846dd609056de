#include "admin/event_feed.h"

#include <boost/asio/post.hpp>
#include <new>
#include <utility>

#include "base/quietly.h"

namespace frontdoor {

namespace asio = boost::asio;

EventFeed::EventFeed(asio::io_context& control, EventHistory& history) : control_(control), history_(history) {
  // Called where the event happens, on any thread: however many come at once, one call goes through the loop.
  history_.set_listener([&control, waiting = waiting_] {
    if (waiting->called.exchange(true)) return;
    try {
      asio::post(control, [waiting] {
        waiting->called = false;
        for (asio::steady_timer* const timer : waiting->timers) timer->cancel();
      });
    } catch (const std::bad_alloc&) {
      waiting->called = false;  // they look again when their patience ends
    }
  });
}

EventFeed::~EventFeed() { history_.set_listener({}); }

asio::awaitable<EventHistory::Batch> EventFeed::behind(std::uint64_t number, std::size_t most, Millis patience) {
  EventHistory::Batch batch = history_.behind(number, most);
  const TimePoint latest = Clock::now() + patience;
  const auto waiting = waiting_;
  while (batch.events.empty() && Clock::now() < latest) {
    asio::steady_timer timer(control_, latest);
    const auto place = waiting->timers.insert(waiting->timers.end(), &timer);
    // An event that came between the look and this line has called nobody yet, or its call is still on its way.
    batch = history_.behind(number, most);
    if (batch.events.empty()) co_await timer.async_wait(quietly);
    waiting->timers.erase(place);
    if (batch.events.empty()) batch = history_.behind(number, most);
  }
  co_return batch;
}

}  // namespace frontdoor
