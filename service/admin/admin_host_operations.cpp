// What operators ask of the instances, and what those have written (service/admin/admin_host.h).

#include <algorithm>
#include <utility>

#include "base/most_instances.h"
#include "base/unix_time.h"
#include "service/admin/admin_host.h"
#include "service/orders/subject.h"
#include "service/process/supervision.h"
#include "supervisor/instances/instance.h"
#include "supervisor/output/line_follower.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace asio = boost::asio;

namespace {

std::string_view action_of(AdminOperation::Kind kind) {
  switch (kind) {
    case AdminOperation::Kind::Restart:
      return "restart";
    case AdminOperation::Kind::Stop:
      return "stop";
    case AdminOperation::Kind::Start:
      return "start";
    case AdminOperation::Kind::Scale:
      return "scale";
  }
  return "";
}

AdminOutcome to_admin(const OperationResult& result) {
  const RolloutReport& report = result.report;
  // Trust was needed to ask for it: its last words may be told.
  return {result.ok,     to_string(StartFailure{result.error, result.last_words}),
          report.replaced, report.failed, report.served,
          report.held,   report.replayed, report.lost,     report.took};
}

AdminLogLine to_admin(LogEntry entry) {
  return {entry.line.unix_millis, std::move(entry.pool), std::move(entry.instance),
          entry.line.stream == OutputStream::Errors, std::move(entry.line.text)};
}

const PoolStatus* status_of(const std::string& pool, const std::vector<PoolStatus>& statuses) {
  const auto found = std::find_if(statuses.begin(), statuses.end(), [&](const PoolStatus& each) { return each.pool == pool; });
  return found == statuses.end() ? nullptr : &*found;
}

// Why frontdoor runs no such instance, or none of this pool at all. `status`: the pool's, if it has a command.
std::optional<AdminProblem> why_none_of_ours(const std::string& pool, std::optional<unsigned> number, const PoolStatus* status) {
  if (status == nullptr)
    return AdminProblem(409, "not_supervised", "frontdoor does not run the pool \"" + pool + "\": it has no command");
  if (!number) return std::nullopt;
  if (*number == 0) return AdminProblem(404, "no_such_instance", "instances count from 1");
  const bool is_there = std::any_of(status->instances.begin(), status->instances.end(),
                                    [&](const InstanceStatus& instance) { return instance.number == *number; });
  if (is_there || *number <= status->wanted) return std::nullopt;
  return AdminProblem(404, "no_such_instance",
                      "the pool \"" + pool + "\" has no instance " + std::to_string(*number) + ", only 1 to " +
                          std::to_string(status->wanted));
}

class Follower final : public AdminLogFollower {
 public:
  Follower(asio::io_context& control, InstanceLogs& logs, LogSelection which, std::uint64_t after)
      : follower_(control, logs, std::move(which), after) {}

  asio::awaitable<AdminLogBatch> next(std::size_t most, Millis patience) override {
    LogBatch batch = co_await follower_.next(most, patience);
    AdminLogBatch result;
    result.skipped = batch.skipped;
    for (LogEntry& entry : batch.lines) result.lines.push_back(to_admin(std::move(entry)));
    co_return result;
  }

 private:
  LineFollower follower_;
};

}  // namespace

// ---- Operations

std::optional<AdminProblem> AdminHost::why_not(const AdminOperation& operation) const {
  const auto subject = find_subject(operation.pool, pool_names());
  if (!subject) return AdminProblem(404, "no_such_pool", subject.error().message);
  const auto statuses = pool_statuses();
  const PoolStatus* const found = status_of(subject->pool, statuses);
  const auto number = operation.number ? operation.number : subject->number;
  if (auto problem = why_none_of_ours(subject->pool, number, found)) return problem;
  if (view_.draining()) return AdminProblem(409, "stopping", "frontdoor is stopping");
  if (operation.kind != AdminOperation::Kind::Scale) return std::nullopt;
  if (number) return AdminProblem(400, "bad_instances", "a pool is scaled, not an instance of it");
  const std::int64_t wanted = operation.instances + (operation.relative ? std::int64_t{found->wanted} : 0);
  if (wanted < 1) return AdminProblem(400, "bad_instances", "a pool has at least one instance; stop ends them all");
  if (wanted > kMostInstances)
    return AdminProblem(400, "bad_instances", "a pool has at most " + std::to_string(kMostInstances) + " instances");
  return std::nullopt;
}

