#include "http2/server_callbacks.h"

namespace frontdoor::http2 {

namespace {

bool is_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

}  // namespace

void ServerSession::Callbacks::install(nghttp2_session_callbacks& callbacks) {
  Session::Callbacks::install(callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(&callbacks, head_begins);
  nghttp2_session_callbacks_set_on_header_callback2(&callbacks, field);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(&callbacks, bad_field);
  nghttp2_session_callbacks_set_on_frame_recv_callback(&callbacks, frame_came);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(&callbacks, bad_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(&callbacks, frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(&callbacks, frame_not_sent);
}

int ServerSession::Callbacks::head_begins(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  ServerSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    if (is_request(*frame)) self.open(frame->hd.stream_id);
    return true;
  });
}

int ServerSession::Callbacks::field(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                                    nghttp2_rcbuf* value, std::uint8_t, void* user) {
  ServerSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    ServerStream* const stream = self.find(frame->hd.stream_id);
    return !stream || self.add_field(*stream, is_request(*frame), text_of(name), text_of(value));
  });
}

// nghttp2 would go on without such a field. Our own rules say what is wrong with it, and nearly always agree.
int ServerSession::Callbacks::bad_field(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                                        nghttp2_rcbuf* value, std::uint8_t flags, void* user) {
  if (const int result = field(session, frame, name, value, flags, user); result != 0) return result;
  ServerSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    ServerStream* const stream = self.find(frame->hd.stream_id);
    if (is_request(*frame)) self.building_.note("invalid field");
    else if (stream) self.reset(*stream, ErrorCode::ProtocolError);
    return true;
  });
}

int ServerSession::Callbacks::frame_came(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  ServerSession& self = of(user);
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  return guarded(self.no_memory_, [&] {
    ServerStream* const stream = stream_of(self, *frame);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (!stream) break;
        if (is_request(*frame)) self.head_ends(*stream, ends);
        else if (!self.trailers_end(*stream)) return false;
        return !self.dead_;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.shutdown_heard_ = true;  // we send one only
        break;
      default: return take_frame(self, stream, *frame);
    }
    return true;
  });
}

int ServerSession::Callbacks::bad_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
  ServerSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    ServerStream* const stream = stream_of(self, *frame);
    if (stream && is_request(*frame)) self.head_invalid(*stream);
    // One more than it may have open, which nghttp2 refuses: its head was read, and is answered by a reset.
    if (error == NGHTTP2_ERR_REFUSED_STREAM && !self.burden(Burden::Reset)) return false;
    return !self.dead_;
  });
}

int ServerSession::Callbacks::frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  ServerSession& self = of(user);
  note_failure(self, *frame);
  const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  if (ServerStream* const stream = self.find(frame->hd.stream_id)) stream->end_sent_ = true;
  return 0;
}

// A head that nghttp2 does not take after all: nobody waits for it for ever.
int ServerSession::Callbacks::frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
  ServerSession& self = of(user);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  return guarded(self.no_memory_, [&] {
    if (ServerStream* const stream = self.find(frame->hd.stream_id)) self.reset(*stream, ErrorCode::InternalError);
    return true;
  });
}

}  // namespace frontdoor::http2
