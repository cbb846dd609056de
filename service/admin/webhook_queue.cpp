#include "service/admin/webhook_queue.h"

#include <algorithm>

#include "service/admin/webhook_rules.h"

namespace frontdoor {

namespace {

std::size_t memory_of(const Event& event) {
  std::size_t bytes = sizeof event + event.text.size();
  for (const auto& field : event.fields) bytes += sizeof field + field.key.size() + field.value.size();
  return bytes;
}

}  // namespace

std::uint64_t WebhookQueue::take_in(const EventHistory::Batch& batch, LogLevel least) {
  std::uint64_t lost = batch.skipped;
  for (const auto& event : batch.events) {
    if (!goes_to_webhook(*event, least)) continue;
    events_.push_back(event);
    bytes_ += memory_of(*event);
    for (; events_.size() > 1 && (events_.size() > bounds_.events || bytes_ > bounds_.bytes); ++lost) drop_first();
  }
  return lost;
}

EventHistory::Events WebhookQueue::take_out(std::size_t most) {
  EventHistory::Events some;
  some.reserve(std::min(most, events_.size()));
  for (; some.size() < most && !events_.empty(); drop_first()) some.push_back(events_.front());
  return some;
}

void WebhookQueue::keep_only(LogLevel least) {
  std::erase_if(events_, [least](const auto& event) { return !goes_to_webhook(*event, least); });
  bytes_ = 0;
  for (const auto& event : events_) bytes_ += memory_of(*event);
}

void WebhookQueue::clear() {
  events_.clear();
  bytes_ = 0;
}

void WebhookQueue::drop_first() {
  bytes_ -= memory_of(*events_.front());
  events_.pop_front();
}

}  // namespace frontdoor
