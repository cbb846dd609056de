// nghttp2 is C: no exception may pass through it. What finds no memory is remembered and ends the connection.

#include "http2/server_callbacks.h"

#include <new>

namespace frontdoor::http2 {

namespace {

template <class Work>
int guarded(bool& no_memory, Work work) noexcept {
  try {
    return work() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  } catch (const std::bad_alloc&) {
    no_memory = true;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

bool is_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

}  // namespace

void ServerSession::Callbacks::install(nghttp2_session_callbacks& callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(&callbacks, head_begins);
  nghttp2_session_callbacks_set_on_header_callback2(&callbacks, field);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(&callbacks, bad_field);
  nghttp2_session_callbacks_set_on_frame_recv_callback(&callbacks, frame_came);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(&callbacks, bad_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(&callbacks, data_came);
  nghttp2_session_callbacks_set_on_stream_close_callback(&callbacks, stream_closes);
  nghttp2_session_callbacks_set_on_frame_send_callback(&callbacks, frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(&callbacks, frame_not_sent);
  nghttp2_session_callbacks_set_send_data_callback(&callbacks, send_data);
}

// By its id and not by its address: nghttp2 may know a stream for longer than we do.
nghttp2_data_provider ServerSession::Callbacks::body_of(ServerStream&) {
  nghttp2_data_provider provider{};
  provider.read_callback = read_body;
  return provider;
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
    ServerStream* const stream = frame->hd.stream_id == 0 ? nullptr : self.find(frame->hd.stream_id);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (!stream) break;
        if (is_request(*frame)) self.head_ends(*stream, ends);
        else self.trailers_end(*stream);
        return !self.dead_;
      case NGHTTP2_DATA:
        // One that is nothing but padding; one without anything was counted when it began.
        if (!ends && frame->hd.length != 0 && frame->data.padlen == frame->hd.length)
          return self.burden(Burden::EmptyData);
        if (stream && ends) {
          stream->request_ended_ = true;
          stream->changed();
        }
        break;
      case NGHTTP2_RST_STREAM:
        if (stream) stream->client_reset_ = true;
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.shutdown_heard_ = true;  // we send one only
        break;
      default: break;
    }
    return true;
  });
}

int ServerSession::Callbacks::bad_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
  ServerSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    ServerStream* const stream = frame->hd.stream_id == 0 ? nullptr : self.find(frame->hd.stream_id);
    if (stream && is_request(*frame)) self.head_invalid(*stream);
    return !self.dead_;
  });
}

int ServerSession::Callbacks::data_came(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                                        std::size_t size, void* user) {
  ServerSession& self = of(user);
  return guarded(self.no_memory_, [&] {
    self.take_data(self.find(id), {reinterpret_cast<const char*>(data), size});
    return true;
  });
}

int ServerSession::Callbacks::stream_closes(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
  ServerSession& self = of(user);
  if (ServerStream* const stream = self.find(id)) self.stream_closes(*stream, static_cast<ErrorCode>(code));
  return self.dead_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

int ServerSession::Callbacks::frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  ServerSession& self = of(user);
  const bool failed = frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR;
  if (failed && !*self.fault_) self.fault_ = name_of(static_cast<ErrorCode>(frame->goaway.error_code));
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

ssize_t ServerSession::Callbacks::read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t length,
                                            std::uint32_t* flags, nghttp2_data_source*, void* user) {
  ServerSession& self = of(user);
  ServerStream* const stream = self.find(id);
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
    for (const auto& field : trailers)
      fields.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data())),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data())), field.name.size(),
                        field.value.size(), NGHTTP2_NV_FLAG_NONE});
    return nghttp2_submit_trailer(session, id, fields.data(), fields.size()) == 0;
  }) == 0;
  return queued ? static_cast<ssize_t>(size) : ssize_t{NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE};
}

int ServerSession::Callbacks::send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head,
                                        std::size_t length, nghttp2_data_source*, void* user) {
  ServerSession& self = of(user);
  ServerStream* const stream = self.find(frame->hd.stream_id);
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  self.write_data(*stream, frame_head, length);
  return 0;
}

}  // namespace frontdoor::http2
