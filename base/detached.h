// What becomes of an exception that leaves a coroutine which nobody awaits. asio::detached would drop it, and the coroutine would
// be over without a word.

#pragma once

#include <exception>
#include <string>

#include "base/log.h"

namespace frontdoor {

// For what nothing works without: it leaves the loop and so ends the process, as any failure does that nobody has thought of.
// The launcher starts another front door, and the instances live on.
inline constexpr auto or_end = [](const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
};

// For what the rest can do without. `what` is a literal.
class OrTell {
 public:
  OrTell(Log& log, const char* what) : log_(&log), what_(what) {}

  void operator()(const std::exception_ptr& failure) const noexcept {
    if (!failure) return;
    try {
      log_->error("a task has failed", {{"task", what_}, {"reason", reason(failure)}});
    } catch (...) {  // no memory even for that
    }
  }

  // Of one that brings something, which nobody wants.
  template <class Result>
  void operator()(const std::exception_ptr& failure, const Result&) const noexcept {
    (*this)(failure);
  }

 private:
  static std::string reason(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      return error.what();
    } catch (...) {
      return "unknown";
    }
  }

  Log* log_;
  const char* what_;
};

}  // namespace frontdoor
