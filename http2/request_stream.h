// One request of ours and its answer on an HTTP/2 connection to an upstream, as far as frames go. Owned by its
// ClientSession, through which it was asked. One worker.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "http2/response_head.h"
#include "http2/stream.h"

namespace frontdoor::http2 {

class RequestStream final : public Stream {
 public:
  // 1xx that have come and were not looked at yet, one after the other; null: there are none. Valid until the next call.
  const http::ResponseHead* next_informational();
  const http::ResponseHead* final_head() const { return final_ ? &final_->head : nullptr; }
  bool response_ended() const { return received_all_; }  // its END_STREAM has come, perhaps behind what was received
  bool request_ended() const { return end_queued_; }
  bool head_sent() const { return head_sent_; }  // it will be, whatever is said later: by a reset, too
  const char* fault() const { return fault_; }   // what was wrong with the answer: a literal; "" = nothing
  // Its CONNECT was accepted: DATA is all that may come from now on.
  bool is_tunnel() const { return method_ == http::Method::Connect && final_ && final_->head.status / 100 == 2; }

 private:
  friend class ClientSession;

  RequestStream(std::int32_t id, http::Method method) : Stream(id), method_(method) {}

  const http::Method method_;
  std::vector<std::unique_ptr<ReceivedResponse>> informational_;
  std::unique_ptr<ReceivedResponse> told_;  // the last 1xx that was looked at
  std::unique_ptr<ReceivedResponse> final_;
  std::uint32_t informational_count_ = 0;
  bool head_sent_ = false;
  const char* fault_ = "";
};

}  // namespace frontdoor::http2
