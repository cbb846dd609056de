#include "http2/session.h"

#include <algorithm>
#include <utility>

#include "http2/session_callbacks.h"

namespace frontdoor::http2 {

namespace {

// A frame of a body is not begun in less room than this, if there is more of it.
constexpr std::size_t kLeastRoom = 1024;

// Bodies leave so much of a block: the last word to a client that reads nothing ends its streams when it is written, and must
// not wait for the client to make room for it.
constexpr std::size_t kForTheLastWord = 64;

std::size_t room_for_data(const Output& output) { return output.room() - std::min(output.room(), kForTheLastWord); }

constexpr const char* kOutOfMemory = "out of memory";

// Where nobody could be told by an exception: a window that is not opened, a body that is not resumed would be waited for for
// ever, so that the connection ends.
bool lacks_memory(int result) { return result == NGHTTP2_ERR_NOMEM; }

}  // namespace

// nghttp2 1.52 may have kept what it told it could not take, and would free it twice: what such a session has stays behind.
Session::~Session() {
  if (!unsafe_to_free_) nghttp2_session_del(session_);
}

// ---- Bytes in

bool Session::receive(std::string_view bytes, TimePoint now) {
  if (dead_ || finished_) return false;
  now_ = now;
  const auto read = scan(bytes) ? nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size()) : 0;
  if (read < 0 && !dead_) {
    unsafe_to_free_ = lacks_memory(static_cast<int>(read));
    if (no_memory_ || unsafe_to_free_) fail(ErrorCode::InternalError, kOutOfMemory);
    else if (read == NGHTTP2_ERR_FLOODED) flood("flood of frames that want an answer");
    else fail(ErrorCode::InternalError, "the HTTP/2 session failed");
  }
  look_whether_finished();
  if (dead_) end_all();
  return !dead_ && !finished_;
}

void Session::connection_lost() {
  dead_ = true;
  goaway_due_ = false;
  chunk_ = {};
  end_all();
}

bool Session::scan(std::string_view bytes) {
  for (FrameHead frame; scan_.next(bytes, frame);)
    if (!frame_begins(frame)) return false;
  return true;
}

// ---- Floods

void Session::flood(const char* what) {
  flooded_ = true;
  fail(ErrorCode::EnhanceYourCalm, what);
}

bool Session::burden(Burden kind) {
  if (guard_.count(kind, now_)) return true;
  flood(name_of(kind));
  return false;
}

bool Session::frame_begins(const FrameHead& frame) {
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
      const bool endless = ++continuations_ > most_continuations(head_limits_) ||
                           block_bytes_ > RequestHeadBuilder::kBombFactor * head_limits_.header_bytes;
      if (!idle && !endless) return true;
      flood("CONTINUATION flood");
      return false;
    }
    case NGHTTP2_RST_STREAM: return burden(Burden::Reset);
    case NGHTTP2_SETTINGS: return burden((flags & kAck) != 0 ? Burden::Other : Burden::Settings);
    case NGHTTP2_PING: return burden((flags & kAck) != 0 ? Burden::Other : Burden::Ping);
    case NGHTTP2_WINDOW_UPDATE: return burden(Burden::WindowUpdate);
    default: return burden(Burden::Other);
  }
}

// ---- Streams

Stream* Session::find(std::int32_t id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, id));
}

Stream& Session::add(std::unique_ptr<Stream> stream) {
  streams_.push_back(std::move(stream));
  Stream& added = *streams_.back();
  added.index_ = streams_.size() - 1;
  nghttp2_session_set_stream_user_data(session_, added.id_, &added);
  return added;
}

void Session::take_data(Stream* stream, std::string_view bytes) {
  // What nobody reads opens the connection's window at once: others need it.
  if (!stream || stream->released_ || stream->reset_by_us_) {
    if (lacks_memory(nghttp2_session_consume_connection(session_, bytes.size()))) fail(ErrorCode::InternalError, kOutOfMemory);
    return;
  }
  stream->body_.append(bytes);
  stream->changed();
}

void Session::forget_body(Stream& stream) {
  if (!stream.body_.empty() && !dead_ && lacks_memory(nghttp2_session_consume_connection(session_, stream.body_.size())))
    fail(ErrorCode::InternalError, kOutOfMemory);
  stream.body_.forget();
}

