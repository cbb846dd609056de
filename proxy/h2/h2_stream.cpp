#include "proxy/h2/h2_stream.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace frontdoor {

using Closed = http2::ServerStream::Closed;

H2Stream::H2Stream(H2Connection& connection, http2::ServerStream& frames, EventLoop& loop, const ClientInfo& client)
    : connection_(connection), frames_(frames), waker_(loop), client_(client) {
  frames_.listen(this);
  websocket_ = !frames_.refusal() && frames_.request().upgrade;
  if (!websocket_) return;
  std::array<std::uint8_t, 16> nonce{};
  // Before the kernel has any it is weak: nobody relies on more than that the answer is to this request.
  if (::getrandom(nonce.data(), nonce.size(), GRND_NONBLOCK) < 0) nonce[0] = static_cast<std::uint8_t>(frames_.id());
  websocket_key_ = http::websocket_key(nonce);
  frames_.request().fields.push_back({http::kWebSocketKey, {websocket_key_.data(), websocket_key_.size()}});
}

void H2Stream::client_is(const IpAddress& client) {
  client_text_ = client.text();
  client_.ip = client_text_.view();
  client_.address = {client, 0};
}

// Closed before both sides had said all.
bool H2Stream::broken() const { return frames_.closed() != Closed::No && frames_.closed() != Closed::InOrder; }

bool H2Stream::gone() const { return (broken() && !frames_.response_ended()) || connection_.lost(); }

const char* H2Stream::request_failure_detail() const {
  return request_malformed() ? "the client has broken a rule of HTTP/2 on this stream" : "";
}

http2::ErrorCode H2Stream::why_incomplete() const {
  const bool ours = head_sent_ && !given_up_ && !switched_;  // RFC 8441 §5: a tunnel that is cut is cancelled
  return ours ? http2::ErrorCode::InternalError : http2::ErrorCode::Cancel;
}

// ---- The request

Peeked H2Stream::RequestBody::peek() {
  const http2::ServerStream& frames = stream_.frames_;
  if (stream_.broken()) return {Peeked::State::Failed, {}, false};
  if (stream_.opens_websocket()) return {Peeked::State::End, {}, true};
  const std::string_view bytes = frames.received();
  if (!bytes.empty()) return {Peeked::State::Bytes, bytes, frames.request_ended()};
  if (frames.request_ended()) return {Peeked::State::End, {}, true};
  return {Peeked::State::Pending, {}, false};
}

void H2Stream::RequestBody::consume(std::size_t count) {
  stream_.connection_.frames().consume(stream_.frames_, count);
  stream_.connection_.frames_wait();  // perhaps a window opens
}

bool H2Stream::RequestBody::ready() const {
  const http2::ServerStream& frames = stream_.frames_;
  return !frames.received().empty() || frames.request_ended() || stream_.broken() || stream_.opens_websocket();
}

// ---- The answer

bool H2Stream::send_informational(std::uint16_t status, std::string_view, const http::Fields& fields) {
  connection_.frames_wait();
  return connection_.frames().inform(frames_, status, fields);
}

// A 101 of HTTP/1 is a 200 here. What it says of the key is for us.
bool H2Stream::switch_protocols(std::string_view, const http::Fields& fields) {
  http::Fields passed;
  for (const auto& field : fields)
    if (!http::equal_ignoring_case(field.name, http::kWebSocketAccept)) passed.push_back(field);
  connection_.frames_wait();
  switched_ = head_sent_ = connection_.frames().respond(frames_, 200, passed, {}, false);
  return switched_;
}

bool H2Stream::send_head(const OutgoingResponse& response) {
  // RFC 8441 §5: every 2xx would be a WebSocket.
  no_switch_ = websocket_ && response.status < 300;
  if (no_switch_) return false;
  const bool bodiless = request().method == http::Method::Head || response.status == 204 || response.status == 304;
  char digits[20];
  std::string_view length = response.declared_length;
  const bool none = response.framing.kind == http::BodyKind::None;
  if (!length.data() && (response.framing.kind == http::BodyKind::Length || (none && !bodiless))) {
    const auto end = std::to_chars(digits, digits + sizeof digits, none ? 0 : response.framing.length).ptr;
    length = {digits, static_cast<std::size_t>(end - digits)};
  }
  const bool empty = none || response.framing == http::Framing{http::BodyKind::Length, 0};
  connection_.frames_wait();
  head_sent_ = connection_.frames().respond(frames_, response.status, response.fields, length, empty);
  return head_sent_;
}

const char* H2Stream::send_failure_detail() const {
  return no_switch_ ? "an answer to a WebSocket that is no 101" : ClientStream::send_failure_detail();
}

Pushed H2Stream::ResponseBody::push(std::string_view bytes, bool last, const http::Fields& trailers) {
  const H2Connection::Place place = stream_.connection_.push(stream_.frames_, bytes, last, trailers);
  if (place.pushed.accepted != 0) {
    stream_.sent_ += place.pushed.accepted;
    stream_.sent_until_ = place.end;
  }
  return place.pushed;
}

// The connection's bytes are in one row: what of this stream is behind those that have arrived has not. Others' bytes in
// between count for it as well, so that it is never less.
std::size_t H2Stream::unread_bytes() const {
  const std::uint64_t arrived = connection_.bytes_with_the_client();
  if (arrived >= sent_until_) return 0;
  return static_cast<std::size_t>(std::min(sent_, sent_until_ - arrived));
}

}  // namespace frontdoor
