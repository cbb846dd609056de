#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <new>
#include <utility>

#include "http/forwarding.h"
#include "http/head_parser.h"
#include "http/target.h"
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
    case UpstreamFailure::Unreachable: return {502, outcome::kConnectFailed};
    case UpstreamFailure::ConnectTimeout: return {504, outcome::kConnectTimeout};
    case UpstreamFailure::Overloaded: return {503, outcome::kUpstreamOverloaded};
    case UpstreamFailure::LocalResources: return {503, outcome::kLocalResources};
    case UpstreamFailure::HeaderTimeout: return {504, outcome::kResponseHeaderTimeout};
    case UpstreamFailure::Evicted: return {504, outcome::kUpstreamHung};
    case UpstreamFailure::InvalidResponse: return {502, outcome::kInvalidResponse};
    case UpstreamFailure::None:
    case UpstreamFailure::Reset:
    case UpstreamFailure::NotProcessed:
    case UpstreamFailure::RetryStatus:
    case UpstreamFailure::BodyTimeout: break;
  }
  return {502, outcome::kUpstreamReset};
}

}  // namespace

Exchange::Exchange(ExchangeContext& context, ClientStream& client, Waker& waker, TimePoint started)
    : context_(context),
      client_(client),
      waker_(waker),
      snapshot_(context.snapshot),
      started_(started),
      request_id_(context.request_ids.next()),
      body_(client.request_body()) {}

Exchange::~Exchange() { leave_upstream(); }

Task<> Exchange::run() {
  Next next = Next::Forward;
  try {
    next = route();
    while (next == Next::Forward) next = co_await forward();
  } catch (const std::bad_alloc&) {
    next = out_of_memory();
  }
  if (next == Next::Refuse) {
    if (pool_ && status_ >= 500) pool_->pool().memory->traffic.add_lost();
    co_await send_refusal();
  }
  log_request();
}

// ---- Before an upstream is involved

Exchange::Next Exchange::route() {
  const http::RequestHead& request = client_.request();
  if (http::is_for_us(request)) return answer_ourselves();
  if (request.cdn_loop && context_.loop_mark.has_looped(request.fields)) {
    ++context_.looped;
    return refuse_with(508, outcome::kLoopDetected);
  }
  std::string_view host;
  std::string_view path;
  http::normalize_host(request.authority, host, context_.host_scratch);
  if (!http::normalize_path(request.target, path, context_.scratch)) {
    detail_ = "the path has a broken % escape, climbs above the root, or hides a dot segment";
    return refuse_with(400, outcome::kBadTarget);
  }

  route_ = snapshot_->shared().match(host, path);
  logged_ = !route_ || route_->access_log;
  if (!route_) return refuse_with(404, outcome::kNoRoute);
  if (path.data() != request.target.data() && !routed_alike(host, path.size())) {
    detail_ = "without its dot segments the path would take another route";
    return refuse_with(400, outcome::kBadTarget);
  }
  pool_ = &snapshot_->pool(route_->pool);
  pool_->count_request();

  const std::uint64_t limit = route_->body_bytes;
  if (limit != 0 && request.framing.kind == http::BodyKind::Length && request.framing.length > limit)
    return refuse_with(413, outcome::kBodyTooLarge);
  body_.limit_to(limit);

  // Only what could ever be sent again is kept. What was not sent is still with the client.
  if (http::is_idempotent(request.method)) body_.keep_up_to(pool_->pool().retry.body_bytes);
  return Next::Forward;
}

// The target is passed on as it is. An app that routes by it without removing dot segments would serve "/admin/../public"
// by what it has at /admin, which a route to /public has not let in. The path that was routed by is overwritten.
bool Exchange::routed_alike(std::string_view host, std::size_t path_size) const {
  const auto literal = http::literal_path(client_.request().target, context_.scratch);
  const bool takes_back = literal.find("/..") != std::string_view::npos;  // a "." leads nowhere else
  return literal.size() == path_size || !takes_back || snapshot_->shared().match(host, literal) == route_;
}

