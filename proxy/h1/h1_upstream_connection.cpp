#include "proxy/h1/h1_upstream_connection.h"

namespace frontdoor {

H1UpstreamConnection::H1UpstreamConnection(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits,
                                           LocalUpstream& home, ConnectionBudget* budget)
    : IdleConnection(home.shared->seen().incarnation),
      loop_(loop),
      home_(home),
      trust_(home.trust()),
      budget_(budget),
      counted_(*home.shared, home.worker),
      transport_(loop),
      input_(buffers),
      writer_(transport_, buffers),
      reader_(transport_, input_, H1BodyReader::Blanks::Skip),
      parser_(limits) {
  if (budget_) budget_->upstream_opened();
}

H1UpstreamConnection::~H1UpstreamConnection() {
  transport_.close();
  if (budget_) budget_->upstream_closed();
}

bool H1UpstreamConnection::lease(Waker& waker, bool verify) {
  transport_.notify(&waker);
  counted_.works();
  writer_.forget();
  writer_.reset_count();
  parser_.reset();
  reader_.start({});
  failure_ = UpstreamFailure::None;
  detail_ = "";
  received_ = informational_ = final_ = closes_soon_ = false;
  if (served_ == 0) return true;
  return !transport_.input_waits() && (!verify || transport_.quiet());
}

void H1UpstreamConnection::introduce(std::string_view header) {
  introduced_ = true;
  if (TlsLayer* const layer = transport_.tls()) layer->send_ahead(header);
  else writer_.queue_ahead(header);
}

bool H1UpstreamConnection::reusable() {
  if (introduced_) return false;
  // Bytes behind the response, or a request that was not sent to its end, would be taken for part of the next
  // exchange. An unread socket (may_read) could hide such bytes. And an app that refuses an upgrade may have taken the
  // socket from its HTTP server for that (Node's 'upgrade' event), so that nobody would read the next request. And one
  // that answers at once to an Expect, without its 100, may think that the body, which we have sent, never comes.
  return final_ && !closes_soon_ && !upgrade_offered_ && !continue_owed_ && failure_ == UpstreamFailure::None &&
         parser_.head().keep_alive && writer_.complete() &&
         reader_.complete() && reader_.failure() == H1BodyReader::Failure::None && input_.empty() &&
         !transport_.peer_finished() && !transport_.input_waits();
}

void H1UpstreamConnection::idle_for(Duration limit) {
  ++served_;
  input_.unpin();
  input_.release_if_empty();
  transport_.notify(this);
  home_.idle.push_front(*this);
  counted_.idles();
  idle_from(loop_.now());
  idle_until_ = idle_since() + limit;
  // As in Waker: an earlier timer stays and is moved on when it fires.
  if (!Timer::armed() || Timer::due() > idle_until_) loop_.arm(*this, idle_until_);
}

// Over TLS the close_notify comes first, and may be read before the FIN.
bool H1UpstreamConnection::end_was_said() const {
  return transport_.peer_finished() || (transport_.tls() && transport_.tls()->finished());
}

void H1UpstreamConnection::run() {
  if (!Listed<IdleTag>::linked()) return;
  const bool touched = transport_.input_waits() || transport_.peer_gone();
  if (end_was_said() && !transport_.peer_gone())
    if (const auto limit = home_.closes.note(loop_.now() - idle_since(), loop_.now())) home_.shared->learn_idle_limit(*limit);
  if (touched || loop_.now() >= idle_until_) delete this;
}

void H1UpstreamConnection::expired(TimePoint now) {
  if (!Listed<IdleTag>::linked()) return;
  if (now < idle_until_) return loop_.arm(*this, idle_until_);
  loop_.enqueue(*this);
}

bool H1UpstreamConnection::send_head(const OutgoingRequest& request, http::Method method) {
  method_ = method;
  upgrade_offered_ = request.upgrade;
  continue_owed_ = request.expect_continue;
  http::HeadWriter head = writer_.begin_head();
  head.request_line(request.method, request.target);
  head.field("Host", request.authority);
  for (const auto& field : request.fields) head.field(field.name, field.value);
  head.request_framing(request.framing, method);
  if (introduced_) head.field("Connection", "close");
  head.end();
  if (head.overflowed()) return false;
  writer_.head_written(head, request.framing);
  return true;
}

UpstreamStream::HeadState H1UpstreamConnection::poll_head() {
  if (informational_) {
    input_.consume(parser_.head_size());
    input_.unpin();
    parser_.reset();
    informational_ = false;
  }
  for (;;) {
    if (!input_.empty()) {
      received_ = true;
      switch (parser_.parse(input_.unread(), method_)) {
        case http::HeadStatus::Complete: return head_complete();
        case http::HeadStatus::Refused: return fail(UpstreamFailure::InvalidResponse, parser_.refusal().detail);
        case http::HeadStatus::Incomplete: break;
      }
      if (input_.full()) return fail(UpstreamFailure::InvalidResponse, "response head too large");
    }
    const IoResult result = input_.fill(transport_);
    switch (result.status) {
      case IoStatus::Ok: break;
      case IoStatus::WouldBlock: return HeadState::Pending;
      case IoStatus::End: return fail(UpstreamFailure::Reset, "connection closed");
      case IoStatus::Failed: return fail_broken();
    }
  }
}

// In TLS 1.3 our own handshake is done before the upstream has seen our certificate, or that it misses one: its alert
// comes when the request is on its way.
UpstreamStream::HeadState H1UpstreamConnection::fail_broken() {
  const char* const reason = transport_.tls() ? transport_.tls()->failure() : "";
  if (*reason == 0) return fail(UpstreamFailure::Reset, "connection reset");
  const bool first_word = served_ == 0 && !received_;
  return fail(first_word ? UpstreamFailure::TlsFailed : UpstreamFailure::Reset, reason);
}

UpstreamStream::HeadState H1UpstreamConnection::head_complete() {
  const http::ResponseHead& head = parser_.head();
  if (head.status == 101)
    return upgrade_offered_ ? HeadState::Switching : fail(UpstreamFailure::InvalidResponse, "101 without an upgrade");
  if (head.informational()) {
    informational_ = true;
    if (head.status == 100) continue_owed_ = false;
    return HeadState::Informational;
  }
  final_ = true;
  if (const auto value = http::find(head.fields, http::FieldId::KeepAlive); value.data()) {
    const auto limit = keep_alive_timeout(value);
    closes_soon_ = limit == Millis{0};  // within a second, perhaps at once
    if (limit) home_.shared->learn_idle_limit(*limit);
  }
  input_.pin(parser_.head_size());
  reader_.start(head.framing);
  return HeadState::Final;
}

void H1UpstreamConnection::switch_protocols() {
  input_.consume(parser_.head_size());
  reader_.start({http::BodyKind::UntilClose, 0});
  writer_.switch_protocols();
}

UpstreamStream::HeadState H1UpstreamConnection::fail(UpstreamFailure failure, const char* detail) {
  failure_ = failure;
  detail_ = detail;
  return HeadState::Failed;
}

UpstreamFailure H1UpstreamConnection::failure() const {
  if (failure_ != UpstreamFailure::None) return failure_;
  switch (reader_.failure()) {
    case H1BodyReader::Failure::None: break;
    case H1BodyReader::Failure::Malformed: return UpstreamFailure::InvalidResponse;
    case H1BodyReader::Failure::Truncated:
    case H1BodyReader::Failure::Reset: return UpstreamFailure::Reset;
  }
  return UpstreamFailure::None;
}

const char* H1UpstreamConnection::failure_detail() const {
  return failure_ != UpstreamFailure::None ? detail_ : reader_.detail();
}

}  // namespace frontdoor
