// One attempt of an exchange: picks an upstream, connects to it, and says what is to be done when it has failed.

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

namespace {

// Between two tries to get a place in a full backlog.
constexpr Duration kFirstPause = Millis{5};
constexpr Duration kLongestPause = Millis{80};

struct Answer {
  std::uint16_t status;
  std::string_view outcome;
};

// What the client is told when no upstream could serve it.
Answer answer_for(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::Refused: return {502, outcome::kConnectRefused};
    case UpstreamFailure::Untrusted: return {502, outcome::kTlsUntrusted};
    case UpstreamFailure::TlsFailed: return {502, outcome::kTlsFailed};
    case UpstreamFailure::Unreachable: return {502, outcome::kConnectFailed};
    case UpstreamFailure::ConnectTimeout: return {504, outcome::kConnectTimeout};
    case UpstreamFailure::Overloaded: return {503, outcome::kUpstreamOverloaded};
    case UpstreamFailure::LocalResources: return {503, outcome::kLocalResources};
    case UpstreamFailure::HeaderTimeout: return {504, outcome::kResponseHeaderTimeout};
    case UpstreamFailure::Evicted: return {504, outcome::kUpstreamHung};
    case UpstreamFailure::InvalidResponse: return {502, outcome::kInvalidResponse};
    case UpstreamFailure::NoWebSocket: return {502, outcome::kWebSocketUnsupported};
    case UpstreamFailure::None:
    case UpstreamFailure::Reset:
    case UpstreamFailure::NotProcessed:
    case UpstreamFailure::RetryStatus:
    case UpstreamFailure::BodyTimeout: break;
  }
  return {502, outcome::kUpstreamReset};
}

// For so long an upstream that has reset a request is thought to reset others.
constexpr Millis kSuspected{10'000};

bool has_reset_of_late(const LocalUpstream& upstream, TimePoint now) {
  return upstream.last_reset != TimePoint{} && now < upstream.last_reset + kSuspected;
}

// A further try is one of few: it is not for an upstream that has reset a request of late, if there is a third of the same
// priority. (A backup is for when none of those before it is up.)
LocalUpstream* calmer_than(LocalUpstream* found, LocalPool& pool, const Attempts& attempts, TimePoint now) {
  if (!has_reset_of_late(*found, now)) return found;
  std::array<LocalUpstream*, std::tuple_size_v<decltype(Attempts::tried)> + 1> avoided{};
  const auto end = std::copy(attempts.upstreams().begin(), attempts.upstreams().end(), avoided.begin());
  *end = found;
  LocalUpstream* const other = pool.pick({avoided.data(), attempts.upstreams().size() + 1}, true);
  if (!other) return found;
  const bool is_backup = pool.priority(*other) != pool.priority(*found);
  if (pool.pool().limits_in_flight) (is_backup ? other : found)->shared->return_slot();
  return is_backup ? found : other;
}

}  // namespace

bool Exchange::pick_upstream() {
  const Pool& pool = pool_->pool();
  // Nobody overtakes those who wait; hold() lets this request queue up behind them.
  if (!holding_ && pool.memory->held.occupied()) return false;
  LocalUpstream* next = pool_->pick(attempts_.upstreams(), attempts_.untried_only);
  if (!next) return false;  // attempt_.upstream stays the last one tried, for the log
  if (attempts_.tried_count != 0) next = calmer_than(next, *pool_, attempts_, now());
  attempt_.begin(*next, pool.limits_in_flight ? Lease::Slot::Taken : Lease::Slot::None);
  attempts_.note(*next);
  return true;
}

Task<> Exchange::connect() {
  // A request that may not be replayed must not meet a connection that the upstream has just closed; nor should one
  // that has few tries left, or that comes from an upstream whose siblings may have been killed with it.
  const bool more_tries = attempts_.tries == 1 && pool_->pool().retry.attempts != 0;
  const bool careless = more_tries && http::is_idempotent(client_.request().method);
  const auto verify = careless ? Dialer::Verify::No : Dialer::Verify::Yes;
  attempts_.looked = !careless;
  attempt_.stream.reset();
  tally_.history.begin(now());
  detail_ = "";
  if (!attempts_.fresh_only) attempt_.stream = context_.dialer.reuse(*attempt_.upstream, waker_, verify);
  const TimePoint began = now();
  const bool fresh = !attempt_.stream;
  if (fresh) co_await dial();
  if (!attempt_.stream) co_return;
  tally_.history.connected(now());
  if (fresh) counts_->connect.add(now() - began);
}

