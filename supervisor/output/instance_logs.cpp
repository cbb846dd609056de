#include "supervisor/output/instance_logs.h"

#include <algorithm>

namespace frontdoor {

std::shared_ptr<InstanceLog> InstanceLogs::of(const std::string& pool, unsigned number) {
  auto& log = logs_[{pool, number}];
  if (!log) {
    log = std::make_shared<InstanceLog>();
    log->pool = pool;
    log->number = number;
    log->instance = pool + '.' + std::to_string(number);
  }
  return log;
}

void InstanceLogs::add(InstanceLog& log, OutputLine line, std::string_view text) {
  line.sequence = ++sequence_;
  log.recent.add(std::move(line), text);
  if (waiting_.empty()) return;
  for (const Waiting& follower : waiting_) follower->cancel();
  waiting_.clear();
}

std::vector<LogEntry> InstanceLogs::last(const LogSelection& which, std::size_t count) const {
  std::vector<std::pair<const InstanceLog*, const OutputLine*>> found;
  for (const auto& [place, log] : logs_) {
    if (!which.has(*log)) continue;
    const auto& lines = log->recent.lines();
    const std::size_t first = lines.size() - std::min(count, lines.size());
    for (std::size_t i = first; i < lines.size(); ++i) found.emplace_back(log.get(), &lines[i]);
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.second->sequence < b.second->sequence; });
  if (found.size() > count) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(count));
  std::vector<LogEntry> entries;
  entries.reserve(found.size());
  for (const auto& [log, line] : found) entries.push_back({log->pool, log->instance, *line});
  return entries;
}

void InstanceLogs::forget(const std::function<bool(const std::string& pool)>& named) {
  std::erase_if(logs_, [&](const auto& entry) { return entry.second.use_count() == 1 && !named(entry.first.first); });
}

}  // namespace frontdoor