void Session::end(Stream& stream, Stream::Closed how, ErrorCode code) {
  if (stream.closed_ != Stream::Closed::No) return;
  stream.closed_ = how;
  stream.error_ = code;
  unwant(stream);
  // Whose sides have both ended may still be reading: a tunnel, of which the other one has ended first.
  const bool in_use = how == Stream::Closed::InOrder && is_held(stream);
  if (bodies_ == Bodies::EndWithTheirStream && !in_use) forget_body(stream);
  if (is_held(stream)) return stream.changed();
  destroy(stream);
}

void Session::destroy(Stream& stream) {
  unwant(stream);
  forget_body(stream);
  forgotten(stream);
  if (!dead_) nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  const std::size_t index = stream.index_;
  std::swap(streams_[index], streams_.back());
  streams_[index]->index_ = index;
  streams_.pop_back();
}

void Session::end_all() {
  for (std::size_t i = streams_.size(); i-- > 0;)
    end(*streams_[i], Stream::Closed::ByConnection, ErrorCode::NoError);
}

// Inside nghttp2 nothing may be ended: that comes when it has returned.
void Session::fail(ErrorCode code, const char* why) {
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

void Session::look_whether_finished() {
  if (dead_ || finished_ || !chunk_.empty()) return;
  if (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0) return;
  finished_ = true;
  end_all();
}

bool Session::finished() const {
  return dead_ ? !goaway_due_ && chunk_.empty() : finished_;
}

// ---- Bodies

void Session::consume(Stream& stream, std::size_t bytes) {
  stream.body_.consume(bytes);
  if (!dead_ && lacks_memory(nghttp2_session_consume(session_, stream.id_, bytes))) fail(ErrorCode::InternalError, kOutOfMemory);
}

Session::Pushed Session::push(Stream& stream, std::string_view bytes, bool last,
                                          const http::Fields& trailers, Output& output, std::size_t quantum) {
  Pushed pushed;
  const auto lost = [&] { return stream.closed_ != Stream::Closed::No || stream.reset_by_us_; };
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
  if (lacks_memory(nghttp2_session_resume_data(session_, stream.id_))) fail(ErrorCode::InternalError, kOutOfMemory);
  produce(output);
  stream.offering_ = false;
  pushed.accepted = bytes.size() - stream.offer_.size();
  pushed.failed = (dead_ || lost()) && !stream.end_queued_;
  pushed.done = !pushed.failed && stream.offer_.empty() && (!last || stream.end_queued_);
  stream.offer_ = {};
  const bool no_room = stream.no_room_ || !chunk_.empty() || room_for_data(output) < kLeastRoom;
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
std::size_t Session::next_frame_of(Stream& stream, std::size_t longest, bool& ends) {
  if (!stream.offering_) {
    if (std::exchange(stream.wants_window_, false)) stream.changed();
    return 0;
  }
  if (stream.offer_.empty() && !stream.offer_last_) return 0;
  const std::size_t room = room_for_data(*output_);
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

void Session::write_data(Stream& stream, const void* frame_head, std::size_t length) {
  output_->append(frame_head, kFrameHead);
  output_->append(stream.offer_.data(), length);
  stream.offer_.remove_prefix(length);
  stream.offer_limit_ -= length;
  guard_.data_sent();
}

void Session::unwant(Stream& stream) {
  if (std::exchange(stream.wants_room_, false)) --wanting_;
  stream.wants_window_ = false;
}

void Session::room_came() {
  if (wanting_ == 0) return;
  for (const auto& stream : streams_) {
    if (!stream->wants_room_) continue;
    unwant(*stream);
    stream->changed();
  }
}

void Session::submit_reset(std::int32_t id, ErrorCode why) {
  check(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(why)));
}

void Session::reset(Stream& stream, ErrorCode why) {
  if (dead_ || stream.closed_ != Stream::Closed::No || std::exchange(stream.reset_by_us_, true)) return;
  submit_reset(stream.id_, why);
  stream.changed();
}

// ---- Bytes out

void Session::drain_chunk(Output& output) {
  const std::size_t size = std::min(chunk_.size(), output.room());
  if (size == 0) return;
  output.append(chunk_.data(), size);
  chunk_.remove_prefix(size);
}

void Session::produce(Output& output) {
  drain_chunk(output);
  output_ = &output;
  while (!dead_ && !finished_ && chunk_.empty() && output.room() > kFrameHead) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) {
      unsafe_to_free_ = lacks_memory(static_cast<int>(size));
      fail(ErrorCode::InternalError, no_memory_ || unsafe_to_free_ ? kOutOfMemory : "the HTTP/2 session failed");
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

bool Session::wants_to_send() const {
  if (!chunk_.empty() || goaway_due_) return true;
  return !dead_ && !finished_ && nghttp2_session_want_write(session_) != 0;
}

bool Session::answers_wait() const { return nghttp2_session_get_outbound_queue_size(session_) != 0; }

void Session::terminate(ErrorCode why) {
  if (dead_ || finished_) return;
  check(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(why)));
}

// ---- nghttp2's callbacks

SessionParts::SessionParts(const http::HeadLimits& limits) {
  nghttp2_option* raw_option = nullptr;
  check(nghttp2_option_new(&raw_option));
  option.reset(raw_option);
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  check(nghttp2_session_callbacks_new(&raw_callbacks));
  callbacks.reset(raw_callbacks);

  nghttp2_option_set_no_auto_window_update(option.get(), 1);
  nghttp2_option_set_max_send_header_block_length(option.get(), kLargestHead);
  // Its own limits stay behind ours, which know of time and say what they have found.
  nghttp2_option_set_max_continuations(option.get(), most_continuations(limits) + 1);
  nghttp2_option_set_stream_reset_rate_limit(option.get(), 1'000'000, 1'000'000);
}

void Session::Callbacks::install(nghttp2_session_callbacks& callbacks) {
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(&callbacks, data_came);
  nghttp2_session_callbacks_set_send_data_callback(&callbacks, send_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(&callbacks, stream_closes);
}

Stream* Session::Callbacks::stream_of(const Session& self, const nghttp2_frame& frame) {
  return frame.hd.stream_id == 0 ? nullptr : self.find(frame.hd.stream_id);
}

bool Session::Callbacks::take_frame(Session& self, Stream* stream, const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_DATA:
      // One that is nothing but padding; one without anything was counted when it began.
      if (!ends && frame.hd.length != 0 && frame.data.padlen == frame.hd.length) return self.burden(Burden::EmptyData);
      if (stream && ends) {
        stream->received_all_ = true;
        stream->changed();
      }
      return true;
    case NGHTTP2_RST_STREAM:
      if (stream) stream->was_reset_ = true;
      return true;
    default: return true;
  }
}

int Session::Callbacks::stream_closes(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
  Session& self = of(user);
  if (Stream* const stream = self.find(id)) self.stream_closes(*stream, static_cast<ErrorCode>(code));
  return self.dead_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

void Session::Callbacks::note_failure(Session& self, const nghttp2_frame& sent) {
  if (sent.hd.type == NGHTTP2_GOAWAY && sent.goaway.error_code != NGHTTP2_NO_ERROR && !*self.fault_)
    self.fault_ = name_of(static_cast<ErrorCode>(sent.goaway.error_code));
}

// By its id and not by its address: nghttp2 may know a stream for longer than we do.
nghttp2_data_provider Session::Callbacks::body() {
  nghttp2_data_provider provider{};
  provider.read_callback = read_body;
  return provider;
}

int Session::Callbacks::data_came(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                                        std::size_t size, void* user) {
  Session& self = of(user);
  return guarded(self.no_memory_, [&] {
    self.take_data(self.find(id), {reinterpret_cast<const char*>(data), size});
    return true;
  });
}

ssize_t Session::Callbacks::read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t length,
                                            std::uint32_t* flags, nghttp2_data_source*, void* user) {
  Session& self = of(user);
  Stream* const stream = self.find(id);
  if (!stream) return NGHTTP2_ERR_DEFERRED;
  bool ends = false;
  const std::size_t size = self.next_frame_of(*stream, length, ends);
  if (size == 0 && !ends) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!ends) return static_cast<ssize_t>(size);

  *flags |= NGHTTP2_DATA_FLAG_EOF;
  const http::Fields& trailers = *stream->offer_trailers_;
  stream->end_queued_ = true;
  if (trailers.empty()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  const bool queued = guarded(self.no_memory_, [&] {
    std::vector<nghttp2_nv> fields;
    for (const auto& field : trailers) fields.push_back(pair_of(field.name, field.value));
    return nghttp2_submit_trailer(session, id, fields.data(), fields.size()) == 0;
  }) == 0;
  return queued ? static_cast<ssize_t>(size) : ssize_t{NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE};
}

int Session::Callbacks::send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head,
                                        std::size_t length, nghttp2_data_source*, void* user) {
  Session& self = of(user);
  Stream* const stream = self.find(frame->hd.stream_id);
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  self.write_data(*stream, frame_head, length);
  return 0;
}

}  // namespace frontdoor::http2
