// One request and its answer on an HTTP/2 connection of a client, as far as frames go: what has come of it, and how far
// the answer is. Owned by its ServerSession, through which it is answered. One worker.

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

class ServerStream {
 public:
  enum class Closed : std::uint8_t {
    No,
    InOrder,       // both sides have said all
    ByClient,      // RST_STREAM
    ByFault,       // the client has broken a rule
    ByUs,          // reset through the session
    ByConnection,  // which has ended
  };

  std::int32_t id() const { return id_; }
  void listen(StreamListener* listener) { listener_ = listener; }

  const http::RequestHead& request() const { return head_->head; }
  http::RequestHead& request() { return head_->head; }
  std::size_t head_bytes() const { return head_->text.size(); }
  // Set: it is not to be served. A malformed one has been reset, the others are answered with it.
  const http::Refusal* refusal() const { return refused_ ? &refusal_ : nullptr; }
  bool malformed() const { return malformed_; }

  std::string_view received() const { return body_.unread(); }
  bool request_ended() const { return request_ended_; }  // its END_STREAM has come, perhaps behind what was received
  const http::Fields& trailers() const { return trailers_ ? *trailer_fields_ : no_trailers_; }

  Closed closed() const { return closed_; }
  ErrorCode error() const { return error_; }  // with ByClient and ByFault
  bool response_ended() const { return end_queued_; }

 private:
  friend class ServerSession;

  explicit ServerStream(std::int32_t id) : id_(id) {}
  void changed() {
    if (listener_) listener_->stream_changed();
  }

  const std::int32_t id_;
  std::size_t index_ = 0;  // among the session's
  StreamListener* listener_ = nullptr;
  std::unique_ptr<ReceivedHead> head_;
  http::Refusal refusal_;
  ReceivedBody body_;
  std::unique_ptr<TrailerBuilder> trailers_;
  const http::Fields* trailer_fields_ = nullptr;
  http::Fields no_trailers_;

  // What is offered by the push under way.
  std::string_view offer_;
  std::size_t offer_limit_ = 0;
  const http::Fields* offer_trailers_ = nullptr;
  std::size_t taking_ = 0;  // of it, by the frame being written
  bool offering_ = false;
  bool offer_last_ = false;

  Closed closed_ = Closed::No;
  ErrorCode error_ = ErrorCode::NoError;
  bool refused_ = false;
  bool malformed_ = false;
  bool request_ended_ = false;
  bool client_reset_ = false;
  bool reset_by_us_ = false;
  bool head_queued_ = false;
  bool end_queued_ = false;
  bool end_sent_ = false;
  bool unwanted_ = false;       // it has its whole answer, and goes on with its request
  bool unwanted_long_ = false;  // … since before the last look
  bool no_room_ = false;       // during a push
  bool wants_room_ = false;    // its last push was not taken whole for want of room
  bool wants_window_ = false;  // … of a window
  bool opened_ = false;      // waits to be taken by next_opened()
  bool taken_ = false;       // its user has it, until release()
};

}  // namespace frontdoor::http2
