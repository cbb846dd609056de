// nghttp2's view of a ClientSession: what it calls while it reads and writes. Only this folder's sources include it.

#pragma once

#include "http2/client_session.h"
#include "http2/session_callbacks.h"

namespace frontdoor::http2 {

struct ClientSession::Callbacks : Session::Callbacks {
  static void install(nghttp2_session_callbacks& callbacks);

 private:
  static ClientSession& of(void* user) { return static_cast<ClientSession&>(Session::Callbacks::of(user)); }
  static RequestStream* stream_of(const ClientSession& self, const nghttp2_frame& frame) {
    return static_cast<RequestStream*>(Session::Callbacks::stream_of(self, frame));
  }

  static int head_begins(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int field(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                   std::uint8_t flags, void* user);
  static int bad_field(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                       std::uint8_t flags, void* user);
  static int frame_came(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int bad_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user);
  static int frame_leaves(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
};

}  // namespace frontdoor::http2
