#include "supervisor/instances/instance_group.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/detached.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kLookAtRequests{10};          // at requests in flight, which call nobody
constexpr Millis kTryAgain{500};      // until the next try
constexpr Millis kTellNoPlaceAgain{60'000};  // why it still fails
constexpr Millis kHungLook{250};      // at what health thinks of those that are up

}  // namespace

InstanceGroup::InstanceGroup(Surroundings surroundings, std::string pool)
    : surroundings_(std::move(surroundings)),
      context_(surroundings_.context),
      pool_(std::move(pool)),
      changed_(std::make_shared<Notice>(context_.control)),
      gate_(std::make_shared<StartGate>(changed_, 1)) {}

InstanceGroup::~InstanceGroup() = default;

void InstanceGroup::spawn(asio::awaitable<void> coroutine) {
  asio::co_spawn(context_.control, std::move(coroutine), or_end);
}

InstanceGroup::Place& InstanceGroup::place(unsigned number) { return places_[number]; }

// ---- What is asked for

bool InstanceGroup::configure(const config::Process& settings, Millis drain) {
  const unsigned before = plan_.count();
  const bool other_launch = launch_text(settings_) != launch_text(settings);
  settings_ = settings;
  drain_ = drain;
  gate_->set_places(settings.max_starting != 0 ? settings.max_starting : surroundings_.usable_cpus);
  const unsigned count = settings.instances != 0 ? settings.instances : surroundings_.usable_cpus;
  plan_.configure(gone() ? 0 : count, settings.restart.share, ++context_.ticks);
  const std::uint64_t launch = launch_number(launch_text(settings_));
  std::erase_if(ended_before_, [&](const auto& entry) { return entry.first > plan_.count() || entry.second.launch != launch; });
  remember();
  if (!gone()) {
    for (const auto& [number, place] : places_) {
      if (place.next) place.next->change(settings_);
      for (const auto& leaving : place.leaving) leaving->change(settings_);
    }
    hand_on("config changed");
  }
  changed_->tell();
  return other_launch || plan_.count() != before;
}

// An instance has been up as the config says.
bool InstanceGroup::is_proved() const {
  return std::any_of(places_.begin(), places_.end(), [this](const auto& entry) {
    const auto& serving = entry.second.serving;
    return serving && serving->served_as() && launch_text(*serving->served_as()) == launch_text(settings_);
  });
}

config::Process InstanceGroup::as_launched(const config::Launch& launch) const {
  config::Process settings = settings_;
  static_cast<config::Launch&>(settings) = launch;
  return settings;
}

config::Process InstanceGroup::settings_of_next(const Instance* serving) const {
  if (!plan_.keeps_what_served()) return settings_;
  if (serving && serving->served_as()) return as_launched(*serving->served_as());
  return served_ ? as_launched(*served_) : settings_;
}

// What the config says and nobody has seen come up takes no place of what serves: until one is up, what ends there comes
// back as it was. One that has no process anyway is what the config may be meant to mend.
void InstanceGroup::hand_on(const std::string& reason) {
  const bool proved = plan_.keeps_what_served() || is_proved();
  for (const auto& [number, place] : places_) {
    const auto serving = place.serving;
    if (!serving) continue;
    const bool waits = !proved && !serving->idle() && serving->served_as();
    const config::Process settings = waits ? as_launched(*serving->served_as()) : settings_of_next(serving.get());
    const bool was_current = serving->started_as(settings);
    serving->change(settings);
    // It has no process that could be replaced, and what kept it from running may just have been changed; not by a change that
    // has failed, where it has ended for good; nor where another one is about to take its place.
    const bool rests = plan_.keeps_what_served() && has_ended_for_good(serving->state());
    if (serving->idle() && !was_current && !rests && !place.next) serving->restart_now(settings, reason);
  }
}

void InstanceGroup::recall(const std::string& asked) {
  plan_.recall(asked);
  ended_before_ = parse_ended_instances(asked);
  remembered_ = asked;
}

EndedInstances InstanceGroup::ended_for_good() const {
  EndedInstances ended = ended_before_;
  // One that the config wants started as something else has not ended for it. Where that has failed, it has, whatever it was
  // started as.
  const std::uint64_t launch = launch_number(launch_text(settings_));
  for (const auto& [number, place] : places_)
    if (place.serving && has_ended_for_good(place.serving->state()) && (plan_.keeps_what_served() || place.serving->started_as(settings_)))
      ended[number] = {place.history->last_end, launch};
  return ended;
}

