// The beginning of a connection on a listener with TLS: shakes hands, and leaves a Transport that encrypts. Exists until
// then only. One worker.

#pragma once

#include <memory>
#include <string_view>

#include "loop/intrusive_list.h"
#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/server/handshakes.h"
#include "proxy/server/prelude.h"
#include "tls/server_context.h"

namespace frontdoor {

class TlsHandshake final : public Prelude, public Listed<class HandshakeTag> {
 public:
  // `came`: what has been read of the connection already. Throws bad_alloc.
  TlsHandshake(EventLoop& loop, Transport& transport, Handshakes& all, const tls::Server& server, std::string_view came);
  ~TlsHandshake() override;

  enum class Result : std::uint8_t {
    Done,
    PlainHttp,  // the client speaks HTTP without TLS, and the transport is plain again
    Left,       // the client has gone, or we go
    Failed,     // failure() says why
  };
  Task<Result> run(TimePoint deadline);
  const char* failure() const { return failure_; }  // a constant

  void cut() override;
  bool is_cut() const { return cut_; }
  bool saw_anything() const override { return session_->saw_anything(); }

 private:
  Result failed();

  EventLoop& loop_;
  Transport& transport_;
  Handshakes& all_;
  tls::Session* session_;  // the transport's
  Waker waker_;
  const char* failure_ = "";
  bool cut_ = false;
};

}  // namespace frontdoor
