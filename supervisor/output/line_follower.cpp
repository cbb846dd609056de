#include "supervisor/output/line_follower.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace frontdoor {

namespace asio = boost::asio;

LineFollower::LineFollower(asio::io_context& control, InstanceLogs& logs, LogSelection which, std::uint64_t after)
    : control_(control), logs_(logs), which_(std::move(which)) {
  for (const auto& [place, log] : logs_.logs_) {
    const auto& lines = log->recent.lines();
    const auto next = std::find_if(lines.begin(), lines.end(),
                                   [after](const OutputLine& line) { return line.sequence > after; });
    seen_[log->instance] = next == lines.end() ? log->recent.last_number() : next->number - 1;
  }
}

LogBatch LineFollower::take(std::size_t most) {
  struct Candidate {
    const InstanceLog* log;
    const OutputLine* line;
  };
  LogBatch batch;
  std::vector<Candidate> found;
  for (const auto& [place, log] : logs_.logs_) {
    if (!which_.has(*log)) continue;
    const auto& lines = log->recent.lines();
    if (lines.empty()) continue;
    std::uint64_t& seen = seen_[log->instance];
    const std::uint64_t first = lines.front().number;
    if (first > seen + 1) {
      batch.skipped += first - seen - 1;
      seen = first - 1;
    }
    // A log whose pool was gone for a while begins again.
    if (seen > log->recent.last_number()) seen = first - 1;
    const std::size_t from = static_cast<std::size_t>(seen + 1 - first);
    const std::size_t end = from + std::min(most, lines.size() - from);
    for (std::size_t i = from; i < end; ++i) found.push_back({log.get(), &lines[i]});
  }
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.line->sequence < b.line->sequence;
  });
  if (found.size() > most) found.resize(most);
  batch.lines.reserve(found.size());
  for (const Candidate& one : found) {
    batch.lines.push_back({one.log->pool, one.log->instance, *one.line});
    seen_[one.log->instance] = one.line->number;
  }
  return batch;
}

asio::awaitable<LogBatch> LineFollower::next(std::size_t most, Millis patience) {
  const TimePoint latest = Clock::now() + patience;
  LogBatch batch = take(most);
  while (batch.lines.empty() && Clock::now() < latest) {
    const auto called = std::make_shared<asio::steady_timer>(control_);
    called->expires_at(latest);
    logs_.waiting_.push_back(called);
    co_await called->async_wait(asio::as_tuple(asio::use_awaitable));
    std::erase(logs_.waiting_, called);
    const std::uint64_t skipped = batch.skipped;
    batch = take(most);
    batch.skipped += skipped;
  }
  co_return batch;
}

}  // namespace frontdoor
