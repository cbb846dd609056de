#include "http2/client_callbacks.h"

namespace frontdoor::http2 {

void ClientSession::Callbacks::install(nghttp2_session_callbacks& callbacks) {
  Session::Callbacks::install(callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(&callbacks, head_begins);
  nghttp2_session_callbacks_set_on_header_callback2(&callbacks, field);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(&callbacks, bad_field);
  nghttp2_session_callbacks_set_on_frame_recv_callback(&callbacks, frame_came);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(&callbacks, bad_frame);
  nghttp2_session_callbacks_set_before_frame_send_callback(&callbacks, frame_leaves);
  nghttp2_session_callbacks_set_on_frame_send_callback(&callbacks, frame_sent);
}

int ClientSession::Callbacks::head_begins(nghttp2_session*, const nghttp2_frame*, void* user) {
  ClientSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    self.building_.begin();
    return true;
  });
}

int ClientSession::Callbacks::field(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                                    nghttp2_rcbuf* value, std::uint8_t, void* user) {
  ClientSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    RequestStream* const stream = self.find(frame->hd.stream_id);
    return !stream || self.add_field(*stream, text_of(name), text_of(value));
  });
}

// nghttp2 would go on without such a field.
int ClientSession::Callbacks::bad_field(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                                        nghttp2_rcbuf* value, std::uint8_t flags, void* user) {
  if (const int result = field(session, frame, name, value, flags, user); result != 0) return result;
  ClientSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    RequestStream* const stream = self.find(frame->hd.stream_id);
    if (stream && stream->final_) self.malformed(*stream, "invalid field");
    else self.building_.note("invalid field");
    return true;
  });
}

int ClientSession::Callbacks::frame_came(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  ClientSession& self = of(user);
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  return guarded(self.no_memory_, [&] {
    RequestStream* const stream = stream_of(self, *frame);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (!stream) break;
        if (stream->final_) self.trailers_end(*stream);
        else self.head_ends(*stream, ends);
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.settings_known_ = true;
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.ping_answered_ = true;
        break;
      case NGHTTP2_GOAWAY:
        self.goaway_came(static_cast<ErrorCode>(frame->goaway.error_code),
                         {reinterpret_cast<const char*>(frame->goaway.opaque_data), frame->goaway.opaque_data_len});
        break;
      default: return take_frame(self, stream, *frame) && !self.dead_;
    }
    return !self.dead_;
  });
}

int ClientSession::Callbacks::bad_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
  ClientSession& self = of(user);
  RequestStream* const stream = stream_of(self, *frame);
  if (stream && !*stream->fault_) stream->fault_ = "malformed HTTP/2 response";
  return 0;
}

// It is written now, of which a part may not fit yet: nothing takes it back any more.
int ClientSession::Callbacks::frame_leaves(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (RequestStream* const stream = of(user).find(frame->hd.stream_id)) stream->head_sent_ = true;
  return 0;
}

int ClientSession::Callbacks::frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  note_failure(of(user), *frame);
  return 0;
}

}  // namespace frontdoor::http2
