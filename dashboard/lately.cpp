#include "dashboard/lately.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "admin/event.h"
#include "dashboard/traffic.h"

namespace frontdoor {

namespace {

constexpr std::int64_t kOneFall = 3'000'000;  // microseconds: between what its process and what its checks say of one death
constexpr std::size_t kNamed = 3;             // upstreams; of more, how many they are
constexpr std::size_t kKinds = 3;             // of requests that failed
constexpr std::size_t kLongestTarget = 60;

// What a process does to itself, or the kernel to it for what it has done.
constexpr auto crash_signals = std::to_array<std::string_view>(
    {"SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"});

std::string how_it_ended(std::string_view end) {
  const bool crash = std::any_of(crash_signals.begin(), crash_signals.end(),
                                 [end](std::string_view each) { return end.starts_with(each); });
  std::string text = crash ? "crashed" : "ended";
  if (!end.empty()) text.append(" (").append(end).append(")");
  return text;
}

// "app.3" of "app.3 (127.0.0.1:24003)": what those who run it call an instance.
std::string name_for_people(const Event& event) {
  const std::string_view name = event.upstream;
  const auto address = name.find(" (");
  const bool instance = name.starts_with(event.pool + '.') && address != std::string_view::npos;
  return std::string(instance ? name.substr(0, address) : name);
}

// "12 345", with a space that does not break.
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, "\u202f");
  return text;
}

std::string times(std::size_t count) {
  return count == 1 ? "" : count == 2 ? " twice" : ' ' + std::to_string(count) + " times";
}

std::string how_long(std::int64_t seconds) {
  if (seconds >= 120) return std::to_string(seconds / 60) + " minutes";
  return std::to_string(std::max<std::int64_t>(seconds, 1)) + (seconds <= 1 ? " second" : " seconds");
}

std::string capitalised(std::string text) {
  if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

void add_part(std::string& list, std::string_view separator, std::string_view part) {
  if (!list.empty()) list += separator;
  list += part;
}

// "POST /crash"; "" when there are too many kinds, or more have failed than are known.
std::string kinds_of(const std::vector<SeenRequest>& failed, std::uint64_t all) {
  if (failed.size() < all) return "";
  std::vector<std::string> kinds;
  for (const SeenRequest& each : failed) {
    const std::string kind = each.method + ' ' + each.path.substr(0, kLongestTarget);
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) continue;
    if (kinds.size() == kKinds) return "";
    kinds.push_back(kind);
  }
  std::string text;
  for (const std::string& kind : kinds) add_part(text, ", ", kind);
  return text;
}

}  // namespace

void Lately::add(const Event& event) {
  const std::string_view kind = event_kind(event);
  const bool is_end = kind == "ended" || kind == "crash_loop";
  if ((!is_end && kind != "evicted") || event.upstream.empty()) return;
  Fall fall{event.unix_micros, name_for_people(event), is_end ? how_it_ended(event.field("end")) : "went down", is_end};
  if (told_already(fall)) return;
  if (falls_.size() == kFalls) falls_.erase(falls_.begin());
  falls_.push_back(std::move(fall));
}

// The death of an instance is seen by its checks, by traffic and by its process, in any order. The last knows best.
bool Lately::told_already(const Fall& fall) {
  for (auto other = falls_.rbegin(); other != falls_.rend(); ++other) {
    if (fall.unix_micros - other->unix_micros > kOneFall) return false;
    if (other->name != fall.name || other->is_end == fall.is_end) continue;
    if (fall.is_end) *other = fall;
    return true;
  }
  return false;
}

Lately::Counted Lately::count(const Totals& totals) {
  const TrafficTotals all = all_traffic(totals);
  Counted counted{all.requests, all.errors, 0, 0};
  for (const PoolTotals& pool : totals.pools) {
    for (const WordTotal& each : pool.retries) counted.sent_again += each.count;
    counted.held += pool.hold_wait.count();
  }
  return counted;
}

