#include "supervisor/instances/pool_plan.h"

#include <algorithm>
#include <sstream>

namespace frontdoor {

namespace {

constexpr unsigned kAll = 0;  // what was asked of the whole pool

const PlaceView* find(std::span<const PlaceView> places, unsigned number) {
  const auto found = std::find_if(places.begin(), places.end(),
                                  [&](const PlaceView& place) { return place.number == number; });
  return found == places.end() ? nullptr : &*found;
}

// "by scale - 1764330051872 root", "by stop 2 1764330051872 uid 7".
std::string author_line(const std::string& what, const std::optional<OrderedBy>& by) {
  if (!by || by->name.empty() || by->name.find('\n') != by->name.npos) return "";
  const std::string which = what == "stop" ? " all" : what == "scale" ? " -" : "";
  return "\nby " + what + which + ' ' + std::to_string(by->unix_millis) + ' ' + by->name;
}

bool is_empty(const PlaceView* place) {
  return !place || (!place->serving && !place->proving && !place->leaving);
}

}  // namespace

void PoolPlan::configure(unsigned instances, double share, Tick now) {
  if (instances != configured_) unscale();
  configured_ = instances;
  share_ = share;
  config_read_ = wanted_as_configured_ = now;
  forget_beyond();
}

// "configured scaled all [number...]"; scaled is 0 when it is not. The number in the config tells the next front door
// whether it has changed in the meantime, which ends a `scale`. Then who has asked for what.
std::string PoolPlan::to_remember() const {
  const bool all = all_stopped_ && !sleeping_;
  if (!scaled_ && !all && stopped_.empty()) return "";
  std::string text =
      std::to_string(configured_) + ' ' + std::to_string(scaled_.value_or(0)) + ' ' + (all ? '1' : '0');
  for (const auto& [number, by] : stopped_) text += ' ' + std::to_string(number);
  text += author_line("scale", scaled_by_);
  if (all) text += author_line("stop", all_stopped_by_);
  for (const auto& [number, by] : stopped_) text += author_line("stop " + std::to_string(number), by);
  return text;
}

void PoolPlan::recall(const std::string& text) {
  std::istringstream words(text);
  unsigned configured = 0;
  unsigned scaled = 0;
  bool all = false;
  if (!(words >> configured >> scaled >> all)) return;
  configured_ = configured;
  if (scaled != 0) scaled_ = scaled;
  all_stopped_ = all;
  for (unsigned number = 0; words >> number;) stopped_[number];
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) recall_author(line);
}

void PoolPlan::recall_author(const std::string& line) {
  std::istringstream words(line);
  std::string by, what, number;
  OrderedBy author;
  if (!(words >> by >> what >> number >> author.unix_millis) || by != "by" || !std::getline(words >> std::ws, author.name)) return;
  if (what == "scale" && scaled_) scaled_by_ = author;
  if (what != "stop") return;
  if (number == "all" && all_stopped_) all_stopped_by_ = author;
  for (auto& [each, its] : stopped_)
    if (std::to_string(each) == number) its = author;
}

void PoolPlan::ask(const Wish& wish) {
  if (wish.what == Wish::What::Stop) sleeping_ = wish.sleep;
  switch (wish.what) {
    case Wish::What::Restart:
      if (wish.number || none_wanted()) start(wish.number);
      mark(wish.how == RestartHow::Now ? now_ : rolling_, wish);
      if (wish.with == RestartWith::Config) wanted_as_configured_ = wish.asked;
      break;
    case Wish::What::Start:
      start(wish.number);
      mark(start_, wish);
      break;
    case Wish::What::Stop:
      stop(wish.number, wish.by);
      break;
    case Wish::What::Scale:
      scaled_ = wish.count;
      scaled_by_ = wish.by;
      if (*scaled_ == configured_) unscale();
      forget_beyond();
      break;
    case Wish::What::Fit:
      break;
  }
}

void PoolPlan::mark(std::map<unsigned, Mark>& marks, const Wish& wish) {
  marks[wish.number.value_or(kAll)] = {wish.asked, wish.reason};
}

void PoolPlan::start(std::optional<unsigned> number) {
  if (!number) {
    all_stopped_ = false;
    all_stopped_by_.reset();
    stopped_.clear();
    return;
  }
  if (all_stopped_)
    for (unsigned other = 1; other <= count(); ++other) stopped_.try_emplace(other, all_stopped_by_);
  all_stopped_ = false;
  all_stopped_by_.reset();
  stopped_.erase(*number);
}

void PoolPlan::stop(std::optional<unsigned> number, const std::optional<OrderedBy>& by) {
  if (number) {
    stopped_[*number] = by;
  } else {
    all_stopped_ = true;
    all_stopped_by_ = by;
  }
}

void PoolPlan::unscale() {
  scaled_.reset();
  scaled_by_.reset();
}

std::optional<OrderedBy> PoolPlan::stopped_by(unsigned number) const {
  const auto found = stopped_.find(number);
  return found == stopped_.end() ? std::nullopt : found->second;
}

// A place that was given up is a new one when it comes back. (If it comes back before it has gone, it still owes the
// restart that was asked of it.)
void PoolPlan::forget_beyond() {
  std::erase_if(stopped_, [&](const auto& entry) { return entry.first > count(); });
}

void PoolPlan::replacement_failed(Tick born) {
  given_up_ = born;
  std::erase_if(rolling_, [&](const auto& mark) { return mark.second.asked <= born; });
}

bool PoolPlan::wanted(unsigned number) const {
  return number >= 1 && number <= count() && !all_stopped_ && !stopped_.contains(number);
}

// Also where each was stopped alone.
bool PoolPlan::none_wanted() const {
  for (unsigned number = 1; number <= count(); ++number)
    if (wanted(number)) return false;
  return true;
}

