#include "http2/server_session.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "http/framing_gate.h"
#include "http2/field_rules.h"
#include "http2/server_callbacks.h"

namespace frontdoor::http2 {

ServerSession::ServerSession(const ServerLimits& limits)
    : Session(limits.head, Bodies::EndWithTheirStream), building_(limits.head) {
  const SessionParts parts(limits.head);
  Callbacks::install(*parts.callbacks);

  nghttp2_option_set_no_closed_streams(parts.option.get(), 1);
  check(nghttp2_session_server_new2(&session_, parts.callbacks.get(), static_cast<Session*>(this), parts.option.get()));

  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head.header_bytes)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},  // RFC 8441: WebSockets
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  const int submitted = nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  const int widened = nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                            static_cast<std::int32_t>(limits.connection_window));
  if (submitted != 0 || widened != 0) throw std::bad_alloc();
}

ServerStream* ServerSession::find(std::int32_t id) const { return static_cast<ServerStream*>(Session::find(id)); }

// ---- Bytes in

void ServerSession::client_finished() {
  for (std::size_t i = streams_.size(); i-- > 0;) {
    Stream& stream = *streams_[i];
    if (stream.received_all_ || stream.closed_ != Stream::Closed::No) continue;
    submit_reset(stream.id_, ErrorCode::Cancel);
    end(stream, Stream::Closed::ByConnection, ErrorCode::Cancel);
  }
}

bool ServerSession::window_closed() const {
  return nghttp2_session_get_effective_recv_data_length(session_) >= nghttp2_session_get_effective_local_window_size(session_);
}

ServerStream* ServerSession::next_opened() {
  while (next_opened_ < opened_.size()) {
    ServerStream* const stream = opened_[next_opened_++];
    if (!stream) continue;  // it was reset meanwhile
    stream->opened_ = false;
    stream->taken_ = true;
    return stream;
  }
  opened_.clear();
  next_opened_ = 0;
  return nullptr;
}

bool ServerSession::scan(std::string_view bytes) {
  const std::size_t preface = std::min(kPreface.size() - preface_read_, bytes.size());
  if (bytes.substr(0, preface) != kPreface.substr(preface_read_, preface)) {
    wrong_preface_ = true;
    fail(ErrorCode::ProtocolError, "no HTTP/2 preface");
    return false;
  }
  preface_read_ += preface;
  bytes.remove_prefix(preface);
  return Session::scan(bytes);
}

bool ServerSession::unfinished() const {
  const bool in_frame = scan_.in_head() || (scan_.in_payload() && frame_type_ != NGHTTP2_DATA);
  return begun_ == 0 || in_block_ || in_frame;
}

// ---- What nghttp2 tells while it reads

ServerStream& ServerSession::open(std::int32_t id) {
  building_.begin();
  return static_cast<ServerStream&>(add(std::unique_ptr<Stream>(new ServerStream(id))));
}

bool ServerSession::add_field(ServerStream& stream, bool is_request, std::string_view name, std::string_view value) {
  if (is_request) {
    if (building_.add(name, value)) return true;
    flood("header list bomb");
    return false;
  }
  if (stream.reset_by_us_) return true;
  if (!stream.trailers_) stream.trailers_ = std::make_unique<TrailerBuilder>(head_limits_);
  if (const char* fault = stream.trailers_->add(name, value)) {
    stream.refusal_ = http::gate::bad_request(fault);
    reset(stream, ErrorCode::ProtocolError);
    return burden(Burden::Reset);
  }
  return true;
}

void ServerSession::head_ends(ServerStream& stream, bool ended) {
  const auto outcome = building_.finish(ended);
  stream.head_ = building_.take();
  stream.received_all_ = ended;
  if (outcome != RequestHeadBuilder::Outcome::Complete) {
    stream.refused_ = true;
    stream.refusal_ = building_.refusal();
  }
  stream.malformed_ = outcome == RequestHeadBuilder::Outcome::Malformed;
  opened_.push_back(&stream);
  stream.opened_ = true;
  if (!stream.malformed_) return;
  reset(stream, ErrorCode::ProtocolError);
  burden(Burden::Reset);
}

// nghttp2 resets the stream by itself. The request is in the log as any other.
void ServerSession::head_invalid(ServerStream& stream) {
  if (stream.head_) return;
  building_.note("malformed HTTP/2 request");
  head_ends(stream, false);
}