void Lately::add(std::int64_t second, std::int64_t unix_millis, const Totals& totals) {
  if (first_second_ != 0 && second <= last_second_) return;
  const Counted now = count(totals);
  // A pool that has left took its counts with it: what came meanwhile is not known, and is little.
  const auto more = [](std::uint64_t after, std::uint64_t before) { return after < before ? 0 : after - before; };
  if (first_second_ != 0)
    seconds_.push({second,
                   {more(now.requests, counted_.requests), more(now.failed, counted_.failed),
                    more(now.sent_again, counted_.sent_again), more(now.held, counted_.held)}});
  else
    first_second_ = second;
  counted_ = now;
  last_second_ = second;
  unix_millis_ = unix_millis;
  const std::int64_t oldest = (unix_millis - kSeconds * 1'000) * 1'000;
  std::erase_if(falls_, [oldest](const Fall& fall) { return fall.unix_micros < oldest; });
}

std::string Lately::sentence(const std::vector<SeenRequest>& failed) const {
  const std::string fell = falls();
  const std::string then = requests(failed);
  std::string text = "In the last " + how_long(std::min(last_second_ - first_second_, kSeconds)) + ' ';
  text += fell.empty() ? then : fell + ". " + capitalised(then);
  return text + '.';
}

// "app.3 crashed twice (SIGABRT), app.1 and app.2 crashed (SIGABRT)": those that fell most come first, and who fell in the
// same way and as often is named together.
std::string Lately::falls() const {
  struct Name {
    std::string name;
    std::string how;  // the last time
    std::size_t count = 0;
  };
  std::vector<Name> names;
  for (const Fall& fall : falls_) {
    auto found = std::find_if(names.begin(), names.end(), [&](const Name& each) { return each.name == fall.name; });
    if (found == names.end()) found = names.insert(names.end(), Name{fall.name, "", 0});
    found->how = fall.how;
    ++found->count;
  }
  if (names.size() > kNamed)
    return std::to_string(names.size()) + " upstreams went down, " + std::to_string(falls_.size()) + " times in all";
  std::stable_sort(names.begin(), names.end(), [](const Name& a, const Name& b) {
    return std::tie(b.count, a.how, a.name) < std::tie(a.count, b.how, b.name);
  });
  std::string text;
  for (std::size_t i = 0; i < names.size();) {
    const Name& first = names[i];
    std::size_t end = i + 1;
    while (end < names.size() && names[end].count == first.count && names[end].how == first.how) ++end;
    std::string who;
    for (; i < end; ++i) add_part(who, i + 1 == end ? " and " : ", ", names[i].name);
    const auto detail = first.how.find(" (");
    add_part(text, ", ", who + ' ' + first.how.substr(0, detail) + times(first.count));
    if (detail != std::string::npos) text += first.how.substr(detail);
  }
  return text;
}

std::vector<SeenRequest> Lately::recent(const std::vector<SeenRequest>& failed) const {
  std::vector<SeenRequest> lately;
  for (const SeenRequest& each : failed)
    if (each.ended_unix_millis > unix_millis_ - kSeconds * 1'000) lately.push_back(each);
  return lately;
}

std::string Lately::requests(const std::vector<SeenRequest>& failed) const {
  Counted sum;
  for (std::size_t i = 0; i < seconds_.size(); ++i) {
    const Second& each = seconds_[i];
    if (each.second <= last_second_ - kSeconds) continue;
    sum.requests += each.more.requests;
    sum.failed += each.more.failed;
    sum.sent_again += each.more.sent_again;
    sum.held += each.more.held;
  }
  if (sum.requests == 0) return "no request has ended";
  const std::string of_all = sum.requests == 1 ? "the only request" : grouped(sum.requests) + " requests";
  std::string text;
  if (sum.failed == 0) {
    text = sum.requests == 1 ? of_all + " did not fail" : "none of " + of_all + " failed";
  } else {
    text = sum.requests == 1 ? of_all + " failed" : grouped(sum.failed) + " of " + of_all + " failed";
    const std::string kinds = kinds_of(recent(failed), sum.failed);
    const bool one_kind = kinds.find(", ") == std::string::npos;
    if (!kinds.empty()) text += (sum.failed > 1 && one_kind ? ", each of them " : ": ") + kinds + (sum.requests > 1 ? ", and no other" : "");
  }
  std::string saved;
  if (sum.sent_again != 0) add_part(saved, ", ", grouped(sum.sent_again) + (sum.sent_again == 1 ? " was" : " were") + " sent again");
  if (sum.held != 0) add_part(saved, ", ", grouped(sum.held) + " had to wait");
  return saved.empty() ? text : text + "; " + saved;
}

}  // namespace frontdoor
