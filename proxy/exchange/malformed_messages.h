// Messages that were no HTTP to be passed on, counted by who sent them and what was wrong, until somebody reports them:
// an operator learns that an app or a client speaks nonsense without one event for each request, whoever sends how many.
// Any thread; only what goes wrong takes the lock.

#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

class MalformedMessages {
 public:
  struct Kind {
    std::string upstream;      // that sent it; "" = a client
    std::string_view outcome;  // what the access log says
    std::string_view detail;   // what was wrong
    std::uint64_t count = 0;
  };
  // More kinds between two reports are counted as one without a detail.
  static constexpr std::size_t kMostKinds = 32;

  // The texts but `upstream` are literals.
  void note(std::string_view upstream, std::string_view outcome, std::string_view detail);

  // All since the last time, in the order in which they came.
  std::vector<Kind> take();

 private:
  std::mutex mutex_;
  std::vector<Kind> kinds_;
};

}  // namespace frontdoor