// The one that a trusted proxy gave it, so that it has one name all the way.
std::string_view Exchange::request_id() const {
  const auto claimed = client_.client().trusted ? http::claimed_request_id(client_.request()) : std::string_view();
  return claimed.empty() ? std::string_view(request_id_.data(), request_id_.size()) : claimed;
}

// TRACE would have to send back what it was sent, and what others on the way have added to it: that is for nobody.
Exchange::Next Exchange::answer_ourselves() {
  if (client_.request().method == http::Method::Trace) return refuse_with(405, outcome::kTraceNotAllowed);
  return refuse_with(200, outcome::kAnswered);
}

Exchange::Next Exchange::refuse_with(std::uint16_t status, std::string_view outcome) {
  status_ = status;
  outcome_ = outcome;
  return Next::Refuse;
}

Exchange::Next Exchange::request_timed_out() { return refuse_with(504, outcome::kRequestTimeout); }

// ---- One attempt

Task<Exchange::Next> Exchange::forward() {
  const bool has_upstream = linked();  // since hold() found one, or the same again on a fresh connection
  if (!has_upstream && must_spare_the_last()) co_return contain();
  if (!has_upstream && !pick_upstream()) {
    if (untried_only_) co_return give_up();
    co_return co_await hold();
  }
  ++tries_;
  co_await connect();
  if (!stream_) co_return after_failure();
  if (!send_request_head()) {
    leave_upstream();  // its slot is not for a client that reads our answer
    co_return refuse_with(431, outcome::kLocalResources);
  }

  const Relayed relayed = co_await relay();
  switch (relayed) {
    case Relayed::Served:
      outcome_ = outcome::kServed;
      context_.dialer.give_back(*upstream_, std::move(stream_), timeouts().upstream_idle);
      break;
    case Relayed::Switched: co_await tunnel(); break;
    case Relayed::UpstreamFailed: {
      if (may_be_a_death()) co_await ask_whether_it_died();
      if (denied_unless_it_died()) co_await see_whether_it_died();
      const Next next = after_failure();
      if (next != Next::Forward || now() >= settled_at_) co_return next;
      co_return co_await let_the_moment_pass();
    }
    case Relayed::RefuseClient: leave_upstream(); co_return Next::Refuse;
    case Relayed::ClientGone: client_left(); break;
    case Relayed::Aborted:
      if (outcome_ == outcome::kResponseTruncated) pool_->pool().memory->traffic.add_lost();
      client_.abort();
      break;
    case Relayed::GivenUp: client_.give_up(); break;
  }
  leave_upstream();
  co_return Next::Done;
}

std::span<LocalUpstream* const> Exchange::tried() const { return {tried_.data(), tried_count_}; }

bool Exchange::pick_upstream() {
  const Pool& pool = pool_->pool();
  // Nobody overtakes those who wait; hold() lets this request queue up behind them.
  if (!holding_ && pool.memory->held.occupied()) return false;
  LocalUpstream* const next = pool_->pick(tried(), untried_only_);
  if (!next) return false;  // upstream_ stays the last one tried, for the log
  upstream_ = next;
  holds_slot_ = pool.limits_in_flight;
  seen_ = upstream_->shared->seen();
  went_down_ = DownCause::None;
  death_noted_ = false;
  if (tried_count_ < tried_.size()) tried_[tried_count_++] = upstream_;
  ++attempts_;
  upstream_->shared->begin_request(context_.worker);
  upstream_->exchanges.push_back(*this);
  return true;
}

void Exchange::leave_upstream() {
  stream_.reset();
  if (!linked()) return;
  unlink();
  upstream_->shared->end_request(context_.worker);
  return_slot();
}

void Exchange::return_slot() {
  if (std::exchange(holds_slot_, false)) upstream_->shared->return_slot();
}

