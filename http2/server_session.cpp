#include "http2/server_session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "http/framing_gate.h"
#include "http2/server_callbacks.h"

namespace frontdoor::http2 {

namespace {

constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;

constexpr std::size_t kLargestFrame = 16 * 1024;  // SETTINGS_MAX_FRAME_SIZE, ours and the least of others
// A frame of a body is not begun in less room than this, if there is more of it.
constexpr std::size_t kLeastRoom = 1024;
// An answer's head. Those that upstreams send are no larger than `header_bytes`, which may be set higher than this.
constexpr std::size_t kLargestHead = 256 * 1024;
constexpr std::size_t kFieldOverhead = 32;  // RFC 7541 §4.1

// Enough for any head that is allowed, and then for one that gets a 431.
std::size_t most_continuations(const http::HeadLimits& limits) {
  return 8 + 2 * limits.header_bytes / kLargestFrame;
}

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

nghttp2_nv pair_of(std::string_view name, std::string_view value, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE) {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), flags};
}

// RFC 9113 §8.2.2. None should be among those we are given.
bool is_for_one_connection(http::FieldId id) {
  switch (id) {
    case http::FieldId::Connection:
    case http::FieldId::KeepAlive:
    case http::FieldId::ProxyConnection:
    case http::FieldId::TransferEncoding:
    case http::FieldId::Upgrade:
      return true;
    default:
      return false;
  }
}

void check(int result) {
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
}

}  // namespace

ServerSession::ServerSession(const ServerLimits& limits) : limits_(limits), building_(limits.head) {
  nghttp2_option* raw_option = nullptr;
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  check(nghttp2_option_new(&raw_option));
  const std::unique_ptr<nghttp2_option, OptionDeleter> option(raw_option);
  check(nghttp2_session_callbacks_new(&raw_callbacks));
  const std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> callbacks(raw_callbacks);
  Callbacks::install(*callbacks);

  nghttp2_option_set_no_auto_window_update(option.get(), 1);
  nghttp2_option_set_no_closed_streams(option.get(), 1);
  nghttp2_option_set_max_send_header_block_length(option.get(), kLargestHead);
  // Its own limits stay behind ours, which know of time and say what they have found.
  nghttp2_option_set_max_continuations(option.get(), most_continuations(limits.head) + 1);
  nghttp2_option_set_stream_reset_rate_limit(option.get(), 1'000'000, 1'000'000);
  check(nghttp2_session_server_new2(&session_, callbacks.get(), this, option.get()));

  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head.header_bytes)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},  // RFC 8441: WebSockets
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  const int submitted = nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  const int widened = nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                            static_cast<std::int32_t>(limits.connection_window));
  if (submitted != 0 || widened != 0) {
    nghttp2_session_del(session_);
    throw std::bad_alloc();
  }
}

ServerSession::~ServerSession() { nghttp2_session_del(session_); }

// ---- Bytes in

bool ServerSession::receive(std::string_view bytes, TimePoint now) {
  if (dead_ || finished_) return false;
  now_ = now;
  const auto read = scan(bytes) ? nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size()) : 0;
  if (read < 0 && !dead_) {
    if (no_memory_ || read == NGHTTP2_ERR_NOMEM) {
      fail(ErrorCode::InternalError, "out of memory");
    } else if (read == NGHTTP2_ERR_FLOODED) {
      flooded_ = true;
      fail(ErrorCode::EnhanceYourCalm, "flood of frames that want an answer");
    } else {
      fail(ErrorCode::InternalError, "the HTTP/2 session failed");
    }
  }
  look_whether_finished();
  if (dead_) end_all();
  return !dead_ && !finished_;
}

void ServerSession::client_finished() {
  for (std::size_t i = streams_.size(); i-- > 0;) {
    ServerStream& stream = *streams_[i];
    if (stream.request_ended_ || stream.closed_ != ServerStream::Closed::No) continue;
    submit_reset(stream.id_, ErrorCode::Cancel);
    end(stream, ServerStream::Closed::ByConnection, ErrorCode::Cancel);
  }
}

