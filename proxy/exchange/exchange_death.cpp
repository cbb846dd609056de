// What an exchange does about the death of its upstream: finds out whether it was one, notes it, lets the moment pass in
// which others may have been killed with it, and keeps a request that kills from the last one (balancer/containment.h).

#include <algorithm>
#include <new>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/likeness.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

namespace {

// For how long a process that ends may go on accepting after it has closed a connection. Of Node's process.exit() on a
// machine with six times the load that it can carry we saw 28 ms.
constexpr Millis kDying{50};
constexpr Millis kBetweenKnocks{10};
constexpr Millis kProven{250};

// The same for one that is killed while many are on it: ten thousand connections perhaps, which are reset in a row.
constexpr Millis kDyingOfMany{500};
constexpr Millis kBetweenRareKnocks{50};

// How long a suspect waits to be cleared, and how often it looks. Shorter than what it is suspected of is remembered.
constexpr Millis kLongestClearing{10'000};
constexpr Millis kBetweenLooks{50};
// Where a site is busy, its newcomers clear all who are innocent within this. Then a last upstream need not be spared when
// several are up again.
constexpr Millis kBusySite{1'000};

// How often a request that was reset by the only one that could take it looks whether there is another by now.
constexpr Millis kBetweenLooksForAnother{20};

}  // namespace

Likeness Exchange::likeness() const {
  const http::RequestHead& request = client_.request();
  return likeness_of({request.method_text, request.target, route_->host, route_->path});
}

bool Exchange::may_be_a_death() {
  if (attempt_.failure != UpstreamFailure::Reset || !attempt_.sent()) return false;
  return pool_->pool().retry.containment && !attempt_.stream->connection_lives();
}

// A connection that was reset is nothing: apps do it. But an upstream that has died refuses the next one, and it is the
// requests that were on it that must know. One that ends closes its listener last of all perhaps, so that it is asked again
// for a while; one that still accepts then lives, and nobody asks for some time.
Task<> Exchange::ask_whether_it_died() {
  const TimePoint end = std::min(now() + kDying, request_deadline());
  while (attempt_.went_down != DownCause::Dead && !attempt_.upstream->shared->died(attempt_.seen.incarnation)) {
    if (client_.gone() || attempt_.upstream->proven_alive(attempt_.seen.incarnation, now())) co_return;
    const bool last = now() >= end;
    if (last || now() >= attempt_.upstream->next_knock) {
      attempt_.upstream->next_knock = now() + kBetweenKnocks;
      const Dialed knock = co_await context_.dialer.knock(*attempt_.upstream, waker_, now() + kDying, *this);
      if (knock.failure == UpstreamFailure::Refused) {
        upstream_refused();
        break;
      }
      if (last && knock.stream) attempt_.upstream->prove_alive(attempt_.seen.incarnation, now() + kProven);
      if (last) co_return;
    }
    co_await waker_.until(std::min(end, attempt_.upstream->next_knock));
  }
  attempt_.went_down = DownCause::Dead;
  const config::Retry& retry = pool_->pool().retry;
  if (retry.on_reset && retry.on_evicted) attempt_.failure = UpstreamFailure::Evicted;
}

bool Exchange::denied_unless_it_died() {
  if (attempt_.failure != UpstreamFailure::Reset || attempt_.stream->connection_lives()) return false;
  const Replay replay = judge(attempt_.failure);
  attempt_.budget_granted = replay.spends_budget;
  return replay.unless_dead;
}

// A process that is killed resets all of its connections in one moment, its listener perhaps last of all. Those are more
// than the budget allows or than a retry survives, and yet nobody works on them any more. So what would be refused for
// the load that it is waits until a connect has told whether there is anybody left: one request of each worker asks.
Task<> Exchange::see_whether_it_died() {
  attempt_.lease.return_slot();  // whoever waits for it may be luckier
  const TimePoint latest = std::min(now() + kDyingOfMany, request_deadline());
  while (attempt_.went_down != DownCause::Dead && now() < latest && !client_.gone()) {
    if (now() >= attempt_.upstream->next_knock) {
      attempt_.upstream->next_knock = now() + kBetweenRareKnocks;
      const Dialed knock = co_await context_.dialer.knock(*attempt_.upstream, waker_, latest, *this);
      if (knock.failure == UpstreamFailure::Refused) {
        upstream_refused();
        attempt_.went_down = DownCause::Dead;
        break;
      }
    }
    co_await waker_.until(std::min(latest, attempt_.upstream->next_knock));
  }
  if (attempt_.went_down == DownCause::Dead) attempt_.failure = UpstreamFailure::Evicted;
}

void Exchange::note_death() {
  if (!attempt_.sent() || attempt_.went_down != DownCause::Dead || attempt_.death_noted) return;
  if (!pool_->pool().retry.containment) return;
  attempt_.death_noted = true;
  note_casualty();
  deaths_.next_try_at = now() + pause_after_death(attempt_.upstream->count_victim(attempt_.seen.incarnation));
  const Containment::Verdict verdict = pool_->pool().memory->deaths.died(likeness(), ++deaths_.seen, now());
  deaths_.suspect = deaths_.suspect || verdict.repeated;
  deaths_.convicted = verdict.convicted;
  if (deaths_.suspect || deaths_.convicted) report_query_of_death();
}

// The upstream's supervisor tells the operator. A tunnel is not named: what its client has sent is none of ours to know.
// Without memory it is not named either: this is called from where nobody could answer for that (upstream_went_down).
void Exchange::note_casualty() try {
  if (!route_) return;
  const http::RequestHead& request = client_.request();
  Casualty casualty{std::string(request.method_text) + ' ' + std::string(path_of(request.target)),
                    std::string(request_id()), likeness().kind};
  attempt_.upstream->shared->casualties().note(std::move(casualty), now());
} catch (const std::bad_alloc&) {
}

// Several upstreams that were killed at once die within milliseconds of each other, and until then they take requests:
// a request that goes to the next one at once may be under that one's death too, and look as if it had killed both.
// Afterwards they refuse, which is free. One that kills pays for the pause as well: it can not take out a pool within
// milliseconds.
//
// One that was reset by the only upstream that could take it goes to another as soon as there is one: each of its few tries
// on the same again may be reset once more.
bool Exchange::must_let_a_moment_pass() const {
  return now() < deaths_.next_try_at || (now() < attempts_.same_again_at && !not_only_the_last_could_take_it());
}

Task<Exchange::Next> Exchange::let_the_moment_pass() {
  while (must_let_a_moment_pass() && now() < request_deadline()) {
    // A FIN leaves it the time that it would have on an upstream.
    const TimePoint wanted_until = answer_wanted_until();
    if (client_.gone() || now() >= wanted_until) co_return client_left();
    const TimePoint again = std::min(attempts_.same_again_at, now() + kBetweenLooksForAnother);
    const TimePoint at_last = std::min(request_deadline(), wanted_until);
    co_await waker_.until(std::min(std::max(deaths_.next_try_at, again), at_last));
  }
  if (now() >= request_deadline()) co_return request_timed_out();
  co_return Next::Forward;
}

// Asked for each request, so it must cost nothing while no kind is convicted.
bool Exchange::must_spare_the_last() {
  const Containment& deaths = pool_->pool().memory->deaths;
  if (!deaths_.suspect && !deaths.convicting()) return false;
  if (!pool_->pool().retry.containment) return false;
  if (!deaths_.convicted && deaths.convicting()) deaths_.convicted = deaths.convicted(likeness(), now());
  return (deaths_.suspect || deaths_.convicted) && !pool_->has_several();
}

// A request that was alone under both deaths has killed, and no wait would help it. Of several in one moment one has killed,
// perhaps two, and the others stood beside it: they wait, without a place in the queue, until one like them is answered. It
// is newcomers, which are on no death, that prove it, so no upstream is risked.
Task<Exchange::Next> Exchange::contain() {
  const Containment& deaths = pool_->pool().memory->deaths;
  const TimePoint began = now();
  if (hold_until_ == TimePoint{}) hold_until_ = began + pool_->pool().hold.timeout;
  const TimePoint end = std::min({hold_until_, began + kLongestClearing, request_deadline()});
  while (!deaths_.convicted) {
    const Containment::Suspected suspected = deaths.suspected(likeness(), now());
    if (suspected == Containment::Suspected::Nobody) {
      deaths_.suspect = false;
      break;
    }
    if (suspected == Containment::Suspected::Alone || context_.held.ended() || now() >= end) break;
    if (now() >= began + kBusySite && !must_spare_the_last()) break;
    if (client_.gone() || client_.finished()) co_return client_left();
    co_await waker_.until(std::min(end, now() + kBetweenLooks));
  }
  tally_.held_for += now() - began;
  if (now() >= request_deadline()) co_return request_timed_out();
  co_return must_spare_the_last() ? refuse_to_spread_death() : Next::Forward;
}

Exchange::Next Exchange::refuse_to_spread_death() {
  tally_.retry_rule = "contained";
  report_query_of_death();
  return refuse_with(502, outcome::kQueryOfDeath);
}

void Exchange::report_query_of_death() {
  if (std::exchange(deaths_.reported, true)) return;
  const auto requests = pool_->pool().memory->deaths.note_suspect(now());
  if (!requests) return;
  QueryOfDeath query;
  query.pool = pool_->pool().name;
  if (attempt_.upstream) query.upstream = attempt_.upstream->shared->name();
  query.method = client_.request().method_text;
  query.path = path_of(client_.request().target);
  query.request_id = request_id();
  query.deaths = deaths_.seen;
  query.requests = *requests;
  context_.witness.query_of_death(query);
}

void Exchange::note_answer() {
  Containment& deaths = pool_->pool().memory->deaths;
  if (deaths.watching()) deaths.answered(likeness(), now());
}

}  // namespace frontdoor
