#include "supervisor/instances/notify_message.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace frontdoor {

namespace {

constexpr std::size_t kLongestStatus = 200;
constexpr std::uint64_t kMostMicros = 24ULL * 3'600 * 1'000'000;

std::string printable(std::string_view text) {
  std::size_t size = std::min(text.size(), kLongestStatus);
  // Not in the middle of a character of UTF-8.
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  std::string out(text.substr(0, size));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

NotifyMessage parse_notify_message(std::string_view text) {
  NotifyMessage message;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t sign = std::min(line.find('='), line.size());
    const std::string_view name = line.substr(0, sign);
    const std::string_view value = line.substr(std::min(sign + 1, line.size()));
    if (name == "READY") message.ready = value == "1";
    if (name == "STOPPING") message.stopping = value == "1";
    if (name == "RELOADING") message.reloading = value == "1";
    if (name == "STATUS") message.status = printable(value);
    if (name == "MAINPID") message.main_pid = number_of<pid_t>(value);
    if (name == "EXTEND_TIMEOUT_USEC")
      if (const auto micros = number_of<std::uint64_t>(value))
        message.extend = Millis(std::min(*micros, kMostMicros) / 1'000);
  }
  return message;
}

}  // namespace frontdoor