bool ServerSession::trailers_end(ServerStream& stream) {
  // RFC 9113 §8.5: on a tunnel DATA is all that may come. No other request that is served offers an upgrade here.
  if (stream.head_ && stream.head_->head.upgrade) {
    if (stream.reset_by_us_) return true;
    stream.refusal_ = http::gate::bad_request("HEADERS on a tunnel");
    reset(stream, ErrorCode::ProtocolError);
    return burden(Burden::Reset);
  }
  if (stream.trailers_) stream.trailer_fields_ = &stream.trailers_->finish();
  stream.received_all_ = true;
  stream.changed();
  return true;
}

void ServerSession::stream_closes(Stream& closing, ErrorCode code) {
  auto& stream = static_cast<ServerStream&>(closing);
  using Closed = Stream::Closed;
  Closed how = Closed::InOrder;
  if (stream.was_reset_) how = Closed::ByReset;
  else if (stream.reset_by_us_) how = Closed::ByUs;
  else if (code != ErrorCode::NoError) how = Closed::ByFault;
  const bool counts = how == Closed::ByFault && !stream.malformed_;
  end(stream, how, code);
  if (counts) burden(Burden::Reset);
}

// ---- How streams end

// One that its client has given up before anybody has seen it never was. A malformed one is still to be told of.
bool ServerSession::is_held(const Stream& stream) const {
  const auto& one = static_cast<const ServerStream&>(stream);
  return one.taken_ || (one.opened_ && one.malformed_);
}

void ServerSession::forgotten(Stream& stream) {
  const auto& one = static_cast<const ServerStream&>(stream);
  if (one.unwanted_) --unwanted_;
  if (one.opened_) std::replace(opened_.begin(), opened_.end(), static_cast<ServerStream*>(&stream), static_cast<ServerStream*>(nullptr));
}

// ---- Answers

bool ServerSession::respond(ServerStream& stream, std::uint16_t status, const http::Fields& fields,
                            std::string_view content_length, bool ended) {
  return submit_head(stream, status, fields, content_length, true, ended);
}

bool ServerSession::inform(ServerStream& stream, std::uint16_t status, const http::Fields& fields) {
  return submit_head(stream, status, fields, {}, false, false);
}

bool ServerSession::submit_head(ServerStream& stream, std::uint16_t status, const http::Fields& fields,
                                std::string_view content_length, bool final, bool ended) {
  if (dead_ || stream.closed_ != Stream::Closed::No || stream.reset_by_us_) return true;
  const std::array digits{static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                          static_cast<char>('0' + status % 10)};
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size() + 2);
  pairs.push_back(pair_of(":status", {digits.data(), digits.size()}));
  std::size_t size = 0;
  for (const auto& field : fields) {
    if (is_for_one_connection(field.id)) continue;
    // One that is never said twice has no place in the table that both sides keep.
    const auto flags = field.id == http::FieldId::XRequestId ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    pairs.push_back(pair_of(field.name, field.value, flags));
    size += field.name.size() + field.value.size() + kFieldOverhead;
  }
  if (content_length.data()) pairs.push_back(pair_of("content-length", content_length));
  if (size > kLargestHead / 2) return false;

  if (!final) {
    check(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, pairs.data(), pairs.size(), nullptr));
    return true;
  }
  const nghttp2_data_provider body = Session::Callbacks::body();
  check(nghttp2_submit_response(session_, stream.id_, pairs.data(), pairs.size(), ended ? nullptr : &body));
  stream.end_queued_ = ended;
  return true;
}

void ServerSession::release(ServerStream& stream, ErrorCode unless_complete) {
  stream.taken_ = false;
  stream.released_ = true;
  stream.listener_ = nullptr;
  unwant(stream);
  if (stream.closed_ != Stream::Closed::No) return destroy(stream);
  if (dead_ || finished_) return destroy(stream);
  forget_body(stream);
  if (!stream.end_queued_) return reset(stream, unless_complete);
  if (stream.received_all_) return;
  stream.unwanted_ = true;
  ++unwanted_;
}

// Not before its end has left: nghttp2 drops what is queued for a stream once a reset is.
void ServerSession::reset_unwanted() {
  for (const auto& each : streams_) {
    auto& stream = static_cast<ServerStream&>(*each);
    if (!stream.unwanted_ || !stream.end_sent_) continue;
    if (std::exchange(stream.unwanted_long_, true)) reset(stream, ErrorCode::NoError);
  }
}

// ---- The end of the connection

void ServerSession::announce_shutdown() {
  if (dead_ || finished_) return;
  check(nghttp2_submit_shutdown_notice(session_));
  check(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr));
}

void ServerSession::go_away() {
  if (dead_ || finished_) return;
  check(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                              NGHTTP2_NO_ERROR, nullptr, 0));
}

}  // namespace frontdoor::http2