// What an operator has stopped must not be started again by a crash of the front door, nor what has done its work.
// False: there was nothing left to remember it with.
bool InstanceGroup::remember() {
  if (stopping_) return true;
  std::string asked = gone() ? "" : plan_.to_remember();
  if (const std::string ended = gone() ? "" : to_text(ended_for_good()); !ended.empty()) asked += '\n' + ended;
  if (asked == remembered_) return true;
  const std::string name = std::string(kAskedOf) + pool_;
  if (asked.empty()) {
    context_.launcher.drop(name);
  } else {
    const OwnedFd file = to_memory_file(asked);
    if (!file.valid() || !context_.launcher.keep(name, {file.get()})) return false;
  }
  remembered_ = std::move(asked);
  return true;
}

void InstanceGroup::adopt(RunningProcess process, const InstanceMemo& memo) {
  ended_before_.erase(memo.number);
  Place& its = place(memo.number);
  const bool as_config = memo.launch == launch_text(settings_);
  // It is watched, and started again, as what it was started as: the config may have changed while nobody was there, and what
  // it says has come up nowhere yet.
  const auto own = as_config ? std::nullopt : parse_launch(memo.launch);
  const auto instance = add(memo.number, own ? as_launched(*own) : settings_, memo.place);
  its.adopted.push_back({instance, std::move(process), memo.launch});
}

void InstanceGroup::take_over_adopted() {
  const std::string as_config = launch_text(settings_);
  for (auto& [number, place] : places_) {
    std::vector<bool> fits;
    for (const Adopted& each : place.adopted) fits.push_back(each.launch == as_config);
    const std::vector<AdoptedRole> roles = adopted_roles(fits, plan_.wanted(number));
    for (std::size_t i = 0; i < roles.size(); ++i) {
      place.adopted[i].role = roles[i];
      if (roles[i] == AdoptedRole::Serves) place.serving = place.adopted[i].instance;
      if (roles[i] == AdoptedRole::Proves) place.next = place.adopted[i].instance;
    }
  }
  for (auto& [number, place] : places_)
    for (Adopted& each : place.adopted) {
      const bool served = each.role == AdoptedRole::Serves && each.launch != as_config;
      each.instance->take_over(std::move(each.process), std::move(each.launch), served);
    }
  for (auto& [number, place] : places_) {
    const bool restarts = place.next && place.serving->started_as(settings_);
    for (const Adopted& each : std::exchange(place.adopted, {})) {
      if (each.role == AdoptedRole::Leaves) spawn(retire(shared_from_this(), number, each.instance));
      if (each.role == AdoptedRole::Proves) spawn(prove(shared_from_this(), number, restarts ? "restart" : "config changed"));
    }
  }
}

// A config that is read while the one before is not met yet takes its place: the roll to it is one, and told once.
std::shared_ptr<PendingWish> InstanceGroup::pend(Wish wish) {
  const auto fits = [](const auto& each) { return each->wish.what == Wish::What::Fit; };
  const auto before = std::find_if(pending_.begin(), pending_.end(), fits);
  if (wish.what == Wish::What::Fit && before != pending_.end()) {
    (*before)->wish = std::move(wish);
    return *before;
  }
  pending_.push_back(std::make_shared<PendingWish>(std::move(wish)));
  pending_.back()->before = context_.host.traffic_of(pool_);
  return pending_.back();
}

asio::awaitable<OperationResult> InstanceGroup::fulfil(Wish wish) {
  const auto self = shared_from_this();
  if (stopping_) co_return OperationResult{.ok = false, .error = "frontdoor is stopping"};
  forget_asked_for(ended_before_, wish);
  // What fails to come up as a config says is that config's failure, however early it was started.
  wish.asked = wish.what == Wish::What::Fit ? plan_.config_read() : ++context_.ticks;
  const bool kept = plan_.keeps_what_served();
  plan_.ask(wish);
  if (kept && !plan_.keeps_what_served())
    for (const auto& [number, place] : places_)
      if (place.serving && place.serving->idle()) place.serving->change(settings_);
  remember();
  const std::shared_ptr<PendingWish> pending = pend(std::move(wish));
  changed_->tell();
  for (;;) {
    const std::uint64_t seen = changed_->version();
    if (pending->result) co_return *pending->result;
    co_await changed_->changed(seen);
  }
}