Task<> Exchange::connect() {
  // A request that may not be replayed must not meet a connection that the upstream has just closed; nor should one
  // that has few tries left, or that comes from an upstream whose siblings may have been killed with it.
  const bool careless = http::is_idempotent(client_.request().method) && tries_ == 1 && pool_->pool().retry.attempts != 0;
  const auto verify = careless ? Dialer::Verify::No : Dialer::Verify::Yes;
  stream_.reset();
  attempts_log_.begin(now());
  detail_ = "";
  if (!fresh_only_) stream_ = context_.dialer.reuse(*upstream_, waker_, verify);
  if (!stream_) co_await dial();
  if (stream_) attempts_log_.connected(now());
}

Task<> Exchange::dial() {
  const TimePoint deadline = std::min(now() + timeouts().connect, request_deadline());
  for (Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    Dialed dialed = co_await context_.dialer.dial(*upstream_, waker_, deadline, *this);
    stream_ = std::move(dialed.stream);
    failure_ = dialed.failure;
    const bool given_up = failure_ == UpstreamFailure::None || failure_ == UpstreamFailure::Overloaded;
    if (!stream_ && given_up && went_down_ != DownCause::None && rescue()) co_return;
    // The backlog of a unix socket is full. Over TCP the kernel would wait for a place in it: here we do, unless there
    // is another upstream to go to. So we do for a descriptor, where no other upstream would help.
    const bool backlog_full = failure_ == UpstreamFailure::Overloaded && !pool_->has_another(tried());
    if (!backlog_full && !dialed.room_is_coming) co_return;
    const TimePoint again = std::min(now() + pause, deadline);
    while (now() < again && went_down_ == DownCause::None && !client_.gone() && !client_.finished())
      co_await waker_.until(again);
    // This is a queue as any other: a FIN gives the place in it up.
    gave_place_up_ = client_.finished();
    if (now() >= deadline || went_down_ != DownCause::None || client_.gone() || gave_place_up_) co_return;
  }
}

// As long as nothing was sent: an upstream that has been taken out meanwhile is left at once for another.
TimePoint Exchange::wanted_until() {
  if (client_.gone()) return now();
  if (!stream_ && went_down_ != DownCause::None && may_leave_its_upstream()) return now();
  return answer_wanted_until();
}

// A FIN may be a half-close, so that its answer is still read, or a tab that was closed: nobody can tell.
TimePoint Exchange::answer_wanted_until() {
  if (!client_.finished()) return Waker::kNever;
  if (!fin_seen_) fin_seen_ = now();
  return *fin_seen_ + timeouts().client_fin;
}

bool Exchange::send_request_head() {
  const http::RequestHead& request = client_.request();
  const ClientInfo& client = client_.client();
  http::ForwardContext forward;
  forward.last_hop = client.last_hop;
  forward.loop_mark = context_.loop_mark.element();
  forward.scheme = client.scheme;
  forward.request_id = request_id();
  forward.via = client.via;
  forward.trusted = client.trusted;
  http::forward_request(request, forward, context_.fields, context_.scratch);
  const OutgoingRequest outgoing{request.method_text, request.target, request.authority, context_.fields,
                                 request.framing, request.upgrade, request.expect_continue};
  // Only a protocol that tells what it has not begun with lets a POST be sent again (gRPC is made of those).
  const bool untouched = request.framing.kind != http::BodyKind::None && body_.consumed() == 0;
  if (untouched && stream_->tells_unprocessed()) body_.keep_up_to(pool_->pool().retry.body_bytes);
  body_.rewind();
  request_done_ = false;
  event_stream_ = false;
  request_progress_ = response_progress_ = now();
  request_state_ = response_state_ = Pumped::State::WaitingForSource;
  return stream_->send_head(outgoing, request.method);
}

