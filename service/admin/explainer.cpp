#include "service/admin/explainer.h"

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>

#include "base/short_text.h"
#include "base/unix_time.h"
#include "service/admin/admin_rows.h"
#include "service/admin/explanation.h"
#include "service/admin/request_story.h"
#include "service/orders/order_rules.h"
#include "service/orders/subject.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostExplained = 50;
constexpr std::size_t kEventsLookedAt = 500;
constexpr std::size_t kEventsTold = 6;
constexpr std::int64_t kAroundARequest = 1'000'000;  // microseconds

const char* word_of_outcome(Outcome outcome) {
  switch (outcome) {
    case Outcome::Passed:
      return "passed";
    case Outcome::Failed:
      return "failed";
    case Outcome::TimedOut:
      return "timed out";
    case Outcome::Refused:
      return "refused";
    case Outcome::NotEvidence:
      return "not evidence";
  }
  return "";
}

bool is_fine(const AdminPool& pool, const AdminUpstream& row) {
  return row.state == "up" && !pool.maintenance && (!row.ordered || row.ordered->order == "ready");
}

const Upstream* find_upstream(const Snapshot& snapshot, const std::string& pool, const AdminUpstream& row) {
  const Upstream* found = nullptr;
  for (const Pool& each : snapshot.pools) {
    if (each.name != pool) continue;
    for (const Member& member : each.members) {
      const Upstream& upstream = *member.upstream;
      if (upstream.name() == row.name) return &upstream;
      if (lasting_name(upstream.name()) != row.name) continue;
      if (!found || upstream.address().to_string() == row.address) found = &upstream;
    }
  }
  return found;
}

AdminProbe probe_of(const ProbeRecord& record, TimePoint now, std::int64_t now_unix_millis) {
  AdminProbe probe;
  probe.unix_millis = now_unix_millis - std::chrono::duration_cast<Millis>(now - record.at).count();
  probe.result = word_of_outcome(record.outcome);
  probe.detail = record.detail;
  probe.words = record.words;
  probe.by = record.by == ProbeRecord::By::Probe ? "probe" : "request";
  probe.counted = record.counted;
  probe.latency_micros = std::chrono::duration_cast<std::chrono::microseconds>(record.latency).count();
  return probe;
}

void add_health(const HealthDetail& health, std::int64_t now_unix_millis, WhyFacts& facts, AdminWhy& why) {
  const TimePoint now = Clock::now();
  facts.check = health.check;
  facts.streak = health.streak;
  if (health.next_probe) facts.next_probe_millis = std::chrono::duration_cast<Millis>(*health.next_probe).count();
  for (const ProbeRecord& record : health.recent) why.probes.push_back(probe_of(record, now, now_unix_millis));
}

}  // namespace

AdminWhy Explainer::why_row(const Snapshot& snapshot, const AdminStatus& status, const AdminPool& pool,
                            const AdminUpstream& row) const {
  AdminWhy why{.pool = pool.name, .upstream = row.name};
  WhyFacts facts{.pool = pool.name, .name = row.name, .address = row.address, .state = row.state, .reason = row.reason};
  if (row.since_unix_millis != 0) facts.state_millis = status.now_unix_millis - row.since_unix_millis;
  facts.in_flight = row.in_flight;
  facts.pool_maintenance = pool.maintenance.has_value();
  if (row.ordered) {
    const AdminStanding& by = row.ordered->standing;
    facts.order = row.ordered->order;
    facts.ordered_by = by.by + ", " + short_duration(status.now_unix_millis - by.unix_millis) + " ago" +
                       (by.reason.empty() ? "" : ": " + by.reason);
  }
  if (row.process) {
    facts.is_instance = true;
    facts.last_end = row.process->last_end;
    facts.restarts = row.process->restarts;
    facts.next_start_millis = row.process->next_start_millis;
    facts.pool_stopped = pool.stopped;
  }
  if (const Upstream* const upstream = find_upstream(snapshot, pool.name, row)) {
    facts.cause = upstream->down_cause();
    if (const auto health = health_(*upstream)) add_health(*health, status.now_unix_millis, facts, why);
  }
  const Explanation explanation = explain(facts);
  why.summary = explanation.summary;
  why.back = explanation.back;
  why.advice = explanation.advice;
  why.check = question_of(facts.check, facts.address);
  for (const auto& event : events_.last(kEventsLookedAt, {LogLevel::Info, pool.name}))
    if (lasting_name(event->upstream) == lasting_name(row.name)) why.events.push_back(event);
  if (why.events.size() > kEventsTold) why.events.erase(why.events.begin(), why.events.end() - kEventsTold);
  return why;
}

