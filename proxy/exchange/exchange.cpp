#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <new>
#include <utility>

#include "http/forwarding.h"
#include "http/head_parser.h"
#include "http/target.h"
#include "proxy/exchange/grpc.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

Exchange::Exchange(ExchangeContext& context, ClientStream& client, Waker& waker, TimePoint started)
    : context_(context),
      client_(client),
      waker_(waker),
      snapshot_(context.snapshot),
      started_(started),
      request_id_(context.request_ids.next()),
      body_(client.request_body()) {
  tally_.version = client.request().version;
  context_.counts.in_flight.add();
}

Task<> Exchange::run() {
  Next next = Next::Forward;
  try {
    next = route();
    while (next == Next::Forward) next = co_await forward();
  } catch (const std::bad_alloc&) {
    next = out_of_memory();
  }
  const AnsweredBy by = next == Next::Refuse ? AnsweredBy::Us : AnsweredBy::Upstream;
  if (next == Next::Refuse) {
    if (pool_ && status_ >= 500 && outcome_ != outcome::kMaintenance) pool_->pool().memory->traffic.add_lost();
    co_await send_refusal();
  }
  log_request(by);
}

// ---- The spine: an attempt after the other, until one has served it or none can

Task<Exchange::Next> Exchange::forward() {
  const bool has_upstream = attempt_.under_way();  // since hold() found one, or the same again on a fresh connection
  if (!has_upstream && must_spare_the_last()) co_return co_await contain();
  if (!has_upstream && !pick_upstream()) {
    if (attempts_.untried_only) co_return no_other_to_ask();
    co_return co_await hold();
  }
  ++attempts_.tries;
  co_await connect();
  if (!attempt_.stream) co_return after_failure();
  if (!send_request_head()) {
    attempt_.leave();  // its slot is not for a client that reads our answer
    co_return refuse_with(431, outcome::kLocalResources);
  }

  const Relayed relayed = co_await relay();
  switch (relayed) {
    case Relayed::Served:
      outcome_ = outcome::kServed;
      context_.dialer.give_back(*attempt_.upstream, std::move(attempt_.stream), timeouts().upstream_idle);
      break;
    case Relayed::Switched: co_await tunnel(); break;
    case Relayed::UpstreamFailed: {
      if (may_be_a_death()) co_await ask_whether_it_died();
      if (denied_unless_it_died()) co_await see_whether_it_died();
      const Next next = after_failure();
      if (next != Next::Forward || !must_let_a_moment_pass()) co_return next;
      co_return co_await let_the_moment_pass();
    }
    case Relayed::RefuseClient: attempt_.leave(); co_return Next::Refuse;
    case Relayed::ClientGone: client_left(); break;
    case Relayed::Aborted:
      if (outcome_ == outcome::kResponseTruncated) pool_->pool().memory->traffic.add_lost();
      client_.abort();
      break;
    case Relayed::GivenUp: client_.give_up(); break;
  }
  attempt_.leave();
  co_return Next::Done;
}

Task<Exchange::Relayed> Exchange::relay() {
  for (;;) {
    relay_.begin_turn();
    if (client_.gone()) co_return Relayed::ClientGone;
    if (attempt_.went_down != DownCause::None && rescue()) co_return Relayed::UpstreamFailed;
    if (now() >= relay_.ends_at()) co_return timed_out(Relay::WaitingFor::DrainEnd);
    if (const auto ended = move_request()) co_return *ended;
    if (const auto ended = move_response()) co_return *ended;
    if (relay_.yielded()) {
      co_await waker_.yield();
      continue;
    }
    const Relay::Deadline deadline = relay_.next_deadline(moment());
    const TimePoint since = now();
    if (since >= deadline.at) co_return timed_out(deadline.what);
    co_await waker_.until(deadline.at);
    relay_.waited(deadline, client_, since, now());
  }
}

Relay::Moment Exchange::moment() {
  Relay::Moment moment{now(), timeouts(), client_, route_->min_bytes_per_second};
  moment.bytes_received = body_.consumed();
  moment.bytes_sent = tally_.bytes_sent;
  moment.committed = committed_;
  if (!committed_) moment.answer_by = request_deadline();
  if (!committed_ || relay_.open_ended()) moment.wanted_until = answer_wanted_until();
  return moment;
}