// ---- Carrying it out

asio::awaitable<void> InstanceGroup::run([[maybe_unused]] std::shared_ptr<InstanceGroup> self) {
  spawn(watch_hung(self));
  for (;;) {
    const std::uint64_t seen = changed_->version();
    if (!stopping_) take_steps();
    answer();
    forget_empty_places();
    const bool remembered = remember();
    if ((gone() || stopping_) && places_.empty() && pending_.empty()) break;
    const bool try_again = std::exchange(out_of_places_, false) || !remembered;
    const TimePoint again = try_again ? Clock::now() + kTryAgain : TimePoint::max();
    co_await changed_->changed(seen, again);
  }
  over_ = true;
  changed_->tell();
}

std::vector<PlaceView> InstanceGroup::look() const {
  std::vector<PlaceView> views;
  for (const auto& [number, place] : places_) {
    PlaceView view{.number = number,
                   .serving = place.serving != nullptr,
                   .proving = place.next != nullptr,
                   .leaving = !place.leaving.empty(),
                   .nowhere = !place.no_place.empty()};
    if (const auto& serving = place.serving) {
      view.current = serving->started_as(settings_);
      view.idle = serving->idle();
      view.was_up = serving->was_up();
      view.done = serving->state() == InstanceState::Done;
      view.failed = serving->failed();
      view.born = serving->born();
    }
    views.push_back(view);
  }
  return views;
}

void InstanceGroup::take_steps() {
  std::vector<std::shared_ptr<Instance>> fresh;
  bool rolls = true;  // one that can not be replaced ends the roll, for those behind it as well
  for (const PlanStep& step : plan_.next(look())) {
    Place& its = place(step.number);
    switch (step.what) {
      case PlanStep::What::Start:
        its.serving = add(step.number, settings_of_next(nullptr));
        if (its.serving) fresh.push_back(its.serving);
        else out_of_places_ = true;
        break;
      case PlanStep::What::RestartNow:
        note_replaced(step.number);
        its.serving->restart_now(settings_of_next(its.serving.get()), plan_.reason_for(step.number));
        break;
      case PlanStep::What::Retire:
        spawn(retire(shared_from_this(), step.number, std::exchange(its.serving, nullptr)));
        break;
      case PlanStep::What::Replace:
        if (!rolls) break;
        its.next = add(step.number, settings_of_next(its.serving.get()));
        if (its.next) spawn(replace(shared_from_this(), step.number));
        else roll_failed_nowhere(step.number);
        rolls = its.next != nullptr;
        break;
    }
  }
  if (fresh.empty()) return;
  surroundings_.members_changed();
  for (const auto& instance : fresh) {
    const auto ended = ended_before_.extract(instance->number());
    if (ended) instance->rest(ended.mapped().end);
    else instance->start();
  }
}

InstanceAddress InstanceGroup::address_of(unsigned number, const Endpoint& where) const {
  return {pool_, pool_ + '.' + std::to_string(number), where};
}

// Null: it has no place to listen, as note_no_place() has noted.
std::shared_ptr<Instance> InstanceGroup::add(unsigned number, const config::Process& settings,
                                             std::optional<Endpoint> where) {
  if (where) {
    context_.places.adopt(*where);
  } else {
    const std::string name = pool_ + '.' + std::to_string(number);
    const auto taken = context_.places.take(settings, name);
    if (!taken.place) {
      note_no_place(number, taken.problem);
      return nullptr;
    }
    place(number).no_place.clear();
    where = taken.place;
  }
  const Instance::Shared shared{gate_, changed_, surroundings_.members_changed};
  return std::make_shared<Instance>(context_, shared, place(number).history, address_of(number, *where), number,
                                    settings);
}

