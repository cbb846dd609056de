// When the file behind a log is opened again: when somebody asks, when the path names another file (it was
// renamed or removed), and, after an open that failed, at each look until one works. Pure; the log's writer
// asks and acts.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace frontdoor {

class LogRotation {
 public:
  enum class Open : std::uint8_t { No, Asked, Moved, Again };

  // `moved`: the path no longer names the file that is open. Once is no evidence: between a rename and the
  // new file that logrotate makes there is a moment, and that file should be its.
  Open look(bool asked, bool moved) {
    const bool still_moved = std::exchange(moved_, moved) && moved;
    if (asked) return Open::Asked;
    if (!reason_.empty()) return Open::Again;
    return still_moved ? Open::Moved : Open::No;
  }

  void opened() {
    reason_.clear();
    moved_ = false;
  }

  bool has_failed() const { return !reason_.empty(); }  // it is tried again at the next look

  // Whether that is news. A question is always answered.
  bool failed(std::string_view reason, Open why) {
    if (why == Open::Again && reason == reason_) return false;
    reason_ = reason;
    return true;
  }

 private:
  bool moved_ = false;
  std::string reason_;  // why the last open failed
};

}  // namespace frontdoor
