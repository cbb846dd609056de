#include "proxy/h2_upstream/h2_upstream_stream.h"

#include <charconv>

namespace frontdoor {

using Closed = http2::Stream::Closed;

H2UpstreamStream::~H2UpstreamStream() { connection_.stream_ends(frames_); }

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
  // RFC 8441 is not spoken to upstreams. Other upgrades are offers that nobody has to take (RFC 9110 §7.8).
  websocket_ = request.upgrade && http::equal_ignoring_case(http::find(request.fields, http::FieldId::Upgrade), "websocket");
  if (websocket_) return true;
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
  begins_at_ = connection_.given();
  frames_ = connection_.frames().ask(question);
  if (!frames_) return false;
  frames_->listen(this);
  connection_.said();
  connection_.frames_wait();
  return true;
}

Pushed H2UpstreamStream::RequestBody::push(std::string_view bytes, bool last, const http::Fields& trailers) {
  if (!stream_.frames_) return {Pushed::State::Failed, 0};
  return stream_.connection_.push(*stream_.frames_, bytes, last, trailers);
}

// ---- The answer

UpstreamStream::HeadState H2UpstreamStream::poll_head() {
  if (!frames_) return HeadState::Failed;
  response_ = frames_->next_informational();
  if (!response_) response_ = frames_->final_head();
  received_ = received_ || response_;
  if (response_) return response_->informational() ? HeadState::Informational : HeadState::Final;
  return broken() ? HeadState::Failed : HeadState::Pending;
}

UpstreamFailure H2UpstreamStream::failure() const {
  if (websocket_) return UpstreamFailure::InvalidResponse;
  if (refused()) return UpstreamFailure::NotProcessed;
  switch (frames_->closed()) {
    case Closed::No:
    case Closed::InOrder: return UpstreamFailure::None;
    case Closed::ByFault:
    case Closed::ByUs: return UpstreamFailure::InvalidResponse;
    case Closed::ByReset: return UpstreamFailure::Reset;
    case Closed::ByConnection: break;
  }
  return connection_.spoke_http2() || !*connection_.frames().fault() ? UpstreamFailure::Reset
                                                                     : UpstreamFailure::InvalidResponse;
}

const char* H2UpstreamStream::failure_detail() const {
  if (websocket_) return "an upstream of HTTP/2 can not be asked for a WebSocket";
  if (!frames_) return "its connection was going away";
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
