// What all pages are sent, rendered once for all of them: the last few frames, by number. A reader that has fallen
// behind them is told so and has to begin anew; nothing is ever kept for it. Pure.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dashboard/ring.h"

namespace frontdoor {

class Frames {
 public:
  explicit Frames(std::size_t kept) : frames_(kept) {}

  void push(std::string frame) {
    frames_.push(std::make_shared<const std::string>(std::move(frame)));
    ++end_;
  }

  std::uint64_t end() const { return end_; }  // the number of the next one
  bool missed(std::uint64_t number) const { return number + frames_.size() < end_; }
  // Null: it has not come yet. Not of one that was missed().
  std::shared_ptr<const std::string> at(std::uint64_t number) const {
    if (number >= end_) return nullptr;
    return frames_[frames_.size() - static_cast<std::size_t>(end_ - number)];
  }

 private:
  Ring<std::shared_ptr<const std::string>> frames_;
  std::uint64_t end_ = 0;
};

}  // namespace frontdoor
