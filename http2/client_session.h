// Our end of one HTTP/2 connection to an upstream as a value machine: requests go in, bytes come out; bytes go in, answers
// come out. It has neither socket nor clock nor coroutine (session.h has what bounds it).
//
//   ask(), push() ─► RequestStream ─► produce() ─► Output ─► bytes
//   bytes ─► receive() ─► stream_changed() ─► head, received() ─► release()
//
// Owned by one connection, on its worker. docs/adr/0029. RFC 9113, RFC 7541.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http2/request_stream.h"
#include "http2/session.h"

namespace frontdoor::http2 {

struct ClientLimits {
  http::HeadLimits head{};
  std::uint32_t streams = 100;  // at a time, at most; until the upstream's SETTINGS have come, too (RFC 9113 §6.5.2)
  // Bytes of an answer that are kept for a client that does not read. The connection's window is as large as those of all
  // streams together, so that no reader holds up another.
  std::uint32_t stream_window = 256 * 1024;
};

struct Question {
  std::string_view method_text;
  http::Method method = http::Method::Get;
  std::string_view scheme = "http";
  std::string_view authority;  // "" = there is none
  std::string_view target;
  const http::Fields& fields;           // less those of one connection
  std::string_view content_length{};    // null data: none
  bool ended = true;                    // there is no body
  // What an extended CONNECT is to speak (RFC 8441 §4): its body is the tunnel's. "" = an ordinary request.
  std::string_view protocol{};

  bool fits() const;  // into a head that we would send
};

class ClientSession final : public Session {
 public:
  explicit ClientSession(const ClientLimits& limits);

  // Whether it takes another request now; not for good where `goes_away`.
  bool may_ask() const { return takes_requests() && open_streams() < streams_at_once(); }
  bool takes_requests() const;  // it does, or will when one has ended
  std::uint32_t streams_at_once() const;
  bool knows_settings() const { return settings_known_; }  // the upstream speaks HTTP/2
  bool allows_extended_connect() const;                    // as it has said in its SETTINGS (RFC 8441 §3)
  bool goes_away() const { return goes_away_; }            // GOAWAY has come
  ErrorCode goaway_code() const { return goaway_code_; }   // of the first one
  bool too_many_pings() const { return too_many_pings_; }  // … for this reason

  // Null: the head is too large. To be released.
  RequestStream* ask(const Question& question);
  // Its user is done with it. What is not complete, in either direction, is reset with CANCEL.
  void release(RequestStream& stream);

  void ping();
  bool ping_answered() const { return ping_answered_; }             // the last one
  std::uint64_t stream_frames() const { return stream_frames_; }    // HEADERS and DATA that have come

 private:
  struct Callbacks;  // nghttp2's, in client_callbacks.cpp

  RequestStream* find(std::int32_t id) const;
  bool frame_begins(const FrameHead& frame) override;
  void stream_closes(Stream& stream, ErrorCode code) override;
  bool is_held(const Stream& stream) const override { return !static_cast<const RequestStream&>(stream).released_; }

  // What the callbacks tell.
  bool add_field(RequestStream& stream, std::string_view name, std::string_view value);
  void head_ends(RequestStream& stream, bool ended);
  void trailers_end(RequestStream& stream);
  void malformed(RequestStream& stream, const char* fault);
  void goaway_came(ErrorCode code, std::string_view words);

  const std::uint32_t most_streams_;
  ResponseHeadBuilder building_;
  std::uint64_t asked_ = 0;
  std::uint64_t resets_ = 0;  // that came
  std::uint64_t stream_frames_ = 0;
  bool settings_known_ = false;
  bool goes_away_ = false;
  ErrorCode goaway_code_ = ErrorCode::NoError;
  bool too_many_pings_ = false;
  bool ping_answered_ = false;
};

}  // namespace frontdoor::http2