// Nobody listens: evicted in this very turn, before the next request is routed to it.
void Exchange::upstream_refused() {
  const std::string reason = "connection refused";
  if (upstream_->shared->change(seen_, UpstreamState::Down, reason, now(), DownCause::Dead))
    context_.witness.upstream_refused(upstream_->shared, reason);
}

Exchange::Next Exchange::after_failure() {
  if (failure_ == UpstreamFailure::Refused) upstream_refused();
  // Where timeouts.request has cut a connect short, that was no silence.
  const bool cut_short = now() >= request_deadline();
  if ((failure_ == UpstreamFailure::ConnectTimeout && !cut_short) || failure_ == UpstreamFailure::Unreachable)
    context_.witness.upstream_silent(upstream_->shared);
  if (!is_try(failure_, stream_ && stream_->sent_anything(), stream_ && stream_->reused())) --tries_;
  // Perhaps its upstream has died, and this is seen before its end is told.
  if (failure_ == UpstreamFailure::Reset && stream_ && stream_->sent_anything()) note_casualty();
  note_death();
  if (client_.gone() || now() >= answer_wanted_until() || gave_place_up_) {
    leave_upstream();
    return client_left();
  }
  if (now() >= request_deadline()) {
    leave_upstream();
    return request_timed_out();
  }

  const Replay replay = judge(failure_);
  retry_rule_ = replay.rule;
  remember_failure(replay);
  if (replay.spends_budget) {
    pool_->pool().memory->retries.spend(now());
    stream_->pay_for_death();
  }
  const bool sent = stream_ && stream_->sent_anything();
  if (sent && replay.choice != Replay::Choice::Never) pool_->pool().memory->traffic.add_replayed();
  stream_.reset();
  untried_only_ = failure_ == UpstreamFailure::HeaderTimeout;
  fresh_only_ = replay.choice == Replay::Choice::FreshConnection;
  // The same one again is fine. But if it was sent, the connection may have ended for another reason than its age: then
  // another one is better, since there are only so many tries.
  const bool may_stay = fresh_only_ && upstream_->shared->available();
  if (may_stay && (!sent || !another_is_free())) return Next::Forward;
  leave_upstream();
  if (replay.choice != Replay::Choice::Never) return Next::Forward;
  return replay.contained && went_down_ == DownCause::Dead ? contain() : give_up();
}

// The client is told of the last attempt.
Exchange::Next Exchange::give_up() {
  UpstreamFailure told = failure_;
  if (told == UpstreamFailure::HeaderTimeout && went_down_ == DownCause::Hung) told = UpstreamFailure::Evicted;
  if (told == UpstreamFailure::Evicted && went_down_ == DownCause::Dead) told = UpstreamFailure::Reset;
  const Answer answer = answer_for(told);
  return refuse_with(answer.status, answer.outcome);
}

bool Exchange::another_is_free() const {
  return tried_count_ < tried_.size() && !pool_->pool().memory->held.occupied() && pool_->has_another(tried());
}

// For the log: how this attempt failed. Its own word says more than the client's answer does.
void Exchange::remember_failure(const Replay& replay) {
  AttemptHistory::Failure failure{answer_for(failure_).outcome, {}};
  if (replay.choice == Replay::Choice::FreshConnection) failure.outcome = outcome::kStaleConnection;
  if (failure_ == UpstreamFailure::NotProcessed) failure.outcome = outcome::kNotProcessed;
  if (failure_ == UpstreamFailure::HeaderTimeout && went_down_ == DownCause::Hung)
    failure.outcome = outcome::kUpstreamHung;
  if (failure_ == UpstreamFailure::Evicted && went_down_ != DownCause::Hung)
    failure.outcome = went_down_ == DownCause::Dead ? outcome::kUpstreamDead : outcome::kUpstreamUnwell;
  if (failure_ == UpstreamFailure::RetryStatus) {
    failure.outcome = outcome::kRetryStatus;
    failure.status = stream_->response().status;
  }
  if (!*detail_ && stream_) detail_ = stream_->failure_detail();
  failure.detail = detail_;
  if (failure_ == UpstreamFailure::InvalidResponse) note_malformed(upstream_->shared->name(), failure.outcome);
  attempts_log_.failed(upstream_->shared, failure, now());
}

