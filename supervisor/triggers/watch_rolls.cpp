#include "supervisor/triggers/watch_rolls.h"

#include <algorithm>
#include <chrono>

namespace frontdoor {

namespace {

constexpr Duration kQuiet = Millis(100);
constexpr Duration kLongestUnsettled = std::chrono::seconds(1);  // what never settles is looked at nevertheless

constexpr Duration kEcho = std::chrono::seconds(2);  // behind a roll: what an app writes when it has come up
constexpr unsigned kEchoes = 3;
constexpr Duration kFirstEchoPause = std::chrono::seconds(10);
constexpr Duration kLongestEchoPause = std::chrono::minutes(10);
constexpr std::size_t kMostNames = 100;

Duration pause_after_echoes(unsigned echoes) {
  if (echoes < kEchoes) return {};
  Duration pause = kFirstEchoPause;
  for (unsigned i = kEchoes; i < echoes && pause < kLongestEchoPause; ++i) pause *= 2;
  return std::min(pause, kLongestEchoPause);
}

}  // namespace

void Settling::changed(TimePoint now) {
  if (!due_) latest_ = now + kLongestUnsettled;
  due_ = std::min(now + kQuiet, latest_);
}

void WatchRolls::changed(const std::vector<std::string>& files, TimePoint now) {
  if (files.empty()) return;
  const bool echo = rolling_ || (ended_at_ && now < *ended_at_ + kEcho);
  if (!echo && !echoed_) {  // the last roll has left none: there is no loop any more
    echoes_ = 0;
    suspects_.clear();
    told_ = false;
  }
  if (echo) {
    echoed_ = true;
    for (const std::string& file : files)
      if (suspects_.size() < kMostNames) suspects_.insert(file);
  }
  const bool own = echo || std::all_of(files.begin(), files.end(),
                                       [&](const std::string& file) { return suspects_.contains(file); });
  waiting_echo_ = own && (count_ == 0 || waiting_echo_);
  for (const std::string& file : files) {
    if (std::find(waiting_.begin(), waiting_.end(), file) != waiting_.end()) continue;
    ++count_;
    if (waiting_.size() < kMostNames) waiting_.push_back(file);
  }
}

std::optional<TimePoint> WatchRolls::due() const {
  if (rolling_ || count_ == 0) return std::nullopt;
  if (!ended_at_) return TimePoint{};
  return waiting_echo_ ? *ended_at_ + pause_after_echoes(echoes_) : *ended_at_;
}

WatchRolls::Roll WatchRolls::begin() {
  Roll roll;
  roll.files = waiting_.front();
  if (count_ > 1) roll.files += " and " + std::to_string(count_ - 1) + " more";
  if (waiting_echo_) ++echoes_;
  if (echoes_ >= kEchoes && !told_) roll.told_loop = told_ = true;
  roll.pause = pause_after_echoes(echoes_);
  rolls_for_ = std::move(waiting_.front());
  waiting_.clear();
  count_ = 0;
  echoed_ = false;
  rolling_ = true;
  return roll;
}

void WatchRolls::ended(TimePoint now) {
  rolling_ = false;
  ended_at_ = now;
}

void WatchRolls::interrupted(TimePoint now) {
  if (!rolling_) return;
  ended(now);
  waiting_.insert(waiting_.begin(), rolls_for_);
  ++count_;
  waiting_echo_ = false;
}

}  // namespace frontdoor
