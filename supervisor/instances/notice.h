// "Something has changed": what a pool's coroutines wait for instead of looking again and again. Whoever wakes looks
// whether it was what it waits for. Control thread.

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <list>

#include "base/time.h"

namespace frontdoor {

class Notice {
 public:
  explicit Notice(boost::asio::io_context& control) : control_(control) {}

  void tell() {
    ++version_;
    for (boost::asio::steady_timer* const waiting : waiting_) waiting->cancel();
  }
  std::uint64_t version() const { return version_; }

  // Until somebody tells of a change after `seen`, and no longer than until `latest`. The caller keeps this alive.
  boost::asio::awaitable<void> changed(std::uint64_t seen, TimePoint latest = TimePoint::max()) {
    if (version_ != seen) co_return;
    boost::asio::steady_timer timer(control_, latest);
    const Waiting waiting(waiting_, timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

 private:
  // Also when it is destroyed while it waits, at the end of the program: tell() must not come to its timer any more.
  class Waiting {
   public:
    Waiting(std::list<boost::asio::steady_timer*>& all, boost::asio::steady_timer& timer)
        : all_(all), place_(all.insert(all.end(), &timer)) {}
    ~Waiting() { all_.erase(place_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    std::list<boost::asio::steady_timer*>& all_;
    const std::list<boost::asio::steady_timer*>::iterator place_;
  };

  boost::asio::io_context& control_;
  std::uint64_t version_ = 0;
  std::list<boost::asio::steady_timer*> waiting_;
};

}  // namespace frontdoor
