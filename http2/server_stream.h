// One request and its answer on an HTTP/2 connection of a client, as far as frames go: what has come of it, and how far
// the answer is. Owned by its ServerSession, through which it is answered. One worker.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "http2/stream.h"

namespace frontdoor::http2 {

class ServerStream final : public Stream {
 public:
  const http::RequestHead& request() const { return head_->head; }
  http::RequestHead& request() { return head_->head; }
  std::size_t head_bytes() const { return head_->text.size(); }
  // Set: it is not to be served. A malformed one has been reset, the others are answered with it.
  const http::Refusal* refusal() const { return refused_ ? &refusal_ : nullptr; }
  bool malformed() const { return malformed_; }

  bool request_ended() const { return received_all_; }  // its END_STREAM has come, perhaps behind what was received
  bool response_ended() const { return end_queued_; }

 private:
  friend class ServerSession;

  explicit ServerStream(std::int32_t id) : Stream(id) {}

  std::unique_ptr<ReceivedHead> head_;
  http::Refusal refusal_;

  bool refused_ = false;
  bool malformed_ = false;
  bool unwanted_ = false;       // it has its whole answer, and goes on with its request
  bool unwanted_long_ = false;  // … since before the last look
  bool opened_ = false;         // waits to be taken by next_opened()
  bool taken_ = false;          // its user has it, until release()
};

}  // namespace frontdoor::http2