void ServerSession::connection_lost() {
  dead_ = true;
  goaway_due_ = false;
  chunk_ = {};
  end_all();
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

// Counts what comes before anybody works on it. False: too much of something, or nothing that we speak.
bool ServerSession::scan(std::string_view bytes) {
  const std::size_t preface = std::min(kPreface.size() - preface_read_, bytes.size());
  if (bytes.substr(0, preface) != kPreface.substr(preface_read_, preface)) {
    wrong_preface_ = true;
    fail(ErrorCode::ProtocolError, "no HTTP/2 preface");
    return false;
  }
  preface_read_ += preface;
  bytes.remove_prefix(preface);
  for (FrameHead frame; scan_.next(bytes, frame);)
    if (!frame_begins(frame)) return false;
  return true;
}

bool ServerSession::unfinished() const {
  const bool in_frame = scan_.in_head() || (scan_.in_payload() && frame_type_ != NGHTTP2_DATA);
  return begun_ == 0 || in_block_ || in_frame;
}

// ---- Floods

bool ServerSession::burden(Burden kind) {
  if (guard_.count(kind, now_)) return true;
  flooded_ = true;
  fail(ErrorCode::EnhanceYourCalm, name_of(kind));
  return false;
}

bool ServerSession::frame_begins(const FrameHead& frame) {
  const auto [length, type, flags] = frame;
  if (type != NGHTTP2_CONTINUATION) ++begun_;
  frame_type_ = type;
  switch (type) {
    case NGHTTP2_DATA:
      return length != 0 || (flags & kEndStream) != 0 || burden(Burden::EmptyData);
    case NGHTTP2_HEADERS:
      continuations_ = 0;
      block_bytes_ = length;
      in_block_ = (flags & kEndHeaders) == 0;
      return true;
    case NGHTTP2_CONTINUATION: {
      block_bytes_ += length;
      in_block_ = (flags & kEndHeaders) == 0;
      const bool idle = length == 0 && in_block_;
      const bool endless = ++continuations_ > most_continuations(limits_.head) ||
                           block_bytes_ > RequestHeadBuilder::kBombFactor * limits_.head.header_bytes;
      if (!idle && !endless) return true;
      flooded_ = true;
      fail(ErrorCode::EnhanceYourCalm, "CONTINUATION flood");
      return false;
    }
    case NGHTTP2_RST_STREAM: return burden(Burden::Reset);
    case NGHTTP2_SETTINGS: return burden((flags & kAck) != 0 ? Burden::Other : Burden::Settings);
    case NGHTTP2_PING: return burden((flags & kAck) != 0 ? Burden::Other : Burden::Ping);
    case NGHTTP2_WINDOW_UPDATE: return burden(Burden::WindowUpdate);
    default: return burden(Burden::Other);
  }
}

// ---- What nghttp2 tells while it reads

ServerStream* ServerSession::find(std::int32_t id) const {
  return static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session_, id));
}

ServerStream& ServerSession::open(std::int32_t id) {
  building_.begin();
  streams_.push_back(std::unique_ptr<ServerStream>(new ServerStream(id)));
  ServerStream& stream = *streams_.back();
  stream.index_ = streams_.size() - 1;
  nghttp2_session_set_stream_user_data(session_, id, &stream);
  return stream;
}

bool ServerSession::add_field(ServerStream& stream, bool is_request, std::string_view name, std::string_view value) {
  if (is_request) {
    if (building_.add(name, value)) return true;
    flooded_ = true;
    fail(ErrorCode::EnhanceYourCalm, "header list bomb");
    return false;
  }
  if (stream.reset_by_us_) return true;
  if (!stream.trailers_) stream.trailers_ = std::make_unique<TrailerBuilder>(limits_.head);
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
  stream.request_ended_ = ended;
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

// nghttp2 resets the stream by itself; who looks for the request finds it in the log as any other.
void ServerSession::head_invalid(ServerStream& stream) {
  if (stream.head_) return;
  building_.note("malformed HTTP/2 request");
  head_ends(stream, false);
}

void ServerSession::trailers_end(ServerStream& stream) {
  if (stream.trailers_) stream.trailer_fields_ = &stream.trailers_->finish();
  stream.request_ended_ = true;
  stream.changed();
}

void ServerSession::take_data(ServerStream* stream, std::string_view bytes) {
  const bool wanted = stream && (stream->taken_ || stream->opened_) && !stream->reset_by_us_ && !stream->malformed_;
  // What nobody reads opens the connection's window at once: others need it.
  if (!wanted) {
    nghttp2_session_consume_connection(session_, bytes.size());
    return;
  }
  stream->body_.append(bytes);
  stream->changed();
}

void ServerSession::stream_closes(ServerStream& stream, ErrorCode code) {
  using Closed = ServerStream::Closed;
  Closed how = Closed::InOrder;
  if (stream.client_reset_) how = Closed::ByClient;
  else if (stream.reset_by_us_) how = Closed::ByUs;
  else if (code != ErrorCode::NoError) how = Closed::ByFault;
  const bool counts = how == Closed::ByFault && !stream.malformed_;
  end(stream, how, code);
  if (counts) burden(Burden::Reset);
}

// ---- How streams end

void ServerSession::end(ServerStream& stream, ServerStream::Closed how, ErrorCode code) {
  if (stream.closed_ != ServerStream::Closed::No) return;
  stream.closed_ = how;
  stream.error_ = code;
  unwant(stream);
  if (!stream.body_.empty() && !dead_) nghttp2_session_consume_connection(session_, stream.body_.size());
  stream.body_.forget();
  // One that its client has given up before anybody has seen it never was. A malformed one is still to be told of.
  const bool unseen = stream.opened_ && !stream.malformed_;
  if (stream.taken_ || (stream.opened_ && !unseen)) return stream.changed();
  destroy(stream);
}

void ServerSession::destroy(ServerStream& stream) {
  unwant(stream);
  if (stream.unwanted_) --unwanted_;
  if (stream.opened_)
    std::replace(opened_.begin(), opened_.end(), &stream, static_cast<ServerStream*>(nullptr));
  if (!dead_) nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  const std::size_t index = stream.index_;
  std::swap(streams_[index], streams_.back());
  streams_[index]->index_ = index;
  streams_.pop_back();
}

void ServerSession::end_all() {
  for (std::size_t i = streams_.size(); i-- > 0;)
    end(*streams_[i], ServerStream::Closed::ByConnection, ErrorCode::NoError);
}

// Inside nghttp2 nothing may be ended: that comes when it has returned.
void ServerSession::fail(ErrorCode code, const char* why) {
  if (dead_) return;
  dead_ = true;
  fault_ = why;
  goaway_due_ = true;
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) goaway_[at + i] = static_cast<char>(value >> (24 - 8 * i));
  };
  // RFC 9113 §6.8: length 8, no flags, stream 0.
  goaway_[2] = 8;
  goaway_[3] = NGHTTP2_GOAWAY;
  put(kFrameHead, static_cast<std::uint32_t>(nghttp2_session_get_last_proc_stream_id(session_)));
  put(kFrameHead + 4, static_cast<std::uint32_t>(code));
}

