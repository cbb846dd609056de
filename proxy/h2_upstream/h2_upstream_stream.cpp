#include "proxy/h2_upstream/h2_upstream_stream.h"

#include <charconv>

namespace frontdoor {

using Closed = http2::Stream::Closed;

H2UpstreamStream::~H2UpstreamStream() {
  if (opening_ && frames_) connection_.websocket_ends();
  connection_.stream_ends(frames_);
}

// Closed before the answer was complete.
bool H2UpstreamStream::broken() const {
  return !frames_ || (frames_->closed() != Closed::No && frames_->closed() != Closed::InOrder);
}

// RFC 9113 §8.7: by RST_STREAM, or above the last stream of a GOAWAY. Or it never left.
bool H2UpstreamStream::refused() const {
  if (!frames_) return true;
  return frames_->closed() == Closed::ByReset && frames_->error() == http2::ErrorCode::RefusedStream;
}

// ---- The request

bool H2UpstreamStream::send_head(const OutgoingRequest& request, http::Method method) {
  if (connection_.is_going()) return true;  // which poll_head() tells
  opening_ = WebSocketOpening::of(request, method);
  if (opening_) return open_websocket();
  char digits[20];
  std::string_view length;
  const bool anticipated = method == http::Method::Post || method == http::Method::Put || method == http::Method::Patch;
  const bool none = request.framing.kind == http::BodyKind::None;
  if (request.framing.kind == http::BodyKind::Length || (none && anticipated)) {  // RFC 9110 §8.6
    const auto end = std::to_chars(digits, digits + sizeof digits, none ? 0 : request.framing.length).ptr;
    length = {digits, static_cast<std::size_t>(end - digits)};
  }
  const http2::Question question{request.method, method, connection_.scheme(), request.authority, request.target,
                                 request.fields, length, none};
  return ask(question);
}

bool H2UpstreamStream::ask(const http2::Question& question) {
  begins_at_ = connection_.given();
  frames_ = connection_.frames().ask(question);
  if (!frames_) return false;
  frames_->listen(this);
  connection_.said();
  connection_.frames_wait();
  return true;
}

// RFC 8441 §3: not before the upstream has said that it knows of it. Those SETTINGS are the first that it says, so that only
// the first requests on a connection wait for them, no longer than for an answer.
bool H2UpstreamStream::open_websocket() {
  const http2::Question question = opening_->question(connection_.scheme());
  if (!question.fits()) return false;
  if (!connection_.spoke_http2()) {
    connection_.await_settings(*this);
    return true;
  }
  if (!connection_.frames().allows_extended_connect()) not_asked_ = UpstreamFailure::NoWebSocket;
  else if (!connection_.takes_websocket()) not_asked_ = UpstreamFailure::Overloaded;
  if (not_asked_ == UpstreamFailure::None) {
    if (!ask(question)) return false;
    connection_.websocket_begins();
  }
  opening_->asked();
  return true;
}

Pushed H2UpstreamStream::RequestBody::push(std::string_view bytes, bool last, const http::Fields& trailers) {
  if (stream_.opens_websocket()) return {};
  if (!stream_.frames_) return {Pushed::State::Failed, 0};
  return stream_.connection_.push(*stream_.frames_, bytes, last, trailers);
}

// ---- The answer

UpstreamStream::HeadState H2UpstreamStream::poll_head() {
  if (Listed<AwaitsSettingsTag>::linked()) {
    if (!connection_.is_going() && !connection_.spoke_http2()) return HeadState::Pending;
    Listed<AwaitsSettingsTag>::unlink();
    if (!connection_.is_going()) open_websocket();  // that it fits has been looked at
  }
  if (!frames_) return HeadState::Failed;
  response_ = frames_->next_informational();
  if (!response_) response_ = frames_->final_head();
  received_ = received_ || response_;
  if (!response_) return broken() ? HeadState::Failed : HeadState::Pending;
  if (response_->informational()) return HeadState::Informational;
  if (!opening_) return HeadState::Final;
  if (frames_->is_tunnel()) {
    response_ = &opening_->accepted(*response_);
    return HeadState::Switching;
  }
  connection_.push(*frames_, {}, true, {});  // nothing follows a refusal: a stream that has ended is not cut
  return HeadState::Final;
}

UpstreamFailure H2UpstreamStream::failure() const {
  if (not_asked_ != UpstreamFailure::None) return not_asked_;
  if (!frames_ && not_http2()) return UpstreamFailure::InvalidResponse;
  if (refused()) return UpstreamFailure::NotProcessed;
  switch (frames_->closed()) {
    case Closed::No:
    case Closed::InOrder: return UpstreamFailure::None;
    case Closed::ByFault:
    case Closed::ByUs: return UpstreamFailure::InvalidResponse;
    case Closed::ByReset: return UpstreamFailure::Reset;
    case Closed::ByConnection: break;
  }
  return not_http2() ? UpstreamFailure::InvalidResponse : UpstreamFailure::Reset;
}

void H2UpstreamStream::switch_protocols() {
  switched_ = true;
  if (opening_) opening_->switched();
  response_ = nullptr;
}

// A tunnel has no end that both have not said: a stream that is closed takes nothing more, in whatever order that came.
bool H2UpstreamStream::gone() const { return broken() || (switched_ && frames_->closed() != Closed::No); }

bool H2UpstreamStream::not_http2() const { return !connection_.spoke_http2() && *connection_.frames().fault(); }

const char* H2UpstreamStream::failure_detail() const {
  if (not_asked_ == UpstreamFailure::NoWebSocket) return "its SETTINGS do not allow extended CONNECT";
  if (not_asked_ != UpstreamFailure::None) return "WebSockets have their half of its streams";
  if (Listed<AwaitsSettingsTag>::linked()) return "its SETTINGS have not come";
  if (!frames_ && failure() != UpstreamFailure::InvalidResponse) return "its connection was going away";
  if (!frames_) return "the upstream does not speak HTTP/2";
  switch (frames_->closed()) {
    case Closed::No:
    case Closed::InOrder: return "";
    case Closed::ByFault:
    case Closed::ByUs: return frames_->fault();
    case Closed::ByReset:
      return refused() ? "the upstream refused the stream" : http2::name_of(frames_->error());
    case Closed::ByConnection: break;
  }
  if (failure() == UpstreamFailure::InvalidResponse) return "the upstream does not speak HTTP/2";
  return connection_.fault();
}

Peeked H2UpstreamStream::ResponseBody::peek() {
  const http2::RequestStream& frames = *stream_.frames_;
  const std::string_view bytes = frames.received();
  const bool ended = frames.response_ended();
  if (!bytes.empty()) return {Peeked::State::Bytes, bytes, ended};
  if (ended) return {Peeked::State::End, {}, true};
  if (stream_.broken()) return {Peeked::State::Failed, {}, false};
  return {Peeked::State::Pending, {}, false};
}

void H2UpstreamStream::ResponseBody::consume(std::size_t count) {
  stream_.connection_.frames().consume(*stream_.frames_, count);
  stream_.connection_.frames_wait();  // perhaps a window opens
}

bool H2UpstreamStream::ResponseBody::ready() const {
  const http2::RequestStream& frames = *stream_.frames_;
  return !frames.received().empty() || frames.response_ended() || stream_.broken();
}

}  // namespace frontdoor
