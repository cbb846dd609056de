// What the streams of both ends of an HTTP/2 connection have in common, as far as frames go: what has come of a body, what
// is being offered of one, and how it has ended. Owned by its Session. One worker.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http2/error_code.h"
#include "http2/received_body.h"
#include "http2/request_head.h"

namespace frontdoor::http2 {

// Hears that something about a stream has changed. It only marks: nothing of the session may be called in it.
class StreamListener {
 public:
  virtual void stream_changed() = 0;

 protected:
  ~StreamListener() = default;
};

class Stream {
 public:
  enum class Closed : std::uint8_t {
    No,
    InOrder,       // both sides have said all
    ByReset,       // RST_STREAM has come
    ByFault,       // the other side has broken a rule
    ByUs,          // reset through the session
    ByConnection,  // which has ended
  };

  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::int32_t id() const { return id_; }
  void listen(StreamListener* listener) { listener_ = listener; }

  std::string_view received() const { return body_.unread(); }
  const http::Fields& trailers() const { return trailer_fields_ ? *trailer_fields_ : no_trailers_; }

  Closed closed() const { return closed_; }
  ErrorCode error() const { return error_; }  // with ByReset and ByFault

 protected:
  friend class Session;
  friend class ServerSession;
  friend class ClientSession;

  explicit Stream(std::int32_t id) : id_(id) {}
  void changed() {
    if (listener_) listener_->stream_changed();
  }

  const std::int32_t id_;
  std::size_t index_ = 0;  // among the session's
  StreamListener* listener_ = nullptr;
  ReceivedBody body_;
  std::unique_ptr<TrailerBuilder> trailers_;
  const http::Fields* trailer_fields_ = nullptr;
  http::Fields no_trailers_;

  // What is offered by the push under way.
  std::string_view offer_;
  std::size_t offer_limit_ = 0;
  const http::Fields* offer_trailers_ = nullptr;
  bool offering_ = false;
  bool offer_last_ = false;

  Closed closed_ = Closed::No;
  ErrorCode error_ = ErrorCode::NoError;
  bool received_all_ = false;  // its END_STREAM has come
  bool was_reset_ = false;
  bool reset_by_us_ = false;
  bool end_queued_ = false;
  bool end_sent_ = false;
  bool no_room_ = false;       // during a push
  bool wants_room_ = false;    // its last push was not taken whole for want of room
  bool wants_window_ = false;  // … of a window
  bool released_ = false;      // its user is done with it
};

}  // namespace frontdoor::http2
