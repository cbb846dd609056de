// The Date field (RFC 9110 §5.6.7), formatted once a second. One worker.

#pragma once

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace frontdoor {

class HttpDate {
 public:
  std::string_view now() {
    const std::time_t second = ::time(nullptr);
    if (second != second_) format(second);
    return {text_.data(), 29};
  }

 private:
  void format(std::time_t second) {
    // strftime would follow the locale; the names here are protocol.
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm t{};
    ::gmtime_r(&second, &t);
    std::snprintf(text_.data(), text_.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[t.tm_wday], t.tm_mday,
                  kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    second_ = second;
  }

  std::array<char, 64> text_{};
  std::time_t second_ = -1;
};

}  // namespace frontdoor
