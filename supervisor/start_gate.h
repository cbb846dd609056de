// How many instances of a pool may start at a time: starting is what costs an app most, and all of them at
// once may keep each other from ever being ready. First come, first served. One for each pool; control
// thread.

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <list>
#include <memory>

namespace frontdoor {

class StartGate : public std::enable_shared_from_this<StartGate> {
 public:
  // A place, given back when it is destroyed.
  class Place {
   public:
    Place() = default;
    explicit Place(std::shared_ptr<StartGate> gate) : gate_(std::move(gate)) {}
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        leave();
        gate_ = std::move(other.gate_);
      }
      return *this;
    }
    ~Place() { leave(); }

   private:
    void leave() {
      if (gate_) gate_->give_back();
      gate_.reset();
    }
    std::shared_ptr<StartGate> gate_;
  };

  StartGate(boost::asio::io_context& control, std::uint32_t places) : control_(control), free_(places) {}

  boost::asio::awaitable<Place> enter() {
    const auto self = shared_from_this();
    if (free_ == 0) {
      const auto called =
          std::make_shared<boost::asio::steady_timer>(control_, boost::asio::steady_timer::time_point::max());
      waiting_.push_back(called);
      co_await called->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    } else {
      --free_;
    }
    co_return Place(self);
  }

 private:
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    waiting_.front()->cancel();  // the place goes to the one that has waited longest
    waiting_.pop_front();
  }

  boost::asio::io_context& control_;
  std::uint32_t free_;
  std::list<std::shared_ptr<boost::asio::steady_timer>> waiting_;
};

}  // namespace frontdoor