asio::awaitable<AdminOutcome> AdminHost::carry_out(AdminOperation operation) {
  using Kind = AdminOperation::Kind;
  OperationResult result;
  const auto subject = find_subject(operation.pool, pool_names());
  Supervision* const supervision = view_.supervision();
  if (!subject || supervision == nullptr) {
    result.ok = false;
    result.error = "the pool is no longer there";
    co_return to_admin(result);
  }
  const std::string pool = subject->pool;
  const auto number = operation.number ? operation.number : subject->number;
  Supervisor& supervisor = supervision->supervisor();
  std::string before, wanted;
  std::int64_t instances = operation.instances;
  if (operation.kind == Kind::Scale)
    for (const PoolStatus& status : pool_statuses()) {
      if (status.pool != pool) continue;
      if (operation.relative) instances += status.wanted;
      before = std::to_string(status.wanted);
    }
  instances = std::clamp<std::int64_t>(instances, 1, kMostInstances);
  if (operation.kind == Kind::Scale) wanted = std::to_string(instances);
  OrderedBy by{.name = operation.by, .unix_millis = unix_now_millis(), .since = Clock::now()};
  log_.info("operator", {{"action", action_of(operation.kind)},
                         {"pool", number ? pool + '.' + std::to_string(*number) : pool},
                         {"by", operation.by},
                         {"instances", wanted},
                         {"before", before}});
  switch (operation.kind) {
    case Kind::Restart: {
      const RestartHow how = operation.now ? RestartHow::Now : RestartHow::Rolling;
      result = co_await supervisor.restart(pool, number, how, "restart");
      break;
    }
    case Kind::Stop:
      result = co_await supervisor.stop(pool, number, std::move(by));
      break;
    case Kind::Start:
      result = co_await supervisor.start(pool, number, std::move(by));
      break;
    case Kind::Scale:
      result = co_await supervisor.scale(pool, static_cast<unsigned>(instances), std::move(by));
      break;
  }
  co_return to_admin(result);
}

std::vector<PoolStatus> AdminHost::pool_statuses() const {
  Supervision* const supervision = view_.supervision();
  return supervision == nullptr ? std::vector<PoolStatus>() : supervision->supervisor().status();
}

std::vector<AdminGlance> AdminHost::glance(const std::string& word) const {
  std::vector<AdminGlance> glances;
  const auto subject = find_subject(word, pool_names());
  if (!subject) return glances;
  for (const PoolStatus& pool : pool_statuses())
    if (pool.pool == subject->pool)
      for (const InstanceStatus& instance : pool.instances)
        glances.push_back({instance.instance, to_string(instance.state), instance.pid});
  return glances;
}

// ---- Logs

std::optional<AdminProblem> AdminHost::why_not(const AdminLogFilter& filter) const {
  if (view_.supervision() == nullptr)
    return AdminProblem(409, "not_supervised", "frontdoor runs no instances here, so there are no lines of theirs");
  if (filter.pool.empty()) return std::nullopt;
  const auto subject = find_subject(filter.pool, pool_names());
  if (!subject) return AdminProblem(404, "no_such_pool", subject.error().message);
  const auto number = filter.number ? filter.number : subject->number;
  // What has been written is told, though the pool was scaled down since, or has lost its command.
  if (!view_.supervision()->logs().last({subject->pool, number}, 1).empty()) return std::nullopt;
  const auto statuses = pool_statuses();
  return why_none_of_ours(subject->pool, number, status_of(subject->pool, statuses));
}

std::unique_ptr<AdminLogFollower> AdminHost::follow(const AdminLogFilter& filter, std::size_t count,
                                                    std::vector<AdminLogLine>& last) {
  LogSelection which{filter.pool, filter.number};
  if (!filter.pool.empty()) {
    // Since why_not() a reload may have taken the pool away. What its instances have written is there all the same.
    std::vector<std::string> pools = pool_names();
    pools.push_back(filter.pool.substr(0, filter.pool.rfind('.')));
    const auto subject = find_subject(filter.pool, pools);
    if (subject) which = {subject->pool, filter.number ? filter.number : subject->number};
  }
  InstanceLogs& logs = view_.supervision()->logs();
  for (LogEntry& entry : logs.last(which, count)) last.push_back(to_admin(std::move(entry)));
  return std::make_unique<Follower>(control_, logs, std::move(which), logs.last_sequence());
}

}  // namespace frontdoor