// A start is tried again twice a second. A disk may stay full for a night: each reason is told once a minute.
void InstanceGroup::note_no_place(unsigned number, const std::string& reason) {
  Place& its = place(number);
  const TimePoint now = Clock::now();
  if (std::exchange(its.no_place, reason) == reason && now < its.no_place_told + kTellNoPlaceAgain) return;
  its.no_place_told = now;
  context_.log.error("an instance has no place to listen",
                     {{"pool", pool_}, {"instance", pool_ + '.' + std::to_string(number)}, {"reason", reason}});
}

asio::awaitable<void> InstanceGroup::replace(std::shared_ptr<InstanceGroup> self, unsigned number) {
  std::string reason = plan_.reason_for(number);
  surroundings_.members_changed();
  place(number).next->start();
  co_await prove(self, number, std::move(reason));
}

// The new one up and proved first; then the old one leaves. A new one that does not come up ends the rollout: the old
// ones stay.
asio::awaitable<void> InstanceGroup::prove(std::shared_ptr<InstanceGroup> self, unsigned number, std::string reason) {
  const std::shared_ptr<Instance> next = place(number).next;
  const std::string as = launch_text(next->settings());
  const bool as_served = as != launch_text(settings_);
  const auto wanted = [&] {
    const bool still = as_served ? plan_.keeps_what_served() : next->started_as(settings_);
    return !stopping_ && plan_.wanted(number) && still;
  };
  for (;;) {
    const std::uint64_t seen = changed_->version();
    if (!wanted() || next->failed() || next->state() == InstanceState::Up) break;
    co_await changed_->changed(seen);
  }
  Place& its = place(number);
  its.next = nullptr;
  if (next->state() == InstanceState::Up && wanted()) {
    its.history->last_reason = reason;
    note_replaced(number);
    const std::shared_ptr<Instance> old = std::exchange(its.serving, next);
    if (failed_roll_ && !failed_roll_->of_config()) failed_roll_.reset();
    hand_on(reason);  // it has been seen to come up
    co_return co_await retire(self, number, old);
  }
  if (wanted()) roll_failed(*next, reason);
  co_await retire(self, number, next);
}

// What the new one was to take the place of. Where nobody knows, whatever is not as the config says: in a pool that is half
// rolled others are by now.
std::optional<config::Launch> InstanceGroup::what_served(unsigned number) const {
  const auto launch_of = [](const Place& place) { return place.serving ? place.serving->served_as() : std::nullopt; };
  if (const auto its = places_.find(number); its != places_.end())
    if (auto launch = launch_of(its->second)) return launch;
  const std::string as_config = launch_text(settings_);
  for (const auto& [other, place] : places_)
    if (auto launch = launch_of(place); launch && launch_text(*launch) != as_config) return launch;
  return std::nullopt;
}

void InstanceGroup::roll_failed(const Instance& next, const std::string& reason) {
  replacement_failure_ = next.failure();
  replacement_failure_.why.insert(0, next.address().instance + " does not come up, the old ones stay: ");
  context_.log.error("the new instance does not come up, the old ones stay",
                     {{"pool", pool_},
                      {"instance", next.address().instance},
                      {"reason", next.failure().why},
                      {"last_words", next.failure().last_words}});
  note_failed_roll(next.number(), next.born(), reason, next.failure().why);
}

// The new one could not even be started: it would have nowhere to listen. What was asked ends, as when it does not come up.
void InstanceGroup::roll_failed_nowhere(unsigned number) {
  const std::string why = "it has no place to listen: " + std::exchange(place(number).no_place, "");
  replacement_failure_ = {pool_ + '.' + std::to_string(number) + " can not be replaced, the old one stays: " + why, ""};
  const std::string reason = plan_.reason_for(number);
  note_failed_roll(number, ++context_.ticks, reason, why);
}

void InstanceGroup::note_failed_roll(unsigned number, Tick born, const std::string& reason, const std::string& why) {
  const bool known = plan_.keeps_what_served() && failed_roll_ && failed_roll_->of_config();
  plan_.replacement_failed(born);
  for (const auto& pending : pending_) ++pending->failed;
  if (!known) {  // a fresh one of what serves may have failed now; the config's still waits for somebody
    served_ = what_served(number);
    failed_born_ = born;
    failed_roll_ = FailedRoll{.asked = reason,
                              .instance = pool_ + '.' + std::to_string(number),
                              .why = why,
                              .at = Clock::now(),
                              .keys = served_ ? differing_keys(*served_, settings_) : ""};
  }
  hand_on("config change failed");
}