void Exchange::note_malformed(std::string_view upstream, std::string_view outcome) {
  if (context_.malformed) context_.malformed->note(upstream, outcome, detail_);
}

Replay Exchange::judge(UpstreamFailure failure) {
  const Pool& pool = pool_->pool();
  FailedAttempt attempt;
  attempt.failure = failure;
  attempt.method = client_.request().method;
  attempt.sent = stream_ && stream_->sent_anything();
  attempt.reused_connection = stream_ && stream_->reused();
  attempt.received_anything = stream_ && stream_->received_anything();
  attempt.death_paid_for = failure == UpstreamFailure::Reset && stream_ && stream_->death_paid_for();
  attempt.committed = committed_;
  attempt.body_replayable = body_.replayable();
  attempt.upstream_dead = went_down_ == DownCause::Dead;
  attempt.tries = tries_;
  attempt.another_up = tried_count_ < tried_.size() && pool_->has_untried(tried());
  attempt.another_free = another_is_free();
  attempt.contained = convicted_;
  pool_->report_requests(now());
  attempt.budget_left = pool.memory->retries.left(pool.retry.budget, now());
  return decide_replay(attempt, pool.retry);
}

// ---- The relay: both directions at once

Task<Exchange::Relayed> Exchange::relay() {
  for (;;) {
    yielded_ = false;
    if (client_.gone()) co_return Relayed::ClientGone;
    if (went_down_ != DownCause::None && rescue()) co_return Relayed::UpstreamFailed;
    if (now() >= ends_at_) co_return timed_out(WaitingFor::DrainEnd);
    if (const auto ended = move_request()) co_return *ended;
    if (const auto ended = move_response()) co_return *ended;
    if (yielded_) {
      co_await waker_.yield();
      continue;
    }
    const Deadline deadline = next_deadline();
    const TimePoint since = now();
    if (since >= deadline.at) co_return timed_out(deadline.what);
    co_await waker_.until(deadline.at);
    if (deadline.what == WaitingFor::ClientBody || deadline.what == WaitingFor::ClientRead)
      pace_.waited(now() - since);
  }
}

void Exchange::upstream_went_down(std::uint64_t incarnation, DownCause cause) {
  if (seen_.incarnation != incarnation) return;  // an earlier life's; this request went to the next one
  went_down_ = cause;
  if (cause == DownCause::Dead && stream_ && stream_->sent_anything()) note_casualty();
  waker_.wake();
}

void Exchange::upstream_drains(UpstreamDrain& drain) {
  if (tunnel_) {
    const TimePoint moment =
        tunnel_->websocket() ? drain.next_websocket(now()) : drain.next_stream(now(), tunnel_->drain_streams());
    return tunnel_->close(moment, drain.latest_answer());
  }
  if (!is_stream()) return;
  ends_at_ = std::min(ends_at_, drain.next_stream(now(), timeouts().drain_streams));
  waker_.wake();
}

// A stream may go on for hours. Whoever reads one knows how to go on elsewhere, or must learn that it was cut.
void Exchange::drain_begins() {
  if (!is_stream()) return;
  ends_at_ = context_.streams.next_moment(now(), timeouts().drain_streams);
  waker_.wake();
}

// A request that waits on a dead or hung upstream is taken back at once, where the rules allow it, instead of at its
// timeout. The others wait on: a hung process may wake up, and one that is only unwell still works on them.
bool Exchange::rescue() {
  if (committed_ || (stream_ && went_down_ == DownCause::Unwell)) return false;
  const Replay replay = judge(UpstreamFailure::Evicted);
  retry_rule_ = replay.rule;
  if (replay.choice == Replay::Choice::Never) return false;
  failure_ = UpstreamFailure::Evicted;
  return true;
}

