#include "proxy/server/tls_handshake.h"

namespace frontdoor {

TlsHandshake::TlsHandshake(EventLoop& loop, Transport& transport, Handshakes& all, const tls::Server& server,
                           std::string_view came)
    : loop_(loop), transport_(transport), all_(all), waker_(loop) {
  auto session = server.context()->accept(transport);
  session_ = session.get();
  session_->put_back(came);
  transport_.encrypt(std::move(session));
  transport_.notify(&waker_);
  all_.begin(*this);
}

TlsHandshake::~TlsHandshake() { all_.end(*this); }

Task<TlsHandshake::Result> TlsHandshake::run(TimePoint deadline) {
  for (;;) {
    if (cut_ || transport_.peer_gone()) co_return Result::Left;
    if (!all_.may_step()) {
      co_await waker_.yield();
      continue;
    }
    switch (session_->shake_hands()) {
      case tls::Session::Step::Done: co_return Result::Done;
      case tls::Session::Step::Failed: co_return failed();
      case tls::Session::Step::Pending: break;
    }
    if (session_->flush() == IoStatus::Failed) co_return Result::Left;
    if (loop_.now() >= deadline) {
      failure_ = "not complete within timeouts.tls_handshake";
      co_return Result::Failed;
    }
    co_await waker_.until(deadline);
  }
}

TlsHandshake::Result TlsHandshake::failed() {
  failure_ = session_->failure();
  if (!session_->saw_plain_http()) return Result::Failed;
  transport_.encrypt(nullptr);
  session_ = nullptr;
  return Result::PlainHttp;
}

void TlsHandshake::cut() {
  cut_ = true;
  waker_.wake();
}

}  // namespace frontdoor
