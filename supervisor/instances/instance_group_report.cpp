// What a pool's group tells: whoever asked for something, the event log, and `status`.

#include <algorithm>
#include <chrono>
#include <utility>

#include "supervisor/instances/instance_group.h"

namespace frontdoor {

namespace {

const char* to_string(Wish::What what) {
  switch (what) {
    case Wish::What::Restart:
      return "restart";
    case Wish::What::Start:
      return "start";
    case Wish::What::Stop:
      return "stop";
    case Wish::What::Scale:
      return "scale";
    case Wish::What::Fit:
      return "config change";
  }
  return "";
}

bool replaces(const Wish& wish) { return wish.what == Wish::What::Restart || wish.what == Wish::What::Fit; }

}  // namespace

void InstanceGroup::note_replaced(unsigned number) {
  for (const auto& pending : pending_)
    if (replaces(pending->wish) && pending->wish.number.value_or(number) == number) ++pending->replaced;
}

void InstanceGroup::answer() {
  const std::vector<PlaceView> places = look();
  for (auto each = pending_.begin(); each != pending_.end();) {
    const std::shared_ptr<PendingWish> pending = *each;
    const Fulfilment found = plan_.look(pending->wish, places);
    if (found.what == Fulfilment::What::Pending && !stopping_) {
      ++each;
      continue;
    }
    pending->result = result_of(*pending, found);
    tell(*pending, *pending->result);
    each = pending_.erase(each);
    changed_->tell();
  }
}

OperationResult InstanceGroup::result_of(const PendingWish& pending, const Fulfilment& found) const {
  const PoolTraffic traffic = context_.host.traffic_of(pool_).since(pending.before);
  OperationResult result;
  result.report = {.replaced = pending.replaced,
                   .failed = pending.failed,
                   .served = traffic.served(),
                   .held = traffic.held,
                   .replayed = traffic.replayed,
                   .lost = traffic.lost,
                   .took = Clock::now() - pending.began};
  const auto said = [&](StartFailure failure) {
    result.error = std::move(failure.why);
    result.last_words = std::move(failure.last_words);
  };
  switch (found.what) {
    case Fulfilment::What::Done:
      return result;
    case Fulfilment::What::Failed:
      said(found.number == 0 ? replacement_failure_ : why_not_up(found.number));
      break;
    case Fulfilment::What::Overtaken:
      result.error = std::string("it was ") + found.by + " meanwhile";
      break;
    case Fulfilment::What::Pending:
      result.error = "frontdoor is stopping";
      break;
  }
  result.ok = false;
  return result;
}

StartFailure InstanceGroup::why_not_up(unsigned number) const {
  const auto its = places_.find(number);
  const std::string name = pool_ + '.' + std::to_string(number);
  if (its == places_.end()) return {name + " does not come up", ""};
  if (!its->second.serving) return {name + " has no place to listen: " + its->second.no_place, ""};
  StartFailure failure = its->second.serving->failure();
  failure.why.insert(0, name + " does not come up: ");
  return failure;
}

void InstanceGroup::tell(const PendingWish& pending, const OperationResult& result) {
  const Wish& wish = pending.wish;
  // That instances come up as the config says, or do not, is told by themselves.
  if (wish.what == Wish::What::Fit && pending.replaced == 0 && (pending.failed == 0 || result.ok)) return;
  const std::string name = wish.number ? pool_ + '.' + std::to_string(*wish.number) : pool_;
  const std::string what = to_string(wish.what);
  const RolloutReport& report = result.report;
  const auto took = std::chrono::duration_cast<Millis>(report.took).count();
  if (!result.ok) {
    context_.log.error(what + " failed", {{"pool", name}, {"reason", wish.reason}, {"error", result.error}, {"last_words", result.last_words}});
  } else if (replaces(wish)) {
    context_.log.info(what + " done", {{"pool", name},
                                       {"reason", wish.reason},
                                       {"replaced", static_cast<std::uint64_t>(report.replaced)},
                                       {"served", report.served},
                                       {"held", report.held},
                                       {"replayed", report.replayed},
                                       {"lost", report.lost},
                                       {"took_ms", took}});
  } else if (wish.by) {
    context_.log.info(what + " done", {{"pool", name},
                                       {"instances", static_cast<std::uint64_t>(plan_.count())},
                                       {"by", wish.by->name},
                                       {"took_ms", took}});
  } else {
    context_.log.info(what + " done", {{"pool", name}, {"instances", static_cast<std::uint64_t>(plan_.count())}, {"took_ms", took}});
  }
}

// Of one that nobody has asked for again. Code that has changed is what each process is started with that comes later: when
// none is left of those that stayed, there is nothing to tell of.
std::optional<FailedRoll> InstanceGroup::failed_roll() const {
  if (!failed_roll_ || !plan_.keeps_what_served()) return std::nullopt;
  const bool one_stays = std::any_of(places_.begin(), places_.end(), [this](const auto& entry) {
    const auto& serving = entry.second.serving;
    return serving && serving->was_up() && serving->born() < failed_born_;
  });
  return failed_roll_->of_config() || one_stays ? failed_roll_ : std::nullopt;
}

InstanceStatus InstanceGroup::status_of(const Instance& instance, const Place& place) const {
  const PlaceHistory& history = *place.history;
  return {.instance = instance.address().instance,
          .number = instance.number(),
          .endpoint = is_nowhere(instance.address().endpoint) ? std::nullopt : std::optional(instance.address().endpoint),
          .state = instance.state(),
          .since = instance.since(),
          .pid = instance.pid(),
          .starts = history.starts,
          .restarts = history.starts - std::min(history.starts, 1U),
          .last_end = history.last_end,
          .last_end_at = history.last_end_at,
          .next_start = instance.next_start(),
          .says = instance.says(),
          .late = instance.late(),
          .last_reason = history.last_reason,
          .requests_at_end = history.requests_at_end,
          .upstream = instance.upstream()};
}

PoolStatus InstanceGroup::status() const {
  PoolStatus status{.pool = pool_, .wanted = plan_.count(), .scaled = plan_.scaled(), .stopped = plan_.stopped()};
  status.none_wanted = plan_.none_wanted();
  status.scaled_by = plan_.scaled_by();
  status.stopped_by = plan_.stopped_by();
  status.changing = !pending_.empty();
  for (const auto& pending : pending_) {
    const Wish& wish = pending->wish;
    if (wish.what == Wish::What::Fit && pending->replaced == 0 && pending->failed == 0) continue;
    status.operation = to_string(wish.what);
    if (replaces(wish))
      status.operation += ": " + std::to_string(pending->replaced) + " of " +
                          std::to_string(wish.number ? 1 : plan_.count());
    if (!wish.reason.empty()) status.operation += " (" + wish.reason + ")";
    break;
  }
  status.failed_roll = failed_roll();
  unsigned last = plan_.count();
  if (!places_.empty()) last = std::max(last, places_.rbegin()->first);
  for (unsigned number = 1; number <= last; ++number) {
    const auto its = places_.find(number);
    if (its != places_.end()) {
      const Place& place = its->second;
      for (const auto* const member : {&place.next, &place.serving})
        if (*member) status.instances.push_back(status_of(**member, place));
      for (const auto& leaving : place.leaving) status.instances.push_back(status_of(*leaving, place));
      if (!place.empty()) continue;
    }
    if (number > plan_.count()) continue;
    InstanceStatus stopped{.instance = pool_ + '.' + std::to_string(number), .number = number};
    stopped.stopped_by = plan_.stopped_by(number);
    if (its != places_.end() && plan_.wanted(number) && !its->second.no_place.empty()) {
      stopped.state = InstanceState::Pausing;
      stopped.late = "it has no place to listen: " + its->second.no_place;
    }
    if (its != places_.end()) {
      const PlaceHistory& history = *its->second.history;
      stopped.starts = history.starts;
      stopped.restarts = history.starts - std::min(history.starts, 1U);
      stopped.last_end = history.last_end;
      stopped.last_end_at = history.last_end_at;
      stopped.since = history.last_end_at.value_or(TimePoint{});
      stopped.last_reason = history.last_reason;
      stopped.requests_at_end = history.requests_at_end;
    }
    status.instances.push_back(std::move(stopped));
  }
  return status;
}

}  // namespace frontdoor