// ---- Before an upstream is involved

Exchange::Next Exchange::route() {
  const http::RequestHead& request = client_.request();
  if (client_.client().redirect_port != 0) return redirect();
  if (http::is_for_us(request)) return answer_ourselves();
  if (request.cdn_loop && context_.loop_mark.has_looped(request.fields)) {
    ++context_.looped;
    return refuse_with(508, outcome::kLoopDetected);
  }
  std::string_view host;
  std::string_view path;
  http::normalize_host(request.authority, host, context_.host_scratch);
  if (const tls::Facts* const tls = client_.client().tls; tls && !tls->may_ask_for(host)) {
    detail_ = "the connection's certificate is not for this host";
    return refuse_with(421, outcome::kMisdirected);
  }
  if (!http::normalize_path(request.target, path, context_.scratch)) {
    detail_ = "the path has a broken % escape, climbs above the root, or hides a dot segment";
    return refuse_with(400, outcome::kBadTarget);
  }

  route_ = snapshot_->shared().match(host, path);
  tally_.logged = !route_ || route_->access_log;
  if (!route_) return refuse_with(404, outcome::kNoRoute);
  if (path.data() != request.target.data() && !routed_alike(host, path.size())) {
    detail_ = "without its dot segments the path would take another route";
    return refuse_with(400, outcome::kBadTarget);
  }
  pool_ = &snapshot_->pool(route_->pool);
  pool_->count_request();
  snapshot_->count(*route_);
  counts_ = &pool_->counts();
  if (pool_->pool().maintenance) return in_maintenance(*pool_->pool().maintenance);

  if (request.framing.kind != http::BodyKind::None && grpc::is_call(request.fields))
    if (const auto patience = grpc::timeout_of(request.fields)) client_waits_until_ = started_ + *patience;

  const std::uint64_t limit = route_->body_bytes;
  if (limit != 0 && request.framing.kind == http::BodyKind::Length && request.framing.length > limit)
    return refuse_with(413, outcome::kBodyTooLarge);
  body_.limit_to(limit);

  // Only what could ever be sent again is kept. What was not sent is still with the client.
  if (http::is_idempotent(request.method)) body_.keep_up_to(pool_->pool().retry.body_bytes);
  return Next::Forward;
}

Exchange::Next Exchange::in_maintenance(const PoolMaintenance& maintenance) {
  retry_after_ = maintenance.retry_after_seconds;
  return refuse_with(503, outcome::kMaintenance);
}

// The target is passed on as it is. An app that routes by it without removing dot segments would serve "/admin/../public"
// by what it has at /admin, which a route to /public has not let in. The path that was routed by is overwritten.
bool Exchange::routed_alike(std::string_view host, std::size_t path_size) const {
  const auto literal = http::literal_path(client_.request().target, context_.scratch);
  const bool takes_back = literal.find("/..") != std::string_view::npos;  // a "." leads nowhere else
  return literal.size() == path_size || !takes_back || snapshot_->shared().match(host, literal) == route_;
}