unsigned PoolPlan::at_a_time() const {
  return std::max(1U, static_cast<unsigned>(share_ * static_cast<double>(count())));
}

bool PoolPlan::wants_newer(const std::map<unsigned, Mark>& marks, const PlaceView& place) const {
  for (const unsigned key : {place.number, kAll}) {
    const auto mark = marks.find(key);
    if (mark != marks.end() && mark->second.asked > place.born) return true;
  }
  return false;
}

bool PoolPlan::to_be_replaced(const PlaceView& place) const {
  return wants_newer(rolling_, place) || (!place.current && config_read_ > given_up_);
}

std::string PoolPlan::reason_for(unsigned number) const {
  const Mark* latest = nullptr;
  for (const auto* const marks : {&rolling_, &now_, &start_}) {
    for (const unsigned key : {number, kAll}) {
      const auto mark = marks->find(key);
      if (mark != marks->end() && (!latest || mark->second.asked > latest->asked)) latest = &mark->second;
    }
  }
  return latest && latest->asked > config_read_ ? latest->reason : "config changed";
}

std::vector<PlanStep> PoolPlan::next(std::span<const PlaceView> places) const {
  using What = PlanStep::What;
  std::vector<PlanStep> steps;
  unsigned under_way = 0;
  std::vector<const PlaceView*> to_replace;
  for (const PlaceView& place : places) {
    if (place.leaving || (place.serving && place.proving)) ++under_way;
    if (!place.serving || place.proving) continue;  // a new one that is no longer wanted is given up by what waits for it
    if (!wanted(place.number)) {
      steps.push_back({What::Retire, place.number});
    } else if (wants_newer(now_, place) ||
               (place.idle && (wants_newer(rolling_, place) || wants_newer(start_, place))) ||
               (place.done && to_be_replaced(place))) {
      steps.push_back({What::RestartNow, place.number});  // without a process there is nothing to lose
    } else if (to_be_replaced(place) && !place.leaving) {
      to_replace.push_back(&place);
    }
  }
  for (unsigned number = 1; number <= count(); ++number) {
    const PlaceView* const place = find(places, number);
    if (wanted(number) && (!place || (!place->serving && !place->proving))) steps.push_back({What::Start, number});
  }
  // The oldest first: of two rolls that overlap neither keeps the other from its end.
  std::stable_sort(to_replace.begin(), to_replace.end(),
                   [](const PlaceView* a, const PlaceView* b) { return a->born < b->born; });
  for (const PlaceView* const place : to_replace)
    if (under_way++ < at_a_time()) steps.push_back({What::Replace, place->number});
  return steps;
}

Fulfilment PoolPlan::look(const Wish& wish, std::span<const PlaceView> places) const {
  using What = Fulfilment::What;
  const bool wants_some = wish.what != Wish::What::Stop && wish.what != Wish::What::Fit;
  if (wants_some && count() == 0) return {What::Overtaken, 0, "removed from the config"};
  if (wish.what == Wish::What::Scale && wish.count != count()) return {What::Overtaken, 0, "scaled again"};
  const bool rolls = wish.what == Wish::What::Fit || (wish.what == Wish::What::Restart && wish.how == RestartHow::Rolling);
  // A restart that has failed is none of the config's business where all are as it says.
  const bool met = wish.what == Wish::What::Fit && std::all_of(places.begin(), places.end(), [this](const PlaceView& place) {
    return place.current || !wanted(place.number);
  });
  if (rolls && !met && given_up_ > wish.asked) return {What::Failed, 0, ""};

  bool pending = false;
  unsigned failed = 0;
  unsigned looked_at = 0;
  unsigned overtaken = 0;
  const auto look_one = [&](unsigned number) {
    const Fulfilment one = look_at(wish, number, find(places, number));
    ++looked_at;
    if (one.what == What::Overtaken) ++overtaken;
    if (one.what == What::Pending) pending = true;
    if (one.what == What::Failed && failed == 0) failed = number;
  };
  if (wish.number) {
    look_one(*wish.number);
  } else {
    for (unsigned number = 1; number <= count(); ++number) look_one(number);
    for (const PlaceView& place : places)
      if (place.number > count() && !is_empty(&place)) pending = true;
  }
  if (looked_at != 0 && overtaken == looked_at)
    return {What::Overtaken, 0, wish.what == Wish::What::Stop ? "started" : "stopped"};
  if (pending) return {};
  return failed != 0 ? Fulfilment{What::Failed, failed, ""} : Fulfilment{What::Done, 0, ""};
}

Fulfilment PoolPlan::look_at(const Wish& wish, unsigned number, const PlaceView* place) const {
  using What = Fulfilment::What;
  if (wish.what == Wish::What::Stop) {
    if (wanted(number)) return {What::Overtaken, number, ""};
    return {is_empty(place) ? What::Done : What::Pending, number, ""};
  }
  if (!wanted(number)) {
    if (wish.what == Wish::What::Scale || wish.what == Wish::What::Fit)
      return {is_empty(place) ? What::Done : What::Pending, number, ""};
    return {What::Overtaken, number, ""};
  }
  if (place && place->nowhere && !place->serving && !place->proving) return {What::Failed, number, ""};
  if (!place || !place->serving || place->proving || place->leaving) return {What::Pending, number, ""};
  const bool young = wish.what != Wish::What::Restart || place->born > wish.asked;
  // What paused may have been up in its life before, and is about to begin another one.
  if (place->born == kNotBornYet) return {What::Pending, number, ""};
  if (!young || (wish.what == Wish::What::Fit && !place->current)) return {What::Pending, number, ""};
  if (place->was_up || place->done) return {What::Done, number, ""};
  return {place->failed ? What::Failed : What::Pending, number, ""};
}

}  // namespace frontdoor
