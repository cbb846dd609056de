// A client's connection for as long as it is open: the socket, who is at the other end, and a timer. While
// requests come it has an H1Session; after a quiet moment the session is dropped and the connection is
// parked, owning no buffer, no coroutine and no parser. Where the client speaks HTTP/2 it has an H2Session from then on,
// which is kept. One worker; owned by its listener.

#pragma once

#include <memory>

#include "base/cidr.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "loop/transport.h"
#include "proxy/h1/h1_session.h"
#include "proxy/h2/h2_session.h"
#include "proxy/server/handshakes.h"
#include "proxy/server/prelude.h"
#include "proxy/upstreams/drain.h"
#include "proxy/upstreams/upstream_drain.h"
#include "tls/server_context.h"

namespace frontdoor {

class ConnectionOwner;

class ClientConnection final : public Listed<class ConnectionTag>,
                               private SessionOwner,
                               private Runnable,
                               private Timer {
 public:
  // `from`: where the connection comes from. With `proxy_protocol` that is a proxy, until its header names the client.
  ClientConnection(ConnectionOwner& owner, EventLoop& loop, const IpEndpoint& from)
      : owner_(owner), transport_(loop), waiting_since_(loop.now()), client_(from) {}

  // Takes an accepted socket. False: it could not be watched and is closed.
  bool adopt(int fd);
  void start();  // once, when its owner has it
  void cut();    // closes it now, even in the middle of an exchange

  // While it waits for its client: whether nothing of a request has come.
  bool idle() const {
    if (h2_) return !h2_->has_streams();
    return prelude_ ? !prelude_->saw_anything() : (!session_ || session_->awaits_request());
  }
  TimePoint waiting_since() const { return waiting_since_; }
  // Before it is closed while it waits: true, once between two exchanges, when bytes have come that nobody
  // has read yet. They may be a request.
  bool spare();
  // It has had no time yet to say what it came for. Once it has been served, its next request may be long in coming.
  bool has_just_come() const { return !served_ && loop().now() < waiting_since_ + kFirstWords; }
  // Its place has been given to another already.
  void lose_place() { has_place_ = false; }
  bool has_place() const { return has_place_; }

  // The owner accepts no others any more: the `index`-th of `count` idle ones is closed too, when its moment has
  // come (proxy/upstreams/drain.h) and no request has.
  void close_idle(std::size_t index, std::size_t count);
  // A client of HTTP/2 is asked to send no more requests on this connection; those of HTTP/1 learn it with their answers.
  void drain_begins();

  const IpAddress& client() const { return client_.address; }
  bool admitted() const { return admitted_; }  // counted among its client's connections

 private:
  static constexpr Millis kFirstWords{100};

  EventLoop& loop() const { return transport_.loop(); }
  void begin();  // serve(), if there is memory for it
  Detached serve();
  Task<bool> read_proxy_header(InputBuffer& input);
  Task<bool> shake_hands(InputBuffer& input);
  Task<> tell_that_this_is_tls();
  void begin_session(InputBuffer input);
  void begin_h1(InputBuffer input, H1Session::Http2 http2);
  void begin_h2(InputBuffer input);
  ConnectedClient connected_client() const;
  const tls::Session* encryption() const;  // null: plain
  // Somebody works on it: its coroutine is told of what happens.
  bool served_now() const { return session_ || (h2_ && h2_->serving()); }
  void park();
  void head_begun() override;
  void exchange_begins() override;
  void exchange_ended() override;
  IdleKind idle_kind() const { return served_ ? IdleKind::Served : IdleKind::Unused; }
  void end();
  void read_last_words();
  void run() override;
  void expired(TimePoint now) override;
  const config::Timeouts& timeouts() const;

  // There are as many as clients, and most of them are idle: what is here is what each of those costs
  // (tests/proxy/server/idle_size_test.cpp).
  ConnectionOwner& owner_;
  Transport transport_;
  std::unique_ptr<Prelude> prelude_;  // while it lasts
  std::unique_ptr<H1Session> session_;
  std::unique_ptr<H2Session> h2_;
  // Since it was accepted, or introduced by a proxy, or its last exchange ended. Empty lines are no use of a
  // connection: they do not make it live longer.
  TimePoint waiting_since_;
  TimePoint end_at_ = TimePoint::max();  // in a drain
  std::uint32_t spared_in_ = 0;          // turn of the loop, its lower half; behind it only where spared_ is set
  IpEndpoint client_;
  bool spared_ : 1 = false;  // since its last exchange
  bool named_ : 1 = true;    // false: whom the proxy speaks for it does not know
  bool admitted_ : 1 = false;
  bool handshake_due_ : 1 = false;
  bool served_ : 1 = false;  // an exchange, or more
  bool has_place_ : 1 = true;
  bool ending_ : 1 = false;  // our FIN is out
};

// Why a connection was closed before its first request; docs/outcomes.md.
enum class Unwelcome : std::uint8_t { UntrustedProxy, NoProxyHeader, TooManyOfClient, NoMemory };
inline constexpr std::size_t kUnwelcomeKinds = 4;

// What a connection needs from where it was accepted.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual ExchangeContext& context() = 0;
  virtual BufferPool& buffers() = 0;
  virtual const bool& draining() const = 0;
  virtual bool closing_idle() const = 0;  // no others are accepted any more
  virtual const ListenerDrain& drain() const = 0;
  virtual const ListenerTerms& terms() const = 0;
  virtual const tls::Server* tls() const = 0;  // null: plain
  virtual Handshakes& handshakes() = 0;
  virtual bool wants_proxy_header() const = 0;
  virtual const Cidrs& trusted_proxies() const = 0;
  virtual bool admit(const IpAddress& client) = 0;  // false: it has too many connections already
  virtual void turned_away(Unwelcome why) = 0;
  // It waits for its client from now on, longer than nobody else; or it does not, since it has an exchange.
  virtual void waits(ClientConnection& connection) = 0;
  virtual void works(ClientConnection& connection) = 0;
  virtual void closed(ClientConnection& connection) = 0;  // destroys it
};

}  // namespace frontdoor
