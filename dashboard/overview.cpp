#include "dashboard/overview.h"

#include <algorithm>
#include <map>
#include <optional>

namespace frontdoor {

namespace {

std::string requests(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " request" : " requests"); }

// "1 of 4 is down", "none of 3 is up".
std::string share(std::size_t some, std::size_t all, const char* what) {
  return std::to_string(some) + " of " + std::to_string(all) + (some == 1 ? " is " : " are ") + what;
}

struct PoolWords {
  Level level = Level::Good;
  std::string text;
};

std::optional<PoolWords> trouble_of(const AdminPool& pool, std::uint64_t held) {
  if (pool.maintenance) return PoolWords{Level::Warning, "pool " + pool.name + ": in maintenance"};
  const PoolCount counts = count(pool);
  const std::size_t wanted = counts.all - counts.resting;
  PoolWords words;
  if (counts.bad + counts.coming == 0 && held == 0 && !pool.failed_change) return std::nullopt;
  if (counts.bad + counts.coming == 0 && held == 0) {
    words.level = Level::Warning;  // the old ones serve on
  } else if (counts.bad + counts.coming == 0) {
    words = {Level::Warning, "all busy"};
    if (counts.good == 0) words.text = "none takes requests";
  } else if (counts.good == 0) {
    const bool starting = counts.bad == 0;
    words.level = starting ? Level::Warning : Level::Bad;
    if (wanted == 1)
      words.text = starting ? "its only upstream is starting" : "its only upstream is down";
    else
      words.text = starting ? "all " + std::to_string(wanted) + " are starting" : "none of " + std::to_string(wanted) + " is up";
  } else {
    words.level = Level::Warning;
    words.text = counts.bad != 0 ? share(counts.bad, wanted, "down") : share(counts.coming, wanted, "starting");
    if (counts.bad != 0 && counts.coming != 0) words.text += ", " + std::to_string(counts.coming) + " starting";
  }
  if (held != 0) words.text += ", " + requests(held) + " held";
  if (pool.failed_change) {
    const std::string change = pool.failed_change->keys.empty() ? "a restart failed" : "a config change failed";
    words.text += words.text.empty() ? change + ", the old ones serve on" : ", " + change;
  }
  words.text = "pool " + pool.name + ": " + words.text;
  return words;
}

std::string all_well(std::size_t good, std::size_t resting, std::size_t pools) {
  std::string text;
  if (good == 0 && resting == 0) text = pools == 0 ? "There is no pool" : "No pool has an upstream";
  else if (good == 0) text = "No upstream takes requests";
  else if (good == 1) text = "The upstream is up";
  else text = "All " + std::to_string(good) + " upstreams are up";
  if (resting != 0) text += ", " + std::to_string(resting) + (resting == 1 ? " is" : " are") + " at rest";
  return text;
}

}  // namespace

std::string shown_state(const AdminUpstream& upstream) {
  if (!upstream.ordered) return upstream.state;
  if (upstream.ordered->order == "maintenance") return "maintenance";
  if (upstream.ordered->order != "drain") return upstream.state;
  return upstream.in_flight != 0 ? "draining" : "drained";
}

Condition condition_of(std::string_view state) {
  if (state == "up") return Condition::Good;
  if (state == "starting" || state == "unknown" || state == "pausing") return Condition::Coming;
  if (state == "draining" || state == "drained" || state == "stopping" || state == "stopped" || state == "idle" ||
      state == "done" || state == "maintenance")
    return Condition::Resting;
  return Condition::Bad;
}

const char* to_string(Condition condition) {
  switch (condition) {
    case Condition::Good: return "good";
    case Condition::Coming: return "coming";
    case Condition::Bad: return "bad";
    case Condition::Resting: break;
  }
  return "resting";
}

const char* to_string(Level level) {
  return level == Level::Good ? "good" : level == Level::Warning ? "warning" : "bad";
}

PoolCount count(const AdminPool& pool) {
  // An old one that leaves says nothing of its place when a new one is there.
  const auto rank = [](Condition condition) {
    return condition == Condition::Good ? 0 : condition == Condition::Coming ? 1 : condition == Condition::Bad ? 2 : 3;
  };
  std::map<std::string_view, Condition> places;
  for (const AdminUpstream& upstream : pool.upstreams) {
    const Condition condition = condition_of(shown_state(upstream));
    const auto [place, fresh] = places.emplace(upstream.name, condition);
    if (!fresh && rank(condition) < rank(place->second)) place->second = condition;
  }
  PoolCount counts;
  counts.all = places.size();
  for (const auto& [name, condition] : places) {
    counts.good += condition == Condition::Good ? 1 : 0;
    counts.coming += condition == Condition::Coming ? 1 : 0;
    counts.bad += condition == Condition::Bad ? 1 : 0;
    counts.resting += condition == Condition::Resting ? 1 : 0;
  }
  return counts;
}

const PoolTotals* find_pool(const Totals& totals, std::string_view name) {
  for (const PoolTotals& pool : totals.pools)
    if (pool.name == name) return &pool;
  return nullptr;
}

Overview overview_of(const AdminStatus& status, const Totals& totals) {
  std::optional<PoolWords> worst;
  std::size_t troubled = 0, good = 0, resting = 0;
  for (const AdminPool& pool : status.pools) {
    const PoolCount counts = count(pool);
    good += counts.good;
    resting += counts.resting;
    const PoolTotals* const counted = find_pool(totals, pool.name);
    const auto trouble = trouble_of(pool, counted == nullptr ? 0 : counted->held_now);
    if (!trouble) continue;
    ++troubled;
    if (!worst || trouble->level > worst->level) worst = trouble;
  }
  Overview overview{Level::Good, all_well(good, resting, status.pools.size())};
  if (worst) {
    overview = {worst->level, worst->text};
    const std::size_t others = troubled - 1;
    if (others != 0)
      overview.sentence += ", and " + std::to_string(others) + " more " + (others == 1 ? "pool has" : "pools have") + " trouble";
  }
  if (status.state != "draining") return overview;
  overview.level = std::max(overview.level, Level::Warning);
  overview.sentence = "frontdoor is stopping: it finishes what is open. " + overview.sentence;
  return overview;
}

}  // namespace frontdoor