AdminRequestWhys Explainer::why_request(const std::string& id) {
  AdminRequestWhys whys;
  const std::vector<SeenRequest> found = find_(id);
  if (found.empty()) {
    whys.problem = AdminProblem(404, "no_such_request", why_not_kept(id, snapshot_()->config.access_log.output));
    return whys;
  }
  const std::int64_t now = unix_now_millis();
  for (const SeenRequest& request : found) {
    RequestStory story = tell_story(request, now);
    AdminRequestWhy& why = whys.requests.emplace_back();
    why.summary = std::move(story.summary);
    why.meaning = std::move(story.meaning);
    why.stages = std::move(story.stages);
    why.advice = std::move(story.advice);
    boost::system::error_code unreadable;
    if (const auto value = boost::json::parse(to_json(request), unreadable); !unreadable && value.is_object())
      why.request = value.get_object();
    // A little before and behind: what brought it down may have been seen a moment later.
    const std::int64_t ended = request.ended_unix_millis * 1'000;
    const std::int64_t began = ended - static_cast<std::int64_t>(request.total_us);
    for (const auto& event : events_.since(began - kAroundARequest, kEventsLookedAt, {LogLevel::Info, request.pool}))
      if (event->unix_micros <= ended + kAroundARequest && why.events.size() < kEventsTold) why.events.push_back(event);
  }
  return whys;
}

asio::awaitable<AdminWhys> Explainer::why(std::string pool_word, std::string upstream_word) {
  AdminWhys whys;
  const AdminStatus status = co_await target_.status();
  const auto snapshot = snapshot_();
  std::string wanted_pool;
  bool of_number = false;  // the pool's word was an instance's: "app.2"
  if (!pool_word.empty()) {
    std::vector<std::string> pools;
    for (const AdminPool& pool : status.pools) pools.push_back(pool.name);
    const auto subject = find_subject(pool_word, pools);
    if (!subject) {
      whys.problem = AdminProblem(404, "no_such_pool", subject.error().message);
      co_return whys;
    }
    wanted_pool = subject->pool;
    of_number = upstream_word.empty() && subject->number;
    if (of_number) upstream_word = std::to_string(*subject->number);
  }
  std::size_t all = 0, fine = 0;
  for (const AdminPool& pool : status.pools) {
    if (!wanted_pool.empty() && pool.name != wanted_pool) continue;
    std::vector<std::string> names;
    for (const AdminUpstream& row : pool.upstreams) names.push_back(row.name);
    const OrderSubject subject = find_order_subject(upstream_word, pool.name, names);
    if (!upstream_word.empty() && subject.key.empty()) {
      whys.problem = no_such_upstream(of_number ? pool_word : upstream_word, pool.name, names);
      co_return whys;
    }
    if (pool.failed_change)
      whys.failed_changes.push_back({pool.name,
                                     failed_change_sentence(pool.name, *pool.failed_change, status.now_unix_millis),
                                     advice_about(*pool.failed_change, pool.name)});
    for (const AdminUpstream& row : pool.upstreams) {
      ++all;
      fine += is_fine(pool, row) ? 1 : 0;
      const bool meant = upstream_word.empty() ? !is_fine(pool, row)
                                               : std::find(subject.upstreams.begin(), subject.upstreams.end(), row.name) !=
                                                     subject.upstreams.end();
      if (meant && whys.upstreams.size() < kMostExplained) whys.upstreams.push_back(why_row(*snapshot, status, pool, row));
    }
  }
  whys.summary = std::to_string(fine) + " of " + std::to_string(all) + " upstreams take requests";
  co_return whys;
}

}  // namespace frontdoor
