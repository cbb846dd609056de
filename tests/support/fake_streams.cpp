#include "support/fake_streams.h"

#include <algorithm>
#include <cerrno>

namespace frontdoor::testing {

// ---- Bodies

void FakeSource::changed() {
  if (waker_) waker_->wake();
}

void FakeSource::add(std::string_view bytes) {
  bytes_ += bytes;
  changed();
}

void FakeSource::end() {
  ended_ = true;
  changed();
}

void FakeSource::fail() {
  failed_ = true;
  changed();
}

Peeked FakeSource::peek() {
  ++peeks_;
  if (!bytes_.empty()) return {Peeked::State::Bytes, bytes_, ended_};
  if (failed_) return {Peeked::State::Failed, {}, false};
  if (ended_) return {Peeked::State::End, {}, true};
  return {Peeked::State::Pending, {}, false};
}

void FakeSource::consume(std::size_t count) {
  bytes_.erase(0, count);
  consumed_ += count;
}

void FakeSink::set_room(std::size_t room) {
  room_ = room;
  if (waker_) waker_->wake();
}

void FakeSink::hold_flush(bool hold) {
  hold_ = hold;
  if (waker_) waker_->wake();
}

void FakeSink::fail() {
  failed_ = true;
  if (waker_) waker_->wake();
}

Pushed FakeSink::push(std::string_view bytes, bool last, const http::Fields& trailers) {
  ++pushes_;
  if (failed_) return {Pushed::State::Failed, 0};
  const std::size_t accepted = std::min(room_, bytes.size());
  received_ += bytes.substr(0, accepted);
  if (room_ != kUnlimited) room_ -= accepted;
  if (accepted < bytes.size() || hold_) return {Pushed::State::Blocked, accepted};
  if (last && !ended_) {
    ended_ = true;
    trailers_ = OwnedFields(trailers);
  }
  return {Pushed::State::Done, accepted};
}

// ---- The client

void FakeClientStream::ask(std::string_view method, std::string_view target) {
  head.method = http::method_of(method);
  head.method_text = method;
  head.target = target;
  head.framing = {};
  body.end();
}

void FakeClientStream::leave() {
  gone_ = true;
  if (switched) body.fail();  // as reading from it would
  waker_.wake();
}

bool FakeClientStream::send_informational(std::uint16_t status, std::string_view, const http::Fields&) {
  informational.push_back(status);
  return true;
}

bool FakeClientStream::send_head(const OutgoingResponse& response) {
  if (heads_to_refuse > 0) {
    --heads_to_refuse;
    return false;
  }
  heads.push_back({response.status, OwnedFields(response.fields), response.framing,
                   std::string(response.declared_length), response.request_abandoned});
  return true;
}

bool FakeClientStream::switch_protocols(std::string_view, const http::Fields& fields) {
  if (heads_to_refuse > 0) {
    --heads_to_refuse;
    return false;
  }
  heads.push_back({101, OwnedFields(fields), {}, {}, false});
  switched = true;
  head = {};  // as promised: nobody may look at it any more
  body.reopen();
  return true;
}

// ---- An upstream

void FakeUpstream::add(Step step) {
  steps_.push_back(std::move(step));
  const UpstreamFailure failure = steps_.back().failure;
  received_ = received_ || (failure != UpstreamFailure::Reset && failure != UpstreamFailure::NotProcessed);
  if (open && waker_) waker_->wake();
}

void FakeUpstream::informational(std::uint16_t status) {
  Step step{UpstreamStream::HeadState::Informational, UpstreamFailure::None, nullptr, {}};
  step.head.status = status;
  add(std::move(step));
}

void FakeUpstream::respond(std::uint16_t status, OwnedFields response_fields,
                           http::Framing response_framing) {
  auto kept = std::make_shared<OwnedFields>(response_fields.views());
  Step step{UpstreamStream::HeadState::Final, UpstreamFailure::None, kept, {}};
  step.head.status = status;
  step.head.fields = kept->views();
  step.head.framing = response_framing;
  add(std::move(step));
}

void FakeUpstream::respond_whole(std::string_view text) {
  body.add(text);
  body.end();
  respond(200, {{"Content-Type", "text/plain"}}, {http::BodyKind::Length, text.size()});
}

void FakeUpstream::switch_to(const char* protocol) {
  respond(101, {{"Connection", "Upgrade"}, {"Upgrade", protocol}});
  steps_.back().state = UpstreamStream::HeadState::Switching;
  steps_.back().head.has_connection_options = true;
}

void FakeUpstream::reset() { add({UpstreamStream::HeadState::Failed, UpstreamFailure::Reset, nullptr, {}}); }

void FakeUpstream::refuse() { add({UpstreamStream::HeadState::Failed, UpstreamFailure::NotProcessed, nullptr, {}}); }

void FakeUpstream::send_garbage() {
  add({UpstreamStream::HeadState::Failed, UpstreamFailure::InvalidResponse, nullptr, {}});
}

// What the exchange owns; the test keeps the FakeUpstream.
class FakeUpstreamStream final : public UpstreamStream {
 public:
  explicit FakeUpstreamStream(std::shared_ptr<FakeUpstream> upstream) : upstream_(std::move(upstream)) {}
  ~FakeUpstreamStream() override { upstream_->open = false; }

