// nghttp2's view of a ServerSession: what it calls while it reads and writes. Only this folder's sources include it.

#pragma once

#include <nghttp2/nghttp2.h>

#include "http2/server_session.h"

namespace frontdoor::http2 {

inline constexpr std::size_t kFrameHead = 9;  // RFC 9113 §4.1

struct ServerSession::Callbacks {
  static void install(nghttp2_session_callbacks& callbacks);
  static nghttp2_data_provider body_of(ServerStream& stream);

 private:
  static ServerSession& of(void* user) { return *static_cast<ServerSession*>(user); }

  static int head_begins(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int field(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                   std::uint8_t flags, void* user);
  static int bad_field(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                       std::uint8_t flags, void* user);
  static int frame_came(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int bad_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user);
  static int data_came(nghttp2_session*, std::uint8_t flags, std::int32_t id, const std::uint8_t* data,
                       std::size_t size, void* user);
  static int stream_closes(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user);
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int error, void* user);
  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* buffer, std::size_t length,
                           std::uint32_t* flags, nghttp2_data_source* source, void* user);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head, std::size_t length,
                       nghttp2_data_source* source, void* user);
};

}  // namespace frontdoor::http2