void ServerSession::look_whether_finished() {
  if (dead_ || finished_ || !chunk_.empty()) return;
  if (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0) return;
  finished_ = true;
  end_all();
}

bool ServerSession::finished() const {
  return dead_ ? !goaway_due_ && chunk_.empty() : finished_;
}

// ---- Answers

void ServerSession::consume(ServerStream& stream, std::size_t bytes) {
  stream.body_.consume(bytes);
  if (!dead_ && stream.closed_ == ServerStream::Closed::No) nghttp2_session_consume(session_, stream.id_, bytes);
}

bool ServerSession::respond(ServerStream& stream, std::uint16_t status, const http::Fields& fields,
                            std::string_view content_length, bool ended) {
  return submit_head(stream, status, fields, content_length, true, ended);
}

bool ServerSession::inform(ServerStream& stream, std::uint16_t status, const http::Fields& fields) {
  return submit_head(stream, status, fields, {}, false, false);
}

bool ServerSession::submit_head(ServerStream& stream, std::uint16_t status, const http::Fields& fields,
                                std::string_view content_length, bool final, bool ended) {
  if (dead_ || stream.closed_ != ServerStream::Closed::No || stream.reset_by_us_) return true;
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
    pairs.push_back(pair_of(field.name, field.value, static_cast<std::uint8_t>(flags)));
    size += field.name.size() + field.value.size() + kFieldOverhead;
  }
  if (content_length.data()) pairs.push_back(pair_of("content-length", content_length));
  if (size > kLargestHead / 2) return false;

  if (!final) {
    check(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, pairs.data(), pairs.size(), nullptr));
    return true;
  }
  const nghttp2_data_provider body = Callbacks::body_of(stream);
  check(nghttp2_submit_response(session_, stream.id_, pairs.data(), pairs.size(), ended ? nullptr : &body));
  stream.head_queued_ = true;
  stream.end_queued_ = ended;
  return true;
}

ServerSession::Pushed ServerSession::push(ServerStream& stream, std::string_view bytes, bool last,
                                          const http::Fields& trailers, Output& output, std::size_t quantum) {
  Pushed pushed;
  const auto lost = [&] { return stream.closed_ != ServerStream::Closed::No || stream.reset_by_us_; };
  if (stream.end_queued_) {
    pushed.done = true;
    return pushed;
  }
  if (dead_ || lost()) {
    pushed.failed = true;
    return pushed;
  }
  if (bytes.empty() && !last) {
    pushed.done = true;
    return pushed;
  }
  unwant(stream);
  stream.offer_ = bytes;
  stream.offer_last_ = last;
  stream.offer_limit_ = quantum;
  stream.offer_trailers_ = &trailers;
  stream.offering_ = true;
  stream.no_room_ = false;
  nghttp2_session_resume_data(session_, stream.id_);
  produce(output);
  stream.offering_ = false;
  pushed.accepted = bytes.size() - stream.offer_.size();
  pushed.failed = (dead_ || lost()) && !stream.end_queued_;
  pushed.done = !pushed.failed && stream.offer_.empty() && (!last || stream.end_queued_);
  stream.offer_ = {};
  const bool no_room = stream.no_room_ || !chunk_.empty() || output.room() < kLeastRoom;
  if (pushed.done || pushed.failed) return pushed;
  if (no_room) {
    stream.wants_room_ = true;
    ++wanting_;
  } else {
    stream.wants_window_ = true;
  }
  return pushed;
}