// Whatever it asks for.
Exchange::Next Exchange::redirect() {
  if (!client_.request().authority.empty() && client_.request().target.starts_with('/'))
    return refuse_with(308, outcome::kRedirected);
  detail_ = "it names no host, or no path, to be redirected to";
  return refuse_with(400, outcome::kBadTarget);
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

// ---- What an attempt sends and gets

bool Exchange::send_request_head() {
  const http::RequestHead& request = client_.request();
  const ClientInfo& client = client_.client();
  http::ForwardContext forward;
  forward.last_hop = client.last_hop;
  forward.loop_mark = context_.loop_mark.element();
  forward.scheme = client.scheme;
  forward.request_id = request_id();
  forward.trace = trace();
  forward.via = client.via;
  forward.trusted = client.trusted;
  std::array<http::Field, 5> certificate;
  if (client.tls && client.tls->client) {
    const tls::ClientCertificate& shown = *client.tls->client;
    certificate = {http::Field{"X-Client-Cert-Subject", shown.subject}, {"X-Client-Cert-Issuer", shown.issuer},
                   {"X-Client-Cert-Serial", shown.serial}, {"X-Client-Cert-Fingerprint", shown.fingerprint},
                   {"X-Client-Cert-Not-After", shown.not_after}};
    forward.client_certificate = certificate;
  }
  http::forward_request(request, forward, context_.fields, context_.scratch);
  const std::string_view own_host = attempt_.upstream->host;
  const OutgoingRequest outgoing{request.method_text, request.target,
                                 own_host.empty() ? request.authority : own_host, context_.fields,
                                 request.framing, request.upgrade, request.expect_continue};
  // Only a protocol that tells what it has not begun with lets a POST be sent again (gRPC is made of those).
  const bool untouched = request.framing.kind != http::BodyKind::None && body_.consumed() == 0;
  if (untouched && attempt_.stream->tells_unprocessed()) body_.keep_up_to(pool_->pool().retry.body_bytes);
  body_.rewind();
  relay_.begin(now());
  return attempt_.stream->send_head(outgoing, request.method);
}

void Exchange::upstream_drains(UpstreamDrain& drain) {
  if (tunnel_) {
    const TimePoint moment =
        tunnel_->websocket() ? drain.next_websocket(now()) : drain.next_stream(now(), tunnel_->drain_streams());
    return tunnel_->close(moment, drain.latest_answer());
  }
  if (!is_stream()) return;
  relay_.end_at(std::min(relay_.ends_at(), drain.next_stream(now(), timeouts().drain_streams)));
  waker_.wake();
}

// It begins where all that had begun before has been told already.
void Exchange::join_drains() {
  if (UpstreamDrain* const drain = attempt_.upstream->drain()) upstream_drains(*drain);
  const ListenerDrain* const listener = listener_drain();
  if (listener && *listener) upstream_drains(**listener);
}

// A stream may go on for hours. Its reader knows how to go on elsewhere, or must learn that it was cut.
void Exchange::drain_begins() {
  if (!is_stream()) return;
  relay_.end_at(context_.streams.next_moment(now(), timeouts().drain_streams));
  waker_.wake();
}

std::optional<Exchange::Relayed> Exchange::move_request() {
  if (relay_.request_done()) return std::nullopt;
  const auto state = relay_.move_request(body_, attempt_.stream->request_body(), now());
  if (state != Pumped::State::SourceFailed) return std::nullopt;
  if (body_.too_large()) return blame_client(413, outcome::kBodyTooLarge);
  if (!client_.request_malformed()) return Relayed::ClientGone;
  detail_ = client_.request_failure_detail();
  note_malformed("", outcome::kBadBody);
  return blame_client(400, outcome::kBadBody);
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

Exchange::Relayed Exchange::timed_out(Relay::WaitingFor what) {
  switch (what) {
    case Relay::WaitingFor::ResponseHead: return attempt_fails(UpstreamFailure::HeaderTimeout);
    case Relay::WaitingFor::ResponseBody: outcome_ = outcome::kResponseBodyTimeout; return Relayed::Aborted;
    case Relay::WaitingFor::Events: outcome_ = outcome::kStreamIdle; return Relayed::Aborted;
    case Relay::WaitingFor::ClientRead: outcome_ = outcome::kClientWriteTimeout; return Relayed::GivenUp;
    case Relay::WaitingFor::DrainEnd: outcome_ = outcome::kDrained; return Relayed::Aborted;
    case Relay::WaitingFor::ClientBody: return blame_client(408, outcome::kClientBodyTimeout);
    case Relay::WaitingFor::AnyAnswer: request_timed_out(); return Relayed::RefuseClient;
    case Relay::WaitingFor::ClientFin:
      if (!committed_) break;
      client_left();
      return Relayed::Aborted;
    case Relay::WaitingFor::Nobody: break;
  }
  return Relayed::ClientGone;
}

Exchange::Relayed Exchange::attempt_fails(UpstreamFailure how) {
  attempt_.failure = how;
  return Relayed::UpstreamFailed;
}

std::optional<Exchange::Relayed> Exchange::move_response() {
  if (!committed_) {
    if (const auto ended = forward_head()) return ended;
    if (!committed_) return std::nullopt;
  }
  const Pumped pumped = relay_.move_response(attempt_.stream->response_body(), client_.response_body(), now());
  tally_.bytes_sent += pumped.bytes;
  switch (pumped.state) {
    case Pumped::State::WaitingForSource:
    case Pumped::State::WaitingForSink:
    case Pumped::State::Yielded: return std::nullopt;
    case Pumped::State::Done: return Relayed::Served;
    case Pumped::State::SinkFailed: return Relayed::ClientGone;
    case Pumped::State::SourceFailed: break;
  }
  outcome_ = outcome::kResponseTruncated;
  detail_ = attempt_.stream->failure_detail();
  if (attempt_.stream->failure() == UpstreamFailure::Reset) note_casualty();
  if (attempt_.stream->failure() == UpstreamFailure::InvalidResponse)
    note_malformed(attempt_.upstream->shared->name(), outcome_);
  return Relayed::Aborted;
}

std::optional<Exchange::Relayed> Exchange::forward_head() {
  for (;;) {
    switch (attempt_.stream->poll_head()) {
      case UpstreamStream::HeadState::Pending: return std::nullopt;
      case UpstreamStream::HeadState::Switching: return switch_protocols(attempt_.stream->response());
      case UpstreamStream::HeadState::Failed: return attempt_fails(attempt_.stream->failure());
      case UpstreamStream::HeadState::Informational:
        if (const auto ended = forward_informational()) return ended;
        break;
      case UpstreamStream::HeadState::Final:
        if (better_elsewhere(attempt_.stream->response())) return attempt_fails(UpstreamFailure::RetryStatus);
        if (broken_from_its_start()) return Relayed::UpstreamFailed;
        return commit(attempt_.stream->response());
    }
  }
}

std::optional<Exchange::Relayed> Exchange::forward_informational() {
  const http::ResponseHead& head = attempt_.stream->response();
  if (++informational_ > http::kMaxInformational) {
    detail_ = "too many informational responses";
    return attempt_fails(UpstreamFailure::InvalidResponse);
  }
  relay_.upstream_lives(now());
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
  if (!pool_->has_another(attempts_.upstreams())) return false;
  const Replay replay = judge(UpstreamFailure::RetryStatus);
  attempt_.budget_granted = replay.spends_budget;
  return replay.choice != Replay::Choice::Never;
}

// As long as nothing was passed on, a body that came broken behind its head is still an answer of ours and no cut connection
// (RFC 9110 §15.6.3), be it malformed or cut: its connection may have ended in the same turn. One that waits is none.
bool Exchange::broken_from_its_start() {
  if (attempt_.stream->response_body().peek().state != Peeked::State::Failed) return false;
  attempt_.failure = attempt_.stream->failure();
  return true;
}

std::optional<Exchange::Relayed> Exchange::commit(const http::ResponseHead& head) {
  http::forward_response(head, client_.client().via, context_.fields, context_.scratch);
  // RFC 9110 §6.6.1: a response that is forwarded gets a Date if it has none.
  if (!http::find(head.fields, http::FieldId::Date).data())
    context_.fields.push_back({"Date", context_.date.now(), http::FieldId::Date});
  add_listener_headers(AnsweredBy::Upstream);

  OutgoingResponse response{head.status, head.reason, context_.fields, head.framing};
  // RFC 9110 §8.6: a 204 has no Content-Length, whatever asked for it.
  const bool of_head = client_.request().method == http::Method::Head && head.status != 204;
  const bool bodiless = of_head || head.status == 304;
  if (bodiless) response.declared_length = http::find(head.fields, http::FieldId::ContentLength);
  if (!client_.send_head(response)) {
    // No room for it, perhaps because 1xx heads lie unread before it. Body bytes without their head would be taken for
    // a response of their own.
    detail_ = client_.send_failure_detail();
    return attempt_fails(UpstreamFailure::InvalidResponse);
  }
  committed_ = true;

  status_ = head.status;
  tally_.first_byte = now();
  relay_.response_begins(now(), is_open_ended(head.fields));
  if (relay_.open_ended()) {
    drain_begins();  // perhaps it has
    join_drains();
  }
  note_upstream_answered();
  note_answer();
  return std::nullopt;
}

}  // namespace frontdoor
