// How many instances of a pool may start at a time: starting is what costs an app most, and all of them at
// once may keep each other from ever being ready. First come, first served. One for each pool; control
// thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "supervisor/instances/notice.h"

namespace frontdoor {

class StartGate : public std::enable_shared_from_this<StartGate> {
 public:
  // A place, given back when it is destroyed.
  class Place {
   public:
    Place() = default;
    explicit Place(std::shared_ptr<StartGate> gate) : gate_(std::move(gate)) { ++gate_->taken_; }
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        leave();
        gate_ = std::move(other.gate_);
      }
      return *this;
    }
    ~Place() { leave(); }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    void leave() {
      if (!gate_) return;
      --gate_->taken_;
      gate_->changed_->tell();
      gate_.reset();
    }
    std::shared_ptr<StartGate> gate_;
  };

  // `changed` is told of each place that is given back, and by whoever waits here no longer.
  StartGate(std::shared_ptr<Notice> changed, std::uint32_t places) : changed_(std::move(changed)), places_(places) {}

  void set_places(std::uint32_t places) { places_ = places; }

  // No place: it is not wanted any more.
  boost::asio::awaitable<Place> enter(std::function<bool()> wanted) {
    const auto self = shared_from_this();
    const std::uint64_t ticket = ++last_ticket_;
    waiting_.push_back(ticket);
    for (;;) {
      const std::uint64_t seen = changed_->version();
      const bool still = wanted();
      const bool admitted = still && taken_ < places_ && waiting_.front() == ticket;
      if (admitted || !still) {
        std::erase(waiting_, ticket);
        changed_->tell();  // the next in line may be admitted, too
        if (admitted) co_return Place(self);
        co_return Place();
      }
      co_await changed_->changed(seen);
    }
  }

 private:
  const std::shared_ptr<Notice> changed_;
  std::uint32_t places_;
  std::uint32_t taken_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::deque<std::uint64_t> waiting_;
};

}  // namespace frontdoor