// Asked by nghttp2 when the stream's turn has come and its windows are open, also when nothing is offered any more.
std::size_t ServerSession::next_frame_of(ServerStream& stream, std::size_t longest, bool& ends) {
  if (!stream.offering_) {
    if (std::exchange(stream.wants_window_, false)) stream.changed();
    return 0;
  }
  if (stream.offer_.empty() && !stream.offer_last_) return 0;
  const std::size_t room = output_->room();
  const std::size_t wanted = std::min({longest, stream.offer_.size(), stream.offer_limit_});
  const bool fits = room >= kFrameHead + std::min(wanted, kLeastRoom);
  if (!fits || (wanted == 0 && !stream.offer_.empty())) {
    stream.no_room_ = true;
    return 0;
  }
  const std::size_t size = std::min(wanted, room - kFrameHead);
  ends = stream.offer_last_ && size == stream.offer_.size();
  return size;
}

void ServerSession::write_data(ServerStream& stream, const void* frame_head, std::size_t length) {
  output_->append(frame_head, kFrameHead);
  output_->append(stream.offer_.data(), length);
  stream.offer_.remove_prefix(length);
  stream.offer_limit_ -= length;
  guard_.data_sent();
}

void ServerSession::unwant(ServerStream& stream) {
  if (std::exchange(stream.wants_room_, false)) --wanting_;
  stream.wants_window_ = false;
}

void ServerSession::room_came() {
  if (wanting_ == 0) return;
  for (const auto& stream : streams_) {
    if (!stream->wants_room_) continue;
    unwant(*stream);
    stream->changed();
  }
}

void ServerSession::submit_reset(std::int32_t id, ErrorCode why) {
  check(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(why)));
}

void ServerSession::reset(ServerStream& stream, ErrorCode why) {
  if (dead_ || stream.closed_ != ServerStream::Closed::No || std::exchange(stream.reset_by_us_, true)) return;
  submit_reset(stream.id_, why);
  stream.changed();
}

void ServerSession::release(ServerStream& stream, ErrorCode unless_complete) {
  stream.taken_ = false;
  stream.listener_ = nullptr;
  unwant(stream);
  if (stream.closed_ != ServerStream::Closed::No) return destroy(stream);
  if (dead_ || finished_) return destroy(stream);
  if (!stream.body_.empty()) nghttp2_session_consume_connection(session_, stream.body_.size());
  stream.body_.forget();
  if (!stream.end_queued_) return reset(stream, unless_complete);
  if (stream.request_ended_) return;
  stream.unwanted_ = true;
  ++unwanted_;
}

// Not before its end has left: nghttp2 drops what is queued for a stream once a reset is.
void ServerSession::reset_unwanted() {
  for (const auto& stream : streams_) {
    if (!stream->unwanted_ || !stream->end_sent_) continue;
    if (std::exchange(stream->unwanted_long_, true)) reset(*stream, ErrorCode::NoError);
  }
}

// ---- Bytes out

void ServerSession::drain_chunk(Output& output) {
  const std::size_t size = std::min(chunk_.size(), output.room());
  if (size == 0) return;
  output.append(chunk_.data(), size);
  chunk_.remove_prefix(size);
}

void ServerSession::produce(Output& output) {
  drain_chunk(output);
  output_ = &output;
  while (!dead_ && !finished_ && chunk_.empty() && output.room() > kFrameHead) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) {
      fail(ErrorCode::InternalError, no_memory_ || size == NGHTTP2_ERR_NOMEM ? "out of memory" : "the HTTP/2 session failed");
    } else {
      if (size == 0) break;
      chunk_ = {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
      drain_chunk(output);
    }
  }
  output_ = nullptr;
  if (goaway_due_ && chunk_.empty() && output.room() >= sizeof goaway_) {
    output.append(goaway_, sizeof goaway_);
    goaway_due_ = false;
  }
  look_whether_finished();
  if (dead_) end_all();
}

bool ServerSession::wants_to_send() const {
  if (!chunk_.empty() || goaway_due_) return true;
  return !dead_ && !finished_ && nghttp2_session_want_write(session_) != 0;
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

void ServerSession::terminate(ErrorCode why) {
  if (dead_ || finished_) return;
  check(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(why)));
}

}  // namespace frontdoor::http2
