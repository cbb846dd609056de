// The server's end of one HTTP/2 connection as a value machine over nghttp2: bytes go in, streams come out; answers go
// in, bytes come out. It has neither socket nor clock nor coroutine. All that a client can make grow is bounded: what is
// received by windows, heads by their limits, frames that cost only us by a FloodGuard, output by whoever lends its room
// and stops reading while the client does not.
//
//   bytes ─► receive() ─► next_opened() ─► ServerStream ─► respond(), push() ─► release()
//                              stream_changed() ─┘               │
//   bytes ◄─ Output ◄──── produce() ◄────────────────────────────┘
//
// Owned by one connection, on its worker. docs/adr/0026. RFC 9113, RFC 7541.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http2/flood_guard.h"
#include "http2/frame_scan.h"
#include "http2/output.h"
#include "http2/server_stream.h"

struct nghttp2_session;

namespace frontdoor::http2 {

// How HTTP/2 begins on a connection without TLS (RFC 9113 §3.4). Its first line is no request that HTTP/1 allows.
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct ServerLimits {
  http::HeadLimits head{};
  std::uint32_t streams = 128;  // at a time
  // Bytes of bodies that are kept for exchanges whose upstreams do not take them: of a stream, of the connection.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 1024 * 1024;
};

class ServerSession {
 public:
  explicit ServerSession(const ServerLimits& limits);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // False: the connection has failed or was ended by the client; what is to be said of it is written by produce().
  bool receive(std::string_view bytes, TimePoint now);
  // A FIN: what has not come of requests never will. The others may still be answered.
  void client_finished();
  // Nobody is there any more: every stream ends.
  void connection_lost();

  // Requests whose heads are complete, in their order; null when there are none. A stream that was reset in the same
  // bytes in which it was opened is not among them. Each is to be released.
  ServerStream* next_opened();

  // ---- Of one stream. On a stream that is closed these do nothing.
  void consume(ServerStream& stream, std::size_t bytes);  // of received(): its window opens
  // False: the head is too large, and nothing was queued. `content_length`: null data = none. `ended`: no body follows.
  bool respond(ServerStream& stream, std::uint16_t status, const http::Fields& fields, std::string_view content_length,
               bool ended);
  bool inform(ServerStream& stream, std::uint16_t status, const http::Fields& fields);  // a 1xx
  struct Pushed {
    std::size_t accepted = 0;
    bool done = false;    // all of it, with the end where it was the last
    bool failed = false;  // the stream is closed
  };
  // Takes what windows and room allow, at most `quantum` bytes. When that is not all, the stream hears of it as soon as
  // its windows open; for room in the output it is told by room_came().
  Pushed push(ServerStream& stream, std::string_view bytes, bool last, const http::Fields& trailers, Output& output,
              std::size_t quantum);
  void reset(ServerStream& stream, ErrorCode why);
  // Its user is done with it. An answer that is not complete is reset with `unless_complete`. After one that came before
  // the end of its request the rest of that is thrown away.
  void release(ServerStream& stream, ErrorCode unless_complete);

  // ---- Of the connection.
  void produce(Output& output);  // as much as there is room for
  bool wants_to_send() const;
  bool anybody_wants_room() const { return wanting_ != 0; }
  void room_came();  // those whose pushes were not taken whole hear of it
  // All was said, or can not be said: after produce() the connection can be closed.
  bool finished() const;
  const char* fault() const { return fault_; }  // why it failed, for the log: a literal; "" = it has not
  bool flooded() const { return flooded_; }
  bool wrong_preface() const { return wrong_preface_; }  // it does not speak HTTP/2

  // RFC 9113 §8.1: whoever has the whole answer may be told that the rest of its request is not wanted. It is a moment
  // later: curl, for one, gives up an answer that comes together with a reset. Each call resets what was so at the last.
  bool anything_unwanted() const { return unwanted_ != 0; }
  void reset_unwanted();

  // A shutdown in two steps, so that no request is lost that is on its way: an announcement, and when the client has
  // heard it, the id of the last one that is served (RFC 9113 §6.8).
  void announce_shutdown();
  bool shutdown_heard() const { return shutdown_heard_; }
  void go_away();
  void terminate(ErrorCode why);  // now, whatever is open

  std::size_t open_streams() const { return streams_.size(); }
  // The preface, a head or a frame that is not a body's has begun and not ended: somebody is slow, or does nothing.
  bool unfinished() const;
  std::uint64_t begun() const { return begun_; }  // how many frames so far, but for CONTINUATION

 private:
  struct Callbacks;  // nghttp2's, in server_callbacks.cpp

  ServerStream* find(std::int32_t id) const;
  ServerStream& open(std::int32_t id);
  void destroy(ServerStream& stream);
  void end(ServerStream& stream, ServerStream::Closed how, ErrorCode code);
  void end_all();
  void fail(ErrorCode code, const char* why);
  bool burden(Burden kind);
  bool submit_head(ServerStream& stream, std::uint16_t status, const http::Fields& fields,
                   std::string_view content_length, bool final, bool ended);
  void drain_chunk(Output& output);
  void look_whether_finished();
  void unwant(ServerStream& stream);
  void submit_reset(std::int32_t id, ErrorCode why);

  bool scan(std::string_view bytes);
  bool frame_begins(const FrameHead& frame);

  // What the callbacks tell.
  bool add_field(ServerStream& stream, bool is_request, std::string_view name, std::string_view value);
  void head_ends(ServerStream& stream, bool ended);
  void head_invalid(ServerStream& stream);
  void trailers_end(ServerStream& stream);
  void take_data(ServerStream* stream, std::string_view bytes);
  void stream_closes(ServerStream& stream, ErrorCode code);
  std::size_t next_frame_of(ServerStream& stream, std::size_t longest, bool& ends);  // 0: none now, unless it ends
  void write_data(ServerStream& stream, const void* frame_head, std::size_t length);

  const ServerLimits limits_;
  nghttp2_session* session_ = nullptr;
  RequestHeadBuilder building_;
  FloodGuard guard_;
  TimePoint now_{};
  std::vector<std::unique_ptr<ServerStream>> streams_;
  std::vector<ServerStream*> opened_;
  std::size_t next_opened_ = 0;
  std::size_t wanting_ = 0;
  std::size_t unwanted_ = 0;

  std::string_view chunk_;  // of nghttp2's: what did not fit
  Output* output_ = nullptr;  // during produce()
  char goaway_[17]{};
  bool goaway_due_ = false;

  std::size_t preface_read_ = 0;
  FrameScan scan_;
  std::uint8_t frame_type_ = 0;
  std::uint64_t begun_ = 0;
  std::size_t block_bytes_ = 0;  // of the header block under way
  std::uint32_t continuations_ = 0;
  bool in_block_ = false;
  bool no_memory_ = false;
  bool dead_ = false;
  bool finished_ = false;
  bool flooded_ = false;
  bool wrong_preface_ = false;
  bool shutdown_heard_ = false;
  const char* fault_ = "";
};

}  // namespace frontdoor::http2