bool Exchange::may_leave_its_upstream() { return judge(UpstreamFailure::Evicted).choice != Replay::Choice::Never; }

// Progress is bytes, and also that somebody else is waited for from now on: the patience with a client that does not
// read must not have been used up by an upstream that had nothing to say, nor an upstream's by a slow end of a body.
void Exchange::note(const Pumped& pumped, Pumped::State& state, TimePoint& progress) const {
  if (pumped.bytes != 0 || pumped.state != state) progress = now();
  state = pumped.state;
}

std::optional<Exchange::Relayed> Exchange::move_request() {
  if (request_done_) return std::nullopt;
  const Pumped pumped = pump(body_, stream_->request_body());
  note(pumped, request_state_, request_progress_);
  switch (pumped.state) {
    case Pumped::State::WaitingForSource:
    case Pumped::State::WaitingForSink: break;
    case Pumped::State::Yielded: yielded_ = true; break;
    case Pumped::State::Done: request_done_ = true; break;
    // It does not read on; what it has to say about that may already be on its way (an early 413).
    case Pumped::State::SinkFailed: request_done_ = true; break;
    case Pumped::State::SourceFailed:
      if (body_.too_large()) return blame_client(413, outcome::kBodyTooLarge);
      if (client_.request_malformed()) {
        detail_ = client_.request_failure_detail();
        note_malformed("", outcome::kBadBody);
        return blame_client(400, outcome::kBadBody);
      }
      return Relayed::ClientGone;
  }
  return std::nullopt;
}

// The client is told what is wrong with its request, or cut off when an answer has already begun.
Exchange::Relayed Exchange::blame_client(std::uint16_t status, std::string_view outcome) {
  if (!committed_) {
    refuse_with(status, outcome);
    return Relayed::RefuseClient;
  }
  outcome_ = outcome;
  return Relayed::Aborted;
}

std::optional<Exchange::Relayed> Exchange::move_response() {
  if (!committed_) {
    if (const auto ended = forward_head()) return ended;
    if (!committed_) return std::nullopt;
  }
  const Pumped pumped = pump(stream_->response_body(), client_.response_body());
  note(pumped, response_state_, response_progress_);
  bytes_sent_ += pumped.bytes;
  switch (pumped.state) {
    case Pumped::State::WaitingForSource:
    case Pumped::State::WaitingForSink: return std::nullopt;
    case Pumped::State::Yielded: yielded_ = true; return std::nullopt;
    case Pumped::State::Done: return Relayed::Served;
    case Pumped::State::SinkFailed: return Relayed::ClientGone;
    case Pumped::State::SourceFailed: break;
  }
  outcome_ = outcome::kResponseTruncated;
  detail_ = stream_->failure_detail();
  if (stream_->failure() == UpstreamFailure::Reset) note_casualty();
  if (stream_->failure() == UpstreamFailure::InvalidResponse) note_malformed(upstream_->shared->name(), outcome_);
  return Relayed::Aborted;
}

std::optional<Exchange::Relayed> Exchange::forward_head() {
  for (;;) {
    switch (stream_->poll_head()) {
      case UpstreamStream::HeadState::Pending: return std::nullopt;
      case UpstreamStream::HeadState::Switching: return switch_protocols(stream_->response());
      case UpstreamStream::HeadState::Failed: failure_ = stream_->failure(); return Relayed::UpstreamFailed;
      case UpstreamStream::HeadState::Informational:
        if (const auto ended = forward_informational()) return ended;
        break;
      case UpstreamStream::HeadState::Final:
        if (better_elsewhere(stream_->response())) {
          failure_ = UpstreamFailure::RetryStatus;
          return Relayed::UpstreamFailed;
        }
        if (broken_from_its_start()) return Relayed::UpstreamFailed;
        return commit(stream_->response());
    }
  }
}

