// A text that takes time to make, made at most so often that making it takes a tenth of the thread: whoever asks in
// between gets the last one. So a scraper gone wild costs the thread that also probes and reloads no more than that. A
// text of a millisecond is never older than ten. Pure: the clock is an argument. Control thread.

#pragma once

#include <string>
#include <utility>

#include "base/time.h"

namespace frontdoor {

class PacedText {
 public:
  static constexpr int kShare = 10;

  // Whether it has to be made anew.
  bool due(TimePoint now) const { return now >= next_; }
  void made(std::string text, TimePoint began, TimePoint ended) {
    text_ = std::move(text);
    next_ = ended + (ended - began) * (kShare - 1);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  TimePoint next_{};  // the epoch: at once
};

}  // namespace frontdoor