  FakeUpstream& upstream() { return *upstream_; }

  bool send_head(const OutgoingRequest& request, http::Method) override {
    upstream_->method = request.method;
    upstream_->target = request.target;
    upstream_->authority = request.authority;
    upstream_->fields = OwnedFields(request.fields);
    upstream_->framing = request.framing;
    return upstream_->takes_head;
  }
  BodySink& request_body() override { return sink_; }
  HeadState poll_head() override {
    if (upstream_->steps_.empty()) return HeadState::Pending;
    upstream_->current_ = std::move(upstream_->steps_.front());
    upstream_->steps_.pop_front();
    return upstream_->current_.state;
  }
  const http::ResponseHead& response() const override { return upstream_->current_.head; }
  BodySource& response_body() override { return upstream_->body; }
  UpstreamFailure failure() const override { return upstream_->current_.failure; }
  const char* failure_detail() const override { return ""; }
  void switch_protocols() override {}
  RawConnection raw() override { return upstream_->raw_connection; }
  bool gone() const override { return upstream_->gone; }
  void abort() override { upstream_->aborted = true; }
  bool reused() const override {
    if (upstream_->when_reuse_is_asked) upstream_->when_reuse_is_asked();
    return upstream_->reused;
  }
  bool sent_anything() const override { return upstream_->sent; }
  bool received_anything() const override { return upstream_->received_; }
  bool tells_unprocessed() const override { return upstream_->tells_unprocessed; }
  bool death_paid_for() const override { return upstream_->death_paid_for && *upstream_->death_paid_for; }
  void pay_for_death() override {
    if (upstream_->death_paid_for) *upstream_->death_paid_for = true;
  }

 private:
  // Notes that something was sent: the head leaves with the first push that does not fail.
  class Sink final : public BodySink {
   public:
    explicit Sink(FakeUpstream& upstream) : upstream_(upstream) {}
    Pushed push(std::string_view bytes, bool last, const http::Fields& trailers) override {
      const Pushed pushed = upstream_.request.push(bytes, last, trailers);
      if (pushed.state != Pushed::State::Failed) upstream_.sent = true;
      return pushed;
    }

   private:
    FakeUpstream& upstream_;
  };

  std::shared_ptr<FakeUpstream> upstream_;
  Sink sink_{*upstream_};
};

// ---- The dialer

void FakeDialer::fail_next(const std::string& upstream, UpstreamFailure failure, int times) {
  failures_[upstream] = {failure, times};
}

void FakeDialer::let_through() {
  held_ = false;
  if (held_waker_) held_waker_->wake();
}

std::shared_ptr<FakeUpstream> FakeDialer::add_idle(const std::string& upstream) {
  auto connection = std::make_shared<FakeUpstream>(upstream, true);
  idle_[upstream].push_back(connection);
  return connection;
}

std::unique_ptr<UpstreamStream> FakeDialer::hand_out(std::shared_ptr<FakeUpstream> connection, Waker& waker) {
  connection->waker_ = &waker;
  connection->takes_head = heads_fit;
  connection->tells_unprocessed = tells_unprocessed;
  connection->request.wake_on_change(waker);
  connection->body.wake_on_change(waker);
  connections.push_back(connection);
  return std::make_unique<FakeUpstreamStream>(std::move(connection));
}

std::unique_ptr<UpstreamStream> FakeDialer::reuse(LocalUpstream& upstream, Waker& waker, Verify verify) {
  auto& idle = idle_[upstream.shared->name()];
  if (idle.empty()) return nullptr;
  verified.push_back(verify);
  auto connection = idle.back();
  idle.pop_back();
  return hand_out(std::move(connection), waker);
}

Task<Dialed> FakeDialer::dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) {
  ++dials;
  Dialed dialed;
  held_waker_ = &waker;
  while (held_) {
    co_await waker.until(std::min(deadline, caller.wanted_until()));
    if (time_.now() >= caller.wanted_until()) co_return dialed;
    if (time_.now() < deadline) continue;
    dialed.failure = UpstreamFailure::ConnectTimeout;
    co_return dialed;
  }
  auto& [failure, times] = failures_[upstream.shared->name()];
  if (times > 0) {
    --times;
    dialed.failure = failure;
    dialed.room_is_coming = room_is_coming && failure == UpstreamFailure::LocalResources;
    co_return dialed;
  }
  dialed.stream = hand_out(std::make_shared<FakeUpstream>(upstream.shared->name(), false), waker);
  co_return dialed;
}

Task<Dialed> FakeDialer::knock(LocalUpstream& upstream, Waker&, TimePoint, Caller&) {
  ++knocks;
  Dialed dialed;
  auto& [failure, times] = failures_[upstream.shared->name()];
  if (times > 0) {
    --times;
    dialed.failure = failure;
  } else {
    dialed.stream = std::make_unique<FakeUpstreamStream>(std::make_shared<FakeUpstream>(upstream.shared->name(), false));
  }
  co_return dialed;
}

void FakeDialer::give_back(LocalUpstream&, std::unique_ptr<UpstreamStream> stream, Millis) {
  static_cast<FakeUpstreamStream&>(*stream).upstream().given_back = true;
}

}  // namespace frontdoor::testing