std::optional<Exchange::Relayed> Exchange::forward_informational() {
  const http::ResponseHead& head = stream_->response();
  if (++informational_ > http::kMaxInformational) {
    detail_ = "too many informational responses";
    failure_ = UpstreamFailure::InvalidResponse;
    return Relayed::UpstreamFailed;
  }
  request_progress_ = now();  // it lives: response_header's clock starts again
  // A request that was replayed gets its 100 once: the body that a second one would ask for is already on its way.
  if (head.status == 100 && std::exchange(continue_relayed_, true)) return std::nullopt;
  // RFC 9110 §15.2: a 1xx is not sent to an HTTP/1.0 client.
  if (client_.request().version == http::Version::Http10) return std::nullopt;
  http::forward_response(head, client_.client().via, context_.fields, context_.scratch);
  if (!client_.send_informational(head.status, head.reason, context_.fields)) return std::nullopt;
  const Pushed pushed = client_.response_body().push({}, false, context_.fields);
  if (pushed.state == Pushed::State::Failed) return Relayed::ClientGone;
  return std::nullopt;
}

// `retry.on` names statuses: such an answer is dropped when another upstream may have a better one; the last one stands.
bool Exchange::better_elsewhere(const http::ResponseHead& head) {
  const auto& statuses = pool_->pool().retry.on_status;
  if (statuses.empty() || std::find(statuses.begin(), statuses.end(), head.status) == statuses.end()) return false;
  if (!pool_->has_another(tried())) return false;
  return judge(UpstreamFailure::RetryStatus).choice != Replay::Choice::Never;
}

// As long as nothing was passed on, a chunked body that came broken behind its head is still an answer of ours and no
// cut connection (RFC 9110 §15.6.3). Bodies of a known length have nothing that could be wrong.
bool Exchange::broken_from_its_start() {
  if (stream_->response().framing.kind != http::BodyKind::Chunked) return false;
  if (stream_->response_body().peek().state != Peeked::State::Failed) return false;
  failure_ = stream_->failure();
  return true;
}

std::optional<Exchange::Relayed> Exchange::commit(const http::ResponseHead& head) {
  http::forward_response(head, client_.client().via, context_.fields, context_.scratch);
  // RFC 9110 §6.6.1: a response that is forwarded gets a Date if it has none.
  if (!http::find(head.fields, http::FieldId::Date).data())
    context_.fields.push_back({"Date", context_.date.now(), http::FieldId::Date});
  add_request_id_header();

  OutgoingResponse response{head.status, head.reason, context_.fields, head.framing};
  const bool bodiless = client_.request().method == http::Method::Head || head.status == 304;
  if (bodiless) response.declared_length = http::find(head.fields, http::FieldId::ContentLength);
  if (!client_.send_head(response)) {
    // No room for it, perhaps because 1xx heads lie unread before it. Body bytes without their head would be taken for
    // a response of their own.
    detail_ = "its head does not fit into our buffer";
    failure_ = UpstreamFailure::InvalidResponse;
    return Relayed::UpstreamFailed;
  }
  committed_ = true;

  status_ = head.status;
  first_byte_ = response_progress_ = now();
  event_stream_ = is_event_stream(head.fields);
  if (event_stream_) drain_begins();  // perhaps it has
  if (UpstreamDrain* const drain = upstream_->drain()) upstream_drains(*drain);
  upstream_->shared->note_success(context_.worker, now());
  note_answer();
  return std::nullopt;
}

// So that whoever sees a response finds its line in the logs. An app may have sent one of its own by that name.
void Exchange::add_request_id_header() {
  const std::string_view name = client_.client().request_id_header;
  if (name.empty()) return;
  std::erase_if(context_.fields, [&](const auto& field) { return http::equal_ignoring_case(field.name, name); });
  context_.fields.push_back({name, request_id()});
}

}  // namespace frontdoor
