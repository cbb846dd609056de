#include "proxy/access_log/notable_requests.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/unix_time.h"

namespace frontdoor {

namespace {

constexpr std::size_t kLongestNote = 256;  // of a text that a client or an app has chosen

std::string beginning_of(std::string_view text) { return std::string(text.substr(0, kLongestNote)); }

NotableRequest notable(const AccessRecord& record, bool failed, std::int64_t ended_unix_millis) {
  return {.failed = failed,
          .ended_unix_millis = ended_unix_millis,
          .method = beginning_of(record.method),
          .host = beginning_of(record.host),
          .path = beginning_of(record.target.substr(0, record.target.find('?'))),
          .request_id = beginning_of(record.request_id),
          .pool = beginning_of(record.route_pool),
          .upstream = beginning_of(record.upstream),
          .outcome = beginning_of(record.outcome),
          .detail = beginning_of(record.detail),
          .protocol = std::string(protocol_name(record.version)),
          .tls = std::string(record.tls_version),
          .upstream_protocol = record.upstream.empty() ? "" : record.upstream_speaks_http2 ? "HTTP/2.0" : "HTTP/1.1",
          .retry_rule = record.retry_rule,
          .status = record.status,
          .tries = record.tries,
          .held_us = record.held_us,
          .connect_us = record.connect_us,
          .first_byte_us = record.first_byte_us,
          .total_us = record.total_us};
}

}  // namespace

void NotableRequests::add(const AccessRecord& record, bool failed, Duration took) noexcept {
  try {
    note(record, failed, took);
  } catch (const std::bad_alloc&) {
  }
}

void NotableRequests::note(const AccessRecord& record, bool failed, Duration took) {
  NotableRequest request = notable(record, failed, unix_now_millis());
  const std::lock_guard lock(mutex_);
  if (failed) {
    if (failures_.size() >= kMostFailed) return;
    failures_.push_back(std::move(request));
    failed_.store(failures_.size(), std::memory_order_relaxed);
    return;
  }
  const auto place = std::find_if(slow_.begin(), slow_.end(), [took](const Slow& other) { return other.took < took; });
  slow_.insert(place, {took, std::move(request)});
  if (slow_.size() > kMostSlow) slow_.pop_back();
  if (slow_.size() == kMostSlow) slow_enough_.store(slow_.back().took.count(), std::memory_order_relaxed);
}

std::vector<NotableRequest> NotableRequests::take() {
  std::vector<NotableRequest> taken;
  std::vector<Slow> slow;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(failures_);
    slow.swap(slow_);
    failed_.store(0, std::memory_order_relaxed);
    slow_enough_.store(0, std::memory_order_relaxed);
  }
  for (Slow& each : slow) taken.push_back(std::move(each.request));
  return taken;
}

}  // namespace frontdoor
