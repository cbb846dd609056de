// Statuses by their first digit, which is as much as a metric may tell apart. Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/single_writer_count.h"

namespace frontdoor {

inline constexpr std::size_t kCodeClasses = 6;
inline constexpr std::array<std::string_view, kCodeClasses> kCodeClassNames = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

// 0: no status at all, since nothing was answered.
constexpr std::size_t code_class(std::uint16_t status) {
  const std::size_t first = status / 100U;
  return first < kCodeClasses ? first : 0;
}

using CodeTotals = std::array<std::uint64_t, kCodeClasses>;

// One thread writes, anybody reads.
class CodeCounts {
 public:
  void add(std::uint16_t status) { counts_[code_class(status)].add(); }
  void add_to(CodeTotals& totals) const {
    for (std::size_t i = 0; i < kCodeClasses; ++i) totals[i] += counts_[i].get();
  }

 private:
  std::array<SingleWriterCount, kCodeClasses> counts_{};
};

}  // namespace frontdoor
