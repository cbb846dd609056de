#include "http2/client_session.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>
#include <vector>

#include "http2/client_callbacks.h"
#include "http2/field_rules.h"

namespace frontdoor::http2 {

namespace {

// 1xx that wait to be looked at. They are advice: those beyond are not passed on.
constexpr std::size_t kMostInformationalKept = 4;

// What many clients share a table with, and one of them could guess at by the length of what is sent.
bool is_secret(http::FieldId id) { return id == http::FieldId::Authorization || id == http::FieldId::Cookie; }

}  // namespace

const http::ResponseHead* RequestStream::next_informational() {
  if (informational_.empty()) return nullptr;
  told_ = std::move(informational_.front());
  informational_.erase(informational_.begin());
  return &told_->head;
}

ClientSession::ClientSession(const ClientLimits& limits)
    : Session(limits.head, Bodies::OutliveIt), most_streams_(limits.streams), building_(limits.head) {
  const SessionParts parts(limits.head);
  Callbacks::install(*parts.callbacks);

  nghttp2_option_set_peer_max_concurrent_streams(parts.option.get(), limits.streams);
  check(nghttp2_session_client_new2(&session_, parts.callbacks.get(), static_cast<Session*>(this), parts.option.get()));

  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head.header_bytes)}};
  const int submitted = nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  const std::uint64_t all_windows = std::uint64_t{limits.streams} * limits.stream_window;
  const auto window = static_cast<std::int32_t>(std::min<std::uint64_t>(all_windows, NGHTTP2_MAX_WINDOW_SIZE));
  const int widened = nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, window);
  if (submitted != 0 || widened != 0) throw std::bad_alloc();
}

RequestStream* ClientSession::find(std::int32_t id) const { return static_cast<RequestStream*>(Session::find(id)); }

// ---- Requests

bool ClientSession::takes_requests() const {
  return !dead_ && !finished_ && !goes_away_ && nghttp2_session_check_request_allowed(session_) != 0;
}

