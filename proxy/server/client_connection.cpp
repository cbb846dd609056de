#include "proxy/server/client_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/exchange/outcome.h"
#include "proxy/server/proxy_header_reader.h"
#include "proxy/server/tls_handshake.h"

namespace frontdoor {

namespace {

// For how long what has come is waited for, before its connection makes room for another.
constexpr std::uint32_t kTurnsToBeHeard = 8;

// A request that was sent before our FIN had come meets an end of the connection, which says that it may be sent again,
// and no reset, which could overtake the last answer.
constexpr Millis kLastWords{250};
constexpr int kReadsPerTurn = 16;

}  // namespace

bool ClientConnection::adopt(int fd) { return transport_.adopt(fd); }

void ClientConnection::start() {
  admitted_ = !owner_.wants_proxy_header();
  handshake_due_ = owner_.tls() != nullptr;
  if (owner_.wants_proxy_header()) begin();
  else park();
}

// Where there is no memory for a connection, it ends and nothing else does.
void ClientConnection::begin() {
  try {
    serve();  // what it may throw is its frame's; from then on it catches by itself
  } catch (const std::bad_alloc&) {
    owner_.turned_away(Unwelcome::NoMemory);
    owner_.closed(*this);
  }
}

void ClientConnection::park() {
  session_.reset();
  transport_.notify(this);
  if (owner_.closing_idle()) end_at_ = closing_moment_of_idle(loop().now(), idle_kind(), waiting_since_, 0, 0);
  const Millis patience = handshake_due_ ? std::min(timeouts().client_idle, timeouts().tls_handshake)
                                         : timeouts().client_idle;
  loop().arm(*this, std::min(waiting_since_ + patience, end_at_));
  if (transport_.may_read()) loop().enqueue(*this);
}

const config::Timeouts& ClientConnection::timeouts() const {
  return owner_.context().snapshot->shared().config.timeouts;
}

// Something happened while parked.
void ClientConnection::run() {
  if (served_now()) return;
  if (prelude_) {
    if (loop().now() >= end_at_ && !prelude_->saw_anything()) prelude_->cut();
    return;
  }
  if (ending_) return read_last_words();
  if (transport_.peer_gone()) return owner_.closed(*this);
  if (h2_) {
    if (loop().now() < due() && !transport_.may_read() && !h2_->leaving()) return;
    if (owner_.closing_idle()) h2_->leave();
    Timer::cancel();
    return begin();
  }
  // A request that comes at the last moment is served.
  if (loop().now() >= due()) {
    // In a drain it is looked for each time: a request that was sent before our FIN is served.
    const bool something_came = owner_.closing_idle() ? transport_.bytes_wait() : spare();
    if (!something_came) return end();
  } else if (!transport_.may_read()) {
    return;
  }
  Timer::cancel();
  begin();
}

void ClientConnection::close_idle(std::size_t index, std::size_t count) {
  if (h2_) return drain_begins();
  if (session_ || ending_) return;  // told in park()
  end_at_ = closing_moment_of_idle(loop().now(), idle_kind(), waiting_since_, index, count);
  loop().arm(*this, end_at_);
}

void ClientConnection::drain_begins() {
  if (!h2_) return;
  h2_->leave();
  if (!h2_->serving()) loop().enqueue(*this);
}

// In a drain the clients of all connections are ended within a moment, so what crosses our FIN is read.
void ClientConnection::end() {
  if (!owner_.closing_idle()) return owner_.closed(*this);
  transport_.shutdown_write();
  ending_ = true;
  end_at_ = loop().now() + kLastWords;
  loop().arm(*this, end_at_);
}

void ClientConnection::read_last_words() {
  std::array<char, 4096> thrown_away;
  for (int reads = 0; reads < kReadsPerTurn && transport_.may_read(); ++reads) {
    const IoResult result = transport_.read(thrown_away.data(), thrown_away.size());
    if (result.status == IoStatus::End || result.status == IoStatus::Failed) return owner_.closed(*this);
  }
  if (transport_.peer_gone() || loop().now() >= end_at_) return owner_.closed(*this);
  if (transport_.may_read()) loop().enqueue(*this);
}

Detached ClientConnection::serve() {
  SessionEnded ended = SessionEnded::Reset;  // when memory runs out: an answer may have begun
  try {
    InputBuffer input(owner_.buffers());
    bool welcome = admitted_ || co_await read_proxy_header(input);
    if (welcome && handshake_due_) welcome = co_await shake_hands(input);
    if (!welcome) {
      ended = SessionEnded::Close;
    } else if (!h2_) {
      begin_session(std::move(input));
      if (session_) ended = co_await session_->serve();
      if (session_ && ended == SessionEnded::Http2) begin_h2(session_->take_input());
    }
    if (h2_) ended = co_await h2_->serve();
  } catch (const std::bad_alloc&) {
    owner_.turned_away(Unwelcome::NoMemory);
  }
  switch (ended) {
    case SessionEnded::Idle:
      park();
      co_return;
    case SessionEnded::Reset:
      transport_.abort();
      break;
    case SessionEnded::Http2:
    case SessionEnded::Close:
      break;
  }
  owner_.closed(*this);
}

const tls::Session* ClientConnection::encryption() const {
  return static_cast<const tls::Session*>(transport_.tls());
}

ConnectedClient ClientConnection::connected_client() const {
  const tls::Session* const session = encryption();
  return {client_, owner_.trusted_proxies(), owner_.terms(), named_, session ? &session->facts() : nullptr,
          &owner_.drain()};
}

// What ALPN has agreed on; whoever does not know ALPN speaks HTTP/1.1. Without TLS, and only there, HTTP/2 begins by prior
// knowledge (RFC 9113 §3).
void ClientConnection::begin_session(InputBuffer input) {
  const config::Protocols& spoken = owner_.terms().protocols;
  const tls::Session* const session = encryption();
  if (!spoken.http1 || (session && session->protocol() == tls::kAlpnHttp2)) return begin_h2(std::move(input));
  begin_h1(std::move(input), spoken.h2 && !session && !served_ ? H1Session::Http2::AtFirst : H1Session::Http2::No);
}

void ClientConnection::begin_h1(InputBuffer input, H1Session::Http2 http2) {
  const ConnectedClient client = connected_client();
  SessionOwner& self = *this;
  session_ = std::make_unique<H1Session>(owner_.context(), owner_.buffers(), transport_, self, client,
                                         std::move(input), owner_.draining(), http2);
}

// For as long as the connection lives.
void ClientConnection::begin_h2(InputBuffer input) {
  session_.reset();
  const ConnectedClient client = connected_client();
  SessionOwner& self = *this;
  h2_ = std::make_unique<H2Session>(owner_.context(), owner_.buffers(), transport_, self, client, waiting_since_,
                                    owner_.draining());
  if (!input.empty()) h2_->take(input.unread());
}

// From here on the client is the one that the proxy names. False: the connection is not wanted.
Task<bool> ClientConnection::read_proxy_header(InputBuffer& input) {
  auto reader = std::make_unique<ProxyHeaderReader>(loop(), owner_.buffers(), transport_);
  ProxyHeaderReader& reading = *reader;
  prelude_ = std::move(reader);
  const ProxyHeader header = co_await reading.read(loop().now() + timeouts().client_header);
  const bool saw_anything = reading.saw_anything();
  input.become(reading.take_rest());
  prelude_.reset();
  if (header.status != ProxyHeader::Status::Complete) {
    if (saw_anything) owner_.turned_away(Unwelcome::NoProxyHeader);
    co_return false;
  }
  if (header.source.address.known())
    client_ = header.source;
  else
    named_ = header.local;
  waiting_since_ = loop().now();  // its request need not come with the header
  admitted_ = owner_.admit(client_.address);
  co_return bool{admitted_};
}

// What has been read behind a PROXY header is ciphertext. False: there is nothing to serve.
Task<bool> ClientConnection::shake_hands(InputBuffer& input) {
  auto own = std::make_unique<TlsHandshake>(loop(), transport_, owner_.handshakes(), *owner_.tls(), input.unread());
  TlsHandshake& handshake = *own;
  prelude_ = std::move(own);
  input.become(InputBuffer(owner_.buffers()));
  const TlsHandshake::Result result = co_await handshake.run(waiting_since_ + timeouts().tls_handshake);
  const char* const failure = handshake.failure();
  prelude_.reset();
  WorkerCounts& counts = owner_.context().counts;
  switch (result) {
    case TlsHandshake::Result::Done:
      handshake_due_ = false;
      counts.count(encryption()->facts().resumed ? HandshakeResult::Resumed : HandshakeResult::Full);
      co_return true;
    case TlsHandshake::Result::PlainHttp:
      counts.count(HandshakeResult::PlainHttp);
      co_await tell_that_this_is_tls();
      break;
    case TlsHandshake::Result::Failed:
      counts.count(HandshakeResult::Failed);
      if (owner_.context().malformed) owner_.context().malformed->note("", outcome::kHandshakeFailed, failure);
      break;
    case TlsHandshake::Result::Left: counts.count(HandshakeResult::Left); break;
  }
  co_return false;
}

Task<> ClientConnection::tell_that_this_is_tls() {
  begin_h1(InputBuffer(owner_.buffers()), H1Session::Http2::No);
  const http::Refusal refusal{400, outcome::kPlainHttp.data(), "plain HTTP, where clients speak TLS: use https://"};
  co_await session_->turn_away(refusal);
}

// A request that comes in pieces is not the one to be given up while others have nothing to say. Once for
// each head: it is no way to stay for ever.
void ClientConnection::head_begun() { owner_.waits(*this); }

void ClientConnection::exchange_begins() { owner_.works(*this); }

void ClientConnection::exchange_ended() {
  waiting_since_ = loop().now();
  spared_ = false;
  served_ = true;
  owner_.waits(*this);
}

bool ClientConnection::spare() {
  if (transport_.peer_gone()) return false;
  // It takes until the next turn that epoll tells of them, and a few more when thousands have something to say.
  const auto turn = static_cast<std::uint32_t>(loop().turn());
  if (spared_) return turn - spared_in_ <= kTurnsToBeHeard;
  if (!transport_.bytes_wait()) return false;
  spared_ = true;
  spared_in_ = turn;
  return true;
}

void ClientConnection::expired(TimePoint) {
  if (!served_now()) loop().enqueue(*this);
}

void ClientConnection::cut() {
  if (session_) return session_->cut();
  if (h2_) {
    h2_->cut();
    if (h2_->serving()) return;
  }
  if (prelude_) return prelude_->cut();
  owner_.closed(*this);
}

}  // namespace frontdoor