Task<> Exchange::dial() {
  const TimePoint deadline = std::min(now() + timeouts().connect, request_deadline());
  for (Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    Dialed dialed = co_await context_.dialer.dial(*attempt_.upstream, waker_, deadline, *this);
    attempt_.stream = std::move(dialed.stream);
    attempt_.failure = dialed.failure;
    detail_ = dialed.detail;
    const bool given_up = attempt_.failure == UpstreamFailure::None || attempt_.failure == UpstreamFailure::Overloaded;
    if (!attempt_.stream && given_up && attempt_.went_down != DownCause::None && rescue()) co_return;
    // Nobody wanted it any more: its client has left the line in which it waited for a stream.
    if (!attempt_.stream && attempt_.failure == UpstreamFailure::None) attempt_.gave_place_up = client_.finished();
    // The backlog of a unix socket is full. Over TCP the kernel would wait for a place in it: here we do, unless there
    // is another upstream to go to. So we do for a descriptor, where no other upstream would help.
    const bool backlog_full =
        attempt_.failure == UpstreamFailure::Overloaded && !pool_->has_another(attempts_.upstreams());
    if (!backlog_full && !dialed.room_is_coming) co_return;
    const TimePoint again = std::min(now() + pause, deadline);
    while (now() < again && attempt_.went_down == DownCause::None && !client_.gone() && !client_.finished())
      co_await waker_.until(again);
    // This is a queue as any other: a FIN gives the place in it up.
    attempt_.gave_place_up = client_.finished();
    if (now() >= deadline || attempt_.went_down != DownCause::None) co_return;
    if (client_.gone() || attempt_.gave_place_up) co_return;
  }
}

// As long as nothing was sent: an upstream that has been taken out meanwhile is left at once for another.
TimePoint Exchange::wanted_until() {
  if (client_.gone()) return now();
  if (!attempt_.stream && attempt_.went_down != DownCause::None && may_leave_its_upstream()) return now();
  return answer_wanted_until();
}

// A FIN may be a half-close, so that its answer is still read, or a tab that was closed: nobody can tell.
TimePoint Exchange::answer_wanted_until() {
  if (!client_.finished()) return Waker::kNever;
  if (!fin_seen_) fin_seen_ = now();
  return *fin_seen_ + timeouts().client_fin;
}

// Nobody listens: evicted in this very turn, before the next request is routed to it.
void Exchange::upstream_refused() {
  const std::string reason = "connection refused";
  if (attempt_.upstream->shared->change(attempt_.seen, UpstreamState::Down, reason, now(), DownCause::Dead))
    context_.witness.upstream_refused(attempt_.upstream->shared, reason);
}

