// The last `most` values that were put in, oldest first. Pure.

#pragma once

#include <cstddef>
#include <vector>

namespace frontdoor {

template <class Value>
class Ring {
 public:
  explicit Ring(std::size_t most) : most_(most) { values_.reserve(most); }

  void push(Value value) {
    if (values_.size() < most_) {
      values_.push_back(std::move(value));
      return;
    }
    values_[first_] = std::move(value);
    first_ = (first_ + 1) % most_;
  }
  void clear() {
    values_.clear();
    first_ = 0;
  }

  std::size_t size() const { return values_.size(); }
  bool empty() const { return values_.empty(); }
  const Value& operator[](std::size_t i) const { return values_[(first_ + i) % values_.size()]; }
  const Value& back() const { return (*this)[values_.size() - 1]; }

 private:
  const std::size_t most_;
  std::size_t first_ = 0;
  std::vector<Value> values_;
};

}  // namespace frontdoor
