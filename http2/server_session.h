// The server's end of one HTTP/2 connection as a value machine: bytes go in, streams come out; answers go in, bytes come
// out. It has neither socket nor clock nor coroutine (session.h has what bounds it).
//
//   bytes ─► receive() ─► next_opened() ─► ServerStream ─► respond(), push() ─► release()
//                              stream_changed() ─┘               │
//   bytes ◄─ Output ◄──── produce() ◄────────────────────────────┘
//
// Owned by one connection, on its worker. docs/adr/0026. RFC 9113, RFC 7541.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http2/server_stream.h"
#include "http2/session.h"

namespace frontdoor::http2 {

struct ServerLimits {
  http::HeadLimits head{};
  std::uint32_t streams = 128;  // at a time
  // Bytes of bodies that are kept for exchanges whose upstreams do not take them: of a stream, of the connection.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 1024 * 1024;
};

class ServerSession final : public Session {
 public:
  explicit ServerSession(const ServerLimits& limits);

  // A FIN: what has not come of requests never will. The others may still be answered.
  void client_finished();

  // Requests whose heads are complete, in their order; null when there are none. A stream that was reset in the same
  // bytes in which it was opened is not among them. Each is to be released.
  ServerStream* next_opened();

  // ---- Of one stream. On a stream that is closed these do nothing.
  // False: the head is too large, and nothing was queued. `content_length`: null data = none. `ended`: no body follows.
  bool respond(ServerStream& stream, std::uint16_t status, const http::Fields& fields, std::string_view content_length,
               bool ended);
  bool inform(ServerStream& stream, std::uint16_t status, const http::Fields& fields);  // a 1xx
  // Its user is done with it. An answer that is not complete is reset with `unless_complete`. After one that came before
  // the end of its request the rest of that is thrown away.
  void release(ServerStream& stream, ErrorCode unless_complete);

  // ---- Of the connection.
  bool wrong_preface() const { return wrong_preface_; }  // it does not speak HTTP/2
  bool window_closed() const;  // the connection's: bodies that nobody takes have filled it, and no other can come

  // RFC 9113 §8.1: a client that has the whole answer may be told that the rest of its request is not wanted. It is a moment
  // later: curl, for one, gives up an answer that comes together with a reset. Each call resets what was so at the last.
  bool anything_unwanted() const { return unwanted_ != 0; }
  void reset_unwanted();

  // A shutdown in two steps, so that no request is lost that is on its way: an announcement, and when the client has
  // heard it, the id of the last one that is served (RFC 9113 §6.8).
  void announce_shutdown();
  bool shutdown_heard() const { return shutdown_heard_; }
  void go_away();

  // The preface, a head or a frame that is not a body's has begun and not ended: somebody is slow, or does nothing.
  bool unfinished() const;
  std::uint64_t begun() const { return begun_; }  // how many frames so far, but for CONTINUATION

 private:
  struct Callbacks;  // nghttp2's, in server_callbacks.cpp

  ServerStream* find(std::int32_t id) const;
  ServerStream& open(std::int32_t id);
  bool submit_head(ServerStream& stream, std::uint16_t status, const http::Fields& fields,
                   std::string_view content_length, bool final, bool ended);
  bool scan(std::string_view bytes) override;
  void stream_closes(Stream& stream, ErrorCode code) override;
  bool is_held(const Stream& stream) const override;
  void forgotten(Stream& stream) override;

  // What the callbacks tell.
  bool add_field(ServerStream& stream, bool is_request, std::string_view name, std::string_view value);
  void head_ends(ServerStream& stream, bool ended);
  void head_invalid(ServerStream& stream);
  bool trailers_end(ServerStream& stream);

  RequestHeadBuilder building_;
  std::vector<ServerStream*> opened_;
  std::size_t next_opened_ = 0;
  std::size_t unwanted_ = 0;
  std::size_t preface_read_ = 0;
  bool wrong_preface_ = false;
  bool shutdown_heard_ = false;
};

}  // namespace frontdoor::http2