Exchange::Next Exchange::after_failure() {
  if (attempt_.failure == UpstreamFailure::Refused) upstream_refused();
  // Where timeouts.request has cut a connect short, that was no silence.
  const bool cut_short = now() >= request_deadline();
  const bool timed_out = attempt_.failure == UpstreamFailure::ConnectTimeout && !cut_short;
  if (timed_out || attempt_.failure == UpstreamFailure::Unreachable || attempt_.failure == UpstreamFailure::TlsFailed ||
      attempt_.failure == UpstreamFailure::Untrusted)
    context_.witness.upstream_silent(attempt_.upstream->shared);
  if (!is_try(attempt_.failure, attempt_.sent(), attempt_.on_reused_connection())) --attempts_.tries;
  // Perhaps its upstream has died, and this is seen before its end is told.
  if (attempt_.failure == UpstreamFailure::Reset && attempt_.sent() && !attempt_.stream->connection_lives()) note_casualty();
  note_death();
  if (client_.gone() || now() >= answer_wanted_until() || attempt_.gave_place_up) {
    attempt_.leave();
    return client_left();
  }
  if (now() >= request_deadline()) {
    attempt_.leave();
    return request_timed_out();
  }

  const Replay replay = judge(attempt_.failure);
  attempt_.budget_granted = attempt_.another_seen_up = false;
  tally_.retry_rule = replay.rule;
  remember_failure(replay);
  if (replay.choice == Replay::Choice::Never) {
    counts_->retries_denied.add(replay.rule);
  } else {
    counts_->retries.add(replay.rule);
    attempt_.upstream->shared->count_retry(attempt_.upstream->worker);
  }
  if (replay.spends_budget) {
    pool_->pool().memory->retries.spend(now());
    if (attempt_.failure == UpstreamFailure::Reset) attempt_.stream->pay_for_death();
  }
  const bool sent = attempt_.sent();
  if (sent && replay.choice != Replay::Choice::Never) pool_->pool().memory->traffic.add_replayed();
  attempt_.stream.reset();
  attempts_.untried_only = attempt_.failure == UpstreamFailure::HeaderTimeout || attempt_.failure == UpstreamFailure::NoWebSocket;
  attempts_.fresh_only = replay.choice == Replay::Choice::FreshConnection;
  attempts_.same_again_at = {};
  // The same one again is fine. But if it was sent, the connection may have ended for another reason than its age: then
  // another one is better, since there are only so many tries. Of one that was looked at before it is as good as certain, and
  // of one whose upstream has just reset others likely.
  const bool is_reset = sent && attempt_.failure == UpstreamFailure::Reset;
  const bool certain = is_reset && (!attempts_.fresh_only || attempts_.looked);
  const bool was_reset = certain || (is_reset && has_reset_of_late(*attempt_.upstream, now()));
  if (certain) attempt_.upstream->last_reset = now();
  const bool may_stay = attempts_.fresh_only && attempt_.upstream->shared->available();
  if (may_stay && (!sent || (!was_reset && !another_is_free()))) return Next::Forward;
  const bool still_up = attempt_.upstream->shared->available();
  attempt_.leave();
  // It would come to the one that has just reset it. One that dies may take longer over it than its tries would last. (Where
  // others wait for another one, it queues up behind them.)
  if (was_reset && still_up && replay.choice != Replay::Choice::Never && !not_only_the_last_could_take_it()) {
    const bool others_may_come = pool_->pool().members.size() > 1;
    attempts_.same_again_at = now() + pause_before_the_same_again(attempts_.tries, others_may_come);
  }
  if (replay.choice != Replay::Choice::Never) return Next::Forward;
  return replay.contained && attempt_.went_down == DownCause::Dead ? refuse_to_spread_death() : give_up();
}

// The client is told of the last attempt.
Exchange::Next Exchange::give_up() {
  UpstreamFailure told = attempt_.failure;
  if (told == UpstreamFailure::HeaderTimeout && attempt_.went_down == DownCause::Hung) told = UpstreamFailure::Evicted;
  if (told == UpstreamFailure::Evicted && attempt_.went_down == DownCause::Dead) told = UpstreamFailure::Reset;
  const Answer answer = answer_for(told);
  return refuse_with(answer.status, answer.outcome);
}

// Those that may still be asked are down, or full. A WebSocket does not wait for one of those: nobody overtakes a request that
// waits, and others would stand behind it while the upstreams that allow none are idle.
Exchange::Next Exchange::no_other_to_ask() {
  const bool others_are_full = attempts_.all_remembered() && pool_->has_untried(attempts_.upstreams());
  if (attempt_.failure != UpstreamFailure::NoWebSocket || !others_are_full) return give_up();
  retry_after_ = retry_after_seconds(pool_->pool().outlook(now()));
  return refuse_with(503, outcome::kPoolSaturated);
}

bool Exchange::another_is_free() const {
  if (!attempts_.all_remembered() || pool_->pool().memory->held.occupied()) return false;
  return pool_->has_another(attempts_.upstreams());
}