// Out of its pool, its requests finished or their time up, then stopped.
asio::awaitable<void> InstanceGroup::retire([[maybe_unused]] std::shared_ptr<InstanceGroup> self, unsigned number,
                                            std::shared_ptr<Instance> instance) {
  place(number).leaving.push_back(instance);
  const bool served = instance->was_up();
  const TimePoint latest = Clock::now() + (served ? drain_ : Millis{0});
  instance->leave(latest);
  surroundings_.members_changed();
  const auto busy = [&] {
    const TimePoint now = Clock::now();
    return (instance->has_requests() && now < latest) || now < instance->telling_until();
  };
  while (busy() && !stopping_) {
    const std::uint64_t seen = changed_->version();
    co_await changed_->changed(seen, std::min(latest, Clock::now() + kLookAtRequests));
  }
  co_await instance->stop();
  context_.places.give_back(instance->address().endpoint);
  std::erase(place(number).leaving, instance);
  changed_->tell();
}

// The verdict of health that took it out also has it replaced, when it lasts.
asio::awaitable<void> InstanceGroup::watch_hung([[maybe_unused]] std::shared_ptr<InstanceGroup> self) {
  HungWatch watch;
  while (!over_) {
    const TimePoint now = Clock::now();
    for (auto& [number, place] : places_) {
      const auto instance = place.serving;
      const bool up = instance && instance->state() == InstanceState::Up && instance->upstream();
      const bool hung = up && instance->upstream()->down_cause() == DownCause::Hung;
      const auto since = hung ? std::optional(instance->upstream()->changed_at()) : std::nullopt;
      if (!watch.look(number, since, settings_.hung_grace, now) || stopping_ || context_.launcher.yielded()) continue;
      const std::string reason = "hung: " + instance->upstream()->reason();
      context_.log.warn("instance hangs and is replaced",
                        {{"pool", pool_}, {"instance", instance->address().instance}, {"pid", instance->pid()}, {"reason", reason}});
      instance->ask_where_it_hangs();
      Wish wish{.what = Wish::What::Restart, .number = number, .with = RestartWith::Served, .reason = reason};
      asio::co_spawn(context_.control, fulfil(std::move(wish)), OrTell(context_.log, "the replacement of what hangs"));
    }
    const std::uint64_t seen = changed_->version();
    co_await changed_->changed(seen, now + kHungLook);
  }
}

void InstanceGroup::forget_empty_places() {
  std::erase_if(places_, [&](const auto& entry) { return entry.first > plan_.count() && entry.second.empty(); });
  if (stopping_) std::erase_if(places_, [](const auto& entry) { return entry.second.empty(); });
}

asio::awaitable<void> InstanceGroup::shut_down() {
  const auto self = shared_from_this();
  stopping_ = true;
  // Those that retire or prove themselves hear of it, too.
  for (auto& [number, place] : places_)
    if (place.serving) spawn(retire(self, number, std::exchange(place.serving, nullptr)));
  changed_->tell();
  for (;;) {
    const std::uint64_t seen = changed_->version();
    const bool empty = std::all_of(places_.begin(), places_.end(), [](const auto& entry) { return entry.second.empty(); });
    if (empty) co_return;
    co_await changed_->changed(seen);
  }
}

std::vector<InstanceAddress> InstanceGroup::members() const {
  std::vector<InstanceAddress> all;
  for (const auto& [number, place] : places_) {
    std::vector<std::shared_ptr<Instance>> its{place.serving, place.next};
    for (const Adopted& each : place.adopted)
      if (each.role == AdoptedRole::Leaves) its.push_back(each.instance);
    for (const auto& member : its)
      if (member && !is_nowhere(member->address().endpoint)) all.push_back(member->address());
  }
  return all;
}

std::vector<std::shared_ptr<Instance>> InstanceGroup::instances() const {
  std::vector<std::shared_ptr<Instance>> all;
  for (const auto& [number, place] : places_) {
    for (const auto* const member : {&place.next, &place.serving})
      if (*member) all.push_back(*member);
    all.insert(all.end(), place.leaving.begin(), place.leaving.end());
  }
  return all;
}

}  // namespace frontdoor
