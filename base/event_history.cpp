#include "base/event_history.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace frontdoor {

namespace {

constexpr std::size_t kLongestText = 512;
constexpr std::size_t kLongestValue = 1'024;  // an app's last words; the log itself has them whole, where there is room
constexpr std::size_t kOverhead = 128;        // of an event that has no fields

// Not in the middle of a character.
std::string shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && limit - end < 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

std::string_view Event::field(std::string_view key) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& each) { return each.key == key; });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

// Without memory an event is lost here, and its number is the gap that tells.
void EventHistory::took(std::chrono::system_clock::time_point at, LogLevel level, std::string_view text,
                        LogFields fields) noexcept {
  try {
    auto event = std::make_shared<Event>();
    event->unix_micros = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
    event->level = level;
    event->text = shortened(text, kLongestText);
    std::size_t bytes = kOverhead + event->text.size();
    event->fields.reserve(fields.size());
    for (const LogField& field : fields) {
      Event::Field& kept = event->fields.emplace_back(Event::Field{std::string(field.key), shortened(field.value, kLongestValue),
                                                                   field.number});
      bytes += sizeof(Event::Field) + kept.value.size();
    }
    event->pool = event->field("pool");
    event->upstream = event->field("upstream");
    if (event->upstream.empty()) event->upstream = event->field("instance");
    keep(std::move(event), bytes);
    const std::lock_guard lock(listener_mutex_);
    if (listener_) listener_();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    ++last_number_;
  }
}

void EventHistory::keep(std::shared_ptr<Event> event, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  Event& kept = *event;
  events_.emplace_back(std::move(event), bytes);  // the only step that may fail
  kept.id = last_id_ = std::max(last_id_ + 1, kept.unix_micros);
  kept.number = ++last_number_;
  bytes_ += bytes;
  while (events_.size() > 1 && (events_.size() > bounds_.events || bytes_ > bounds_.bytes)) {
    bytes_ -= events_.front().second;
    events_.pop_front();
  }
}

bool EventFilter::is_about(const Event& event) const {
  // One of a name's addresses is "app.internal:80 (10.0.0.2)".
  const auto is_its_upstream = [&](std::string_view word) {
    const std::string_view name = event.upstream;
    return name == word || (name.starts_with(word) && name.substr(word.size()).starts_with(" ("));
  };
  if (pool.empty() || event.pool == pool || event.pool.starts_with(pool + '.')) return true;
  const auto slash = pool.find('/');
  if (slash == std::string::npos) return is_its_upstream(pool);
  const std::string_view word = pool;
  return event.pool == word.substr(0, slash) && is_its_upstream(word.substr(slash + 1));
}

EventHistory::Events EventHistory::last(std::size_t most, const EventFilter& filter) const {
  Events found;
  const std::lock_guard lock(mutex_);
  for (auto each = events_.rbegin(); each != events_.rend() && found.size() < most; ++each)
    if (filter.takes(*each->first)) found.push_back(each->first);
  std::reverse(found.begin(), found.end());
  return found;
}

EventHistory::Events EventHistory::since(std::int64_t id, std::size_t most, const EventFilter& filter) const {
  Events found;
  const std::lock_guard lock(mutex_);
  for (const auto& [event, bytes] : events_) {
    if (found.size() >= most) break;
    if (event->id > id && filter.takes(*event)) found.push_back(event);
  }
  return found;
}

EventHistory::Batch EventHistory::behind(std::uint64_t number, std::size_t most) const {
  Batch batch;
  const std::lock_guard lock(mutex_);
  std::uint64_t seen = number;
  for (const auto& [event, bytes] : events_) {
    if (event->number <= number) continue;
    if (batch.events.size() >= most) break;
    batch.skipped += event->number - seen - 1;
    seen = event->number;
    batch.events.push_back(event);
  }
  return batch;
}

std::uint64_t EventHistory::last_number() const {
  const std::lock_guard lock(mutex_);
  return last_number_;
}

std::int64_t EventHistory::last_id() const {
  const std::lock_guard lock(mutex_);
  return last_id_;
}

std::uint64_t EventHistory::forgotten() const {
  const std::lock_guard lock(mutex_);
  return last_number_ - events_.size();
}

void EventHistory::set_listener(std::function<void()> listener) {
  const std::lock_guard lock(listener_mutex_);
  listener_ = std::move(listener);
}

}  // namespace frontdoor
