#include "service/process/predecessors.h"

#include <charconv>

namespace frontdoor {

namespace {

constexpr std::size_t kMostKnown = 100;

}  // namespace

Predecessors::Predecessors(std::string_view text) {
  while (!text.empty() && known_.size() < kMostKnown) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == text.npos ? text.size() : space + 1);
    ProcessInfo one;
    const char* const end = word.data() + word.size();
    const auto pid = std::from_chars(word.data(), end, one.pid);
    if (pid.ec != std::errc{} || pid.ptr == end || *pid.ptr != ':' || one.pid <= 0) continue;
    const auto started = std::from_chars(pid.ptr + 1, end, one.started);
    if (started.ec == std::errc{} && started.ptr == end) known_.push_back(one);
  }
}

std::size_t Predecessors::draining() {
  std::erase_if(known_, [](const ProcessInfo& one) {
    const auto now = read_process(one.pid);
    return !now || now->state == 'Z' || now->started != one.started;
  });
  return known_.size();
}

std::string Predecessors::to_text(const ProcessInfo& itself) const {
  std::string text;
  for (const ProcessInfo& one : known_) text += std::to_string(one.pid) + ':' + std::to_string(one.started) + ' ';
  return text + std::to_string(itself.pid) + ':' + std::to_string(itself.started);
}

}  // namespace frontdoor
