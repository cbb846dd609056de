// What the two ends of an HTTP/2 connection have in common, as a value machine over nghttp2: bytes in and out, windows,
// the taking of turns, floods, how streams and the connection end. A ServerSession answers requests, a ClientSession asks.
// All that the other side can make grow is bounded: what is received by windows, heads by their limits, frames that cost
// only us by a FloodGuard, output by whoever lends its room.
//
// Owned by one connection, on its worker. docs/adr/0026, 0029. RFC 9113, RFC 7541.

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
#include "http2/stream.h"

struct nghttp2_session;

namespace frontdoor::http2 {

// How HTTP/2 begins on a connection without TLS (RFC 9113 §3.4). Its first line is no request that HTTP/1 allows.
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class Session {
 public:
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // False: the connection has failed or was ended by the other side; what is to be said of it is written by produce().
  bool receive(std::string_view bytes, TimePoint now);
  // Nobody is there any more: every stream ends.
  void connection_lost();

  // ---- Of one stream. On a stream that is closed these do nothing.
  void consume(Stream& stream, std::size_t bytes);  // of received(): its window opens
  struct Pushed {
    std::size_t accepted = 0;
    bool done = false;    // all of it, with the end where it was the last
    bool failed = false;  // the stream is closed
  };
  // Takes what windows and room allow, at most `quantum` bytes. When that is not all, the stream hears of it as soon as
  // its windows open; for room in the output it is told by room_came().
  Pushed push(Stream& stream, std::string_view bytes, bool last, const http::Fields& trailers, Output& output,
              std::size_t quantum);
  void reset(Stream& stream, ErrorCode why);

  // ---- Of the connection.
  void produce(Output& output);  // as much as there is room for
  bool wants_to_send() const;
  bool answers_wait() const;  // for room in the output: whole frames other than DATA
  bool anybody_wants_room() const { return wanting_ != 0; }
  void room_came();  // those whose pushes were not taken whole hear of it
  // All was said, or can not be said: after produce() the connection can be closed.
  bool finished() const;
  const char* fault() const { return fault_; }  // why it failed, for the log: a literal; "" = it has not
  bool flooded() const { return flooded_; }
  void terminate(ErrorCode why);  // now, whatever is open

  std::size_t open_streams() const { return streams_.size(); }

 protected:
  struct Callbacks;  // nghttp2's that both share, in session.cpp

  // Whether what has come of a body can be read when its stream has ended. A request can where both sides have, for a tunnel.
  enum class Bodies : std::uint8_t { EndWithTheirStream, OutliveIt };
  Session(const http::HeadLimits& limits, Bodies bodies) : head_limits_(limits), bodies_(bodies) {}

  Stream* find(std::int32_t id) const;
  Stream& add(std::unique_ptr<Stream> stream);
  void destroy(Stream& stream);
  void end(Stream& stream, Stream::Closed how, ErrorCode code);
  void end_all();
  void fail(ErrorCode code, const char* why);
  void flood(const char* what);
  bool burden(Burden kind);
  void look_whether_finished();
  void unwant(Stream& stream);
  void submit_reset(std::int32_t id, ErrorCode why);
  void forget_body(Stream& stream);

  // Looks at what comes before anybody works on it. False: too much of something, or nothing that we speak.
  virtual bool scan(std::string_view bytes);
  virtual bool frame_begins(const FrameHead& frame);
  // Whether somebody still has it when it ends; otherwise it is destroyed.
  virtual bool is_held(const Stream& stream) const = 0;
  virtual void stream_closes(Stream& stream, ErrorCode code) = 0;  // in nghttp2's eyes
  virtual void forgotten(Stream&) {}  // just before

  const http::HeadLimits head_limits_;
  const Bodies bodies_;
  nghttp2_session* session_ = nullptr;
  FloodGuard guard_;
  TimePoint now_{};
  std::vector<std::unique_ptr<Stream>> streams_;

  FrameScan scan_;
  std::uint8_t frame_type_ = 0;
  std::uint64_t begun_ = 0;       // frames so far, but for CONTINUATION
  std::size_t block_bytes_ = 0;   // of the header block under way
  std::uint32_t continuations_ = 0;
  bool in_block_ = false;
  bool no_memory_ = false;       // a callback of ours had none
  bool unsafe_to_free_ = false;  // nghttp2 had none
  bool dead_ = false;
  bool finished_ = false;
  const char* fault_ = "";

 private:
  void drain_chunk(Output& output);
  void take_data(Stream* stream, std::string_view bytes);
  std::size_t next_frame_of(Stream& stream, std::size_t longest, bool& ends);  // 0: none now, unless it ends
  void write_data(Stream& stream, const void* frame_head, std::size_t length);

  std::size_t wanting_ = 0;
  std::string_view chunk_;     // of nghttp2's: what did not fit
  Output* output_ = nullptr;   // during produce()
  char goaway_[17]{};
  bool goaway_due_ = false;
  bool flooded_ = false;
};

}  // namespace frontdoor::http2