bool Exchange::not_only_the_last_could_take_it() const { return pool_->has_another({&attempt_.upstream, 1}); }

// For the log: how this attempt failed. Its own word says more than the client's answer does.
void Exchange::remember_failure(const Replay& replay) {
  AttemptHistory::Failure failure{answer_for(attempt_.failure).outcome, {}};
  if (replay.choice == Replay::Choice::FreshConnection) failure.outcome = outcome::kStaleConnection;
  if (attempt_.failure == UpstreamFailure::NotProcessed) failure.outcome = outcome::kNotProcessed;
  if (attempt_.failure == UpstreamFailure::HeaderTimeout && attempt_.went_down == DownCause::Hung)
    failure.outcome = outcome::kUpstreamHung;
  if (attempt_.failure == UpstreamFailure::Evicted && attempt_.went_down != DownCause::Hung)
    failure.outcome = attempt_.went_down == DownCause::Dead        ? outcome::kUpstreamDead
                      : attempt_.went_down == DownCause::Withdrawn ? outcome::kUpstreamWithdrawn
                                                                   : outcome::kUpstreamUnwell;
  if (attempt_.failure == UpstreamFailure::RetryStatus) {
    failure.outcome = outcome::kRetryStatus;
    failure.status = attempt_.stream->response().status;
    attempt_.lease.answered(failure.status);
  }
  if (!*detail_ && attempt_.stream) detail_ = attempt_.stream->failure_detail();
  failure.detail = detail_;
  if (attempt_.failure == UpstreamFailure::InvalidResponse)
    note_malformed(attempt_.upstream->shared->name(), failure.outcome);
  tally_.history.failed(attempt_.upstream->shared, failure, now());
}

void Exchange::note_malformed(std::string_view upstream, std::string_view outcome) {
  if (context_.malformed) context_.malformed->note(upstream, outcome, detail_);
}

Replay Exchange::judge(UpstreamFailure failure) {
  const Pool& pool = pool_->pool();
  FailedAttempt attempt;
  attempt.failure = failure;
  attempt.method = client_.request().method;
  attempt.sent = attempt_.sent();
  attempt.reused_connection = attempt_.on_reused_connection();
  attempt.received_anything = attempt_.stream && attempt_.stream->received_anything();
  attempt.death_paid_for = failure == UpstreamFailure::Reset && attempt_.stream && attempt_.stream->death_paid_for();
  attempt.committed = committed_;
  attempt.body_replayable = body_.replayable();
  attempt.upstream_dead = attempt_.went_down == DownCause::Dead;
  attempt.tries = attempts_.tries;
  attempt.another_up = attempt_.another_seen_up || (attempts_.all_remembered() && pool_->has_untried(attempts_.upstreams()));
  attempt.another_free = another_is_free();
  attempt.contained = deaths_.convicted;
  pool_->report_requests(now());
  attempt.budget_left = attempt_.budget_granted || pool.memory->retries.left(pool.retry.budget, now());
  return decide_replay(attempt, pool.retry);
}

// A request that waits on a dead or hung upstream is taken back at once, where the rules allow it, instead of at its
// timeout. The others wait on: a hung process may wake up, and one that is only unwell still works on them.
bool Exchange::rescue() {
  if (committed_ || (attempt_.stream && attempt_.went_down == DownCause::Unwell)) return false;
  const Replay replay = judge(UpstreamFailure::Evicted);
  tally_.retry_rule = replay.rule;
  if (replay.choice == Replay::Choice::Never) return false;
  attempt_.another_seen_up = true;
  attempt_.failure = UpstreamFailure::Evicted;
  return true;
}

bool Exchange::may_leave_its_upstream() { return judge(UpstreamFailure::Evicted).choice != Replay::Choice::Never; }

void Exchange::upstream_went_down(std::uint64_t incarnation, DownCause cause) {
  if (attempt_.seen.incarnation != incarnation) return;  // an earlier life's; this request went to the next one
  attempt_.went_down = cause;
  if (cause == DownCause::Dead && attempt_.sent()) note_casualty();
  waker_.wake();
}

}  // namespace frontdoor