std::uint32_t ClientSession::streams_at_once() const {
  if (!settings_known_) return most_streams_;
  return std::min(most_streams_, nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

bool ClientSession::allows_extended_connect() const {
  return settings_known_ && nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

bool Question::fits() const {
  std::size_t size = target.size() + authority.size();
  for (const auto& field : fields) size += field.name.size() + field.value.size() + kFieldOverhead;
  return size <= kLargestHead / 2;
}

RequestStream* ClientSession::ask(const Question& question) {
  if (!question.fits()) return nullptr;
  const bool connects = !question.protocol.empty();
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(question.fields.size() + 6);
  pairs.push_back(pair_of(":method", connects ? "CONNECT" : question.method_text));
  if (connects) pairs.push_back(pair_of(":protocol", question.protocol));
  pairs.push_back(pair_of(":scheme", question.scheme));
  if (!question.authority.empty()) pairs.push_back(pair_of(":authority", question.authority));
  pairs.push_back(pair_of(":path", question.target));
  for (const auto& field : question.fields) {
    if (is_for_one_connection(field.id) || field.id == http::FieldId::Host || field.id == http::FieldId::Te) continue;
    const bool unlisted = field.id == http::FieldId::XRequestId || is_secret(field.id);
    pairs.push_back(pair_of(field.name, field.value, unlisted ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE));
  }
  // Trailers are passed on, whatever the client has said; gRPC servers want to be told so.
  if (!connects) pairs.push_back(pair_of("te", "trailers"));
  if (question.content_length.data()) pairs.push_back(pair_of("content-length", question.content_length));

  const nghttp2_data_provider body = Session::Callbacks::body();
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(), question.ended ? nullptr : &body, nullptr);
  if (id < 0) throw std::bad_alloc();  // the ids have been looked at in may_ask()
  const http::Method method = connects ? http::Method::Connect : question.method;
  auto& stream = static_cast<RequestStream&>(add(std::unique_ptr<Stream>(new RequestStream(id, method))));
  stream.end_queued_ = question.ended;
  ++asked_;
  return &stream;
}

void ClientSession::release(RequestStream& stream) {
  stream.released_ = true;
  stream.listener_ = nullptr;
  unwant(stream);
  if (stream.closed_ != Stream::Closed::No || dead_ || finished_) return destroy(stream);
  forget_body(stream);
  reset(stream, ErrorCode::Cancel);
}

void ClientSession::ping() {
  if (dead_ || finished_) return;
  ping_answered_ = false;
  check(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr));
}

// ---- What comes

// An upstream may end each of our streams with a reset, if it likes; with more of them it wants something else.
bool ClientSession::frame_begins(const FrameHead& frame) {
  // RFC 9113 §3.4: SETTINGS come first, and what does not begin so is HTTP/1, most likely.
  if (begun_ == 0 && (frame.type != NGHTTP2_SETTINGS || (frame.flags & kAck) != 0)) {
    fail(ErrorCode::ProtocolError, "the upstream does not speak HTTP/2");
    return false;
  }
  if (frame.type == NGHTTP2_DATA || frame.type == NGHTTP2_HEADERS) ++stream_frames_;
  if (frame.type != NGHTTP2_RST_STREAM || ++resets_ > asked_) return Session::frame_begins(frame);
  ++begun_;
  frame_type_ = frame.type;
  return true;
}

bool ClientSession::add_field(RequestStream& stream, std::string_view name, std::string_view value) {
  if (!stream.final_) {
    if (building_.add(name, value)) return true;
    flood("header list bomb");
    return false;
  }
  if (stream.reset_by_us_ || stream.is_tunnel()) return true;
  if (!stream.trailers_) stream.trailers_ = std::make_unique<TrailerBuilder>(head_limits_);
  if (const char* fault = stream.trailers_->add(name, value)) malformed(stream, fault);
  return true;
}

void ClientSession::head_ends(RequestStream& stream, bool ended) {
  if (stream.reset_by_us_) return;
  if (const char* const fault = building_.finish(stream.method_, ended)) return malformed(stream, fault);
  auto received = building_.take();
  if (received->head.informational()) {
    if (++stream.informational_count_ > http::kMaxInformational) return malformed(stream, "too many informational responses");
    if (stream.informational_.size() < kMostInformationalKept) stream.informational_.push_back(std::move(received));
  } else {
    stream.final_ = std::move(received);
    stream.received_all_ = ended;
  }
  stream.changed();
}

void ClientSession::trailers_end(RequestStream& stream) {
  if (stream.reset_by_us_) return;
  if (stream.is_tunnel()) return malformed(stream, "HEADERS on a tunnel");  // RFC 9113 §8.5
  if (stream.trailers_) stream.trailer_fields_ = &stream.trailers_->finish();
  stream.received_all_ = true;
  stream.changed();
}

void ClientSession::malformed(RequestStream& stream, const char* fault) {
  if (!*stream.fault_) stream.fault_ = fault;
  reset(stream, ErrorCode::ProtocolError);
}

void ClientSession::stream_closes(Stream& closing, ErrorCode code) {
  auto& stream = static_cast<RequestStream&>(closing);
  using Closed = Stream::Closed;
  Closed how = Closed::InOrder;
  if (stream.received_all_) how = Closed::InOrder;  // whatever is said of the rest of the request
  else if (*stream.fault_) how = Closed::ByFault;
  // Above the last stream of a GOAWAY nghttp2 closes as refused: no frame has said so of this one.
  else if (stream.was_reset_ || code == ErrorCode::RefusedStream) how = Closed::ByReset;
  else if (stream.reset_by_us_) how = Closed::ByUs;
  else how = Closed::ByFault;
  if (how == Closed::ByFault && !*stream.fault_) stream.fault_ = "malformed HTTP/2 response";
  end(stream, how, code);
}

void ClientSession::goaway_came(ErrorCode code, std::string_view words) {
  if (!std::exchange(goes_away_, true)) goaway_code_ = code;
  too_many_pings_ = too_many_pings_ || (code == ErrorCode::EnhanceYourCalm && words == "too_many_pings");
}

}  // namespace frontdoor::http2
