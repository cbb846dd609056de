// What the exchange knows of the two sides it joins: a client stream (one request, and the way to answer it) and an
// upstream stream (the same request, sent on). An HTTP/1 connection is a stream after the other; where many share one
// (HTTP/2), each is a stream of its own with a Waker of its own, and what one does or suffers is nothing to its
// neighbours. Nothing here waits, and nothing here resumes anybody at once: a change wakes, the exchange sleeps on its
// Waker. Heads and fields that are passed in are read before the call returns: they are the worker's scratch.
// One worker.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/ip_address.h"
#include "config/config.h"
#include "http/head.h"
#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/exchange/body.h"
#include "tls/facts.h"

namespace frontdoor {

class Transport;
class UpstreamDrain;

// A connection that has switched protocols, where nothing shares it: so that its tunnel can move bytes without asking
// through the interfaces of bodies.
struct RawConnection {
  Transport* transport = nullptr;  // null: there is none
  RawSource* source = nullptr;
};

// How and from where a request came.
struct ClientInfo {
  std::string_view ip;        // the client's, behind the proxies that we trust
  IpEndpoint address{};       // the same; port 0 where it is not known
  std::string_view last_hop;  // who sent it to us, for X-Forwarded-For: the client, or the last proxy
  std::string_view scheme = "http";
  const tls::Facts* tls = nullptr;   // null: plain
  std::string_view hsts{};           // Strict-Transport-Security for its responses; "" = none
  std::uint16_t redirect_port = 0;   // by https, for every request; 0 = it is served
  bool via = true;
  bool server_timing = false;  // responses have it
  config::Listener::ProxyStatus proxy_status = config::Listener::ProxyStatus::Off;  // which responses have it
  std::string_view request_id_header{};  // the name of the field that responses tell it in; "" = they do not
  std::uint16_t listener = 0; // which one it came by: the number that its requests are counted under
  bool trusted = false;       // the last hop: what it says of those before it is believed
  const std::shared_ptr<UpstreamDrain>* listener_drain = nullptr;  // holds one when that listener is closed

  bool wants_notes() const {  // in responses (proxy/exchange/response_notes.h)
    return !request_id_header.empty() || server_timing || proxy_status != config::Listener::ProxyStatus::Off;
  }
};

struct OutgoingResponse {
  std::uint16_t status = 200;
  std::string_view reason;
  const http::Fields& fields;          // without framing and connection fields
  http::Framing framing;               // how the body's end is known on our side; the wire form is the stream's matter
  std::string_view declared_length{};  // Content-Length of a response without a body (HEAD, 304); null = none
  bool request_abandoned = false;      // what has not been read of the request never will be
};

class ClientStream {
 public:
  virtual ~ClientStream() = default;

  virtual const ClientInfo& client() const = 0;
  virtual IpEndpoint local_address() const = 0;  // where it has connected to
  virtual const http::RequestHead& request() const = 0;
  virtual BodySource& request_body() = 0;
  virtual bool request_malformed() const = 0;  // the body failed by its coding, not by its connection
  virtual const char* request_failure_detail() const = 0;  // a literal; "" = nothing to say
  virtual std::size_t buffered_bytes() const = 0;  // of the request: its head and what has been read of its body
  // Until then the rest of its body could not come for want of room that its neighbours' bodies have taken; now() while it can
  // not. Where a connection is not shared: never.
  virtual TimePoint held_up_until() const { return {}; }

  // Gone: nobody can read the answer any more (the connection is broken, or this stream was reset). Finished: the client
  // has ended its side of the connection with a FIN, as one that leaves does; the answer may still be wanted (ADR 0009).
  // That a request is complete is the end of its body and never this: every request of HTTP/2 ends its stream.
  virtual bool gone() const = 0;
  virtual bool finished() const = 0;
  virtual bool cut_by_us() const = 0;  // gone, because this process is going away

  // Queued; the bytes leave with the next push. False: the head does not fit into its buffer.
  virtual bool send_informational(std::uint16_t status, std::string_view reason, const http::Fields& fields) = 0;
  virtual bool send_head(const OutgoingResponse& response) = 0;
  virtual const char* send_failure_detail() const { return "its head does not fit into our buffer"; }  // a literal
  virtual BodySink& response_body() = 0;
  virtual std::size_t unread_bytes() const = 0;  // of this response: sent, and not yet with the client; asks the kernel

  // Queues a 101 with these fields. From now on both bodies are the connection's bytes as they are, and an end is a
  // FIN. request() is no longer valid. False: the head does not fit, and nothing has changed.
  virtual bool switch_protocols(std::string_view reason, const http::Fields& fields) = 0;
  virtual RawConnection raw() { return {}; }  // after that

  // The response that was begun can not be completed, and the client must be able to tell. Ends this stream alone where
  // others share its connection.
  virtual void abort() = 0;
  // The same, for a client that does not read: nothing that was sent is kept for it any longer.
  virtual void give_up() = 0;
};

struct OutgoingRequest {
  std::string_view method;
  std::string_view target;
  std::string_view authority;
  const http::Fields& fields;  // without Host and framing
  http::Framing framing;
  bool upgrade = false;          // offers one: a 101 is an answer
  bool expect_continue = false;  // the client waits for a 100, or for the answer
};

// How an attempt to be served by an upstream failed. What may be done about it: proxy/exchange/replay.h.
enum class UpstreamFailure : std::uint8_t {
  None,
  Refused,          // ECONNREFUSED, or ENOENT on a unix path: nobody is there
  Untrusted,        // TLS: it could not prove who it is
  TlsFailed,        // TLS: no handshake
  Unreachable,      // any other answer to connect that blames the way or the host
  ConnectTimeout,
  Overloaded,       // EAGAIN on a unix socket: its backlog is full
  LocalResources,   // our own fault: no descriptor, port or memory left
  Reset,            // connection or stream ended before the head of a final response was complete
  NotProcessed,     // the same, and the upstream says that it has not begun with it (RFC 9113 §8.7: above the last stream
                    // of a GOAWAY, or REFUSED_STREAM)
  HeaderTimeout,    // silent
  Evicted,          // went down while the request waited on it
  RetryStatus,      // answered with a status of `retry.on`
  InvalidResponse,  // what came is no HTTP we would pass on
  NoWebSocket,      // it was not asked for one: its HTTP/2 does not allow it (RFC 8441 §3)
  BodyTimeout,      // body stopped
};

class UpstreamStream {
 public:
  enum class HeadState : std::uint8_t { Pending, Informational, Switching, Final, Failed };  // Switching: a 101

  virtual ~UpstreamStream() = default;

  // Queued; the bytes leave with the next push. False: the head does not fit into its buffer.
  virtual bool send_head(const OutgoingRequest& request, http::Method method) = 0;
  virtual BodySink& request_body() = 0;

  // After Informational, call again for the next head. response() is valid until then or until give_back.
  virtual HeadState poll_head() = 0;
  virtual const http::ResponseHead& response() const = 0;
  virtual BodySource& response_body() = 0;
  virtual UpstreamFailure failure() const = 0;  // after Failed, also of response_body()
  virtual const char* failure_detail() const = 0;  // a literal; "" = nothing to say

  // After Switching: both bodies are the connection's bytes from now on, and an end is a FIN. response() ends here.
  virtual void switch_protocols() = 0;
  virtual RawConnection raw() { return {}; }
  virtual bool gone() const = 0;  // nobody is there any more
  virtual void abort() = 0;       // what is cut must not look complete: RST instead of FIN when the stream is dropped

  virtual bool reused() const = 0;             // has served a request before this one
  virtual bool sent_anything() const = 0;      // the kernel accepted at least one byte of this request
  virtual bool received_anything() const = 0;  // at least one byte of a response

  // Whether others are on its connection, which belongs to none of them.
  virtual bool shares_connection() const { return false; }
  // After a Reset: its connection serves others still, so that its upstream has not died.
  virtual bool connection_lives() const { return false; }
  // Whether it may fail as NotProcessed: then a body is kept of a request that is not idempotent, too. Asked of those that
  // have one.
  virtual bool tells_unprocessed() const { return false; }
  // A connection that others share dies once, however many were on it: the first that is sent again pays for all of them
  // from the retry budget. Asked after a failure only.
  virtual bool death_paid_for() const { return false; }
  virtual void pay_for_death() {}
};

struct LocalUpstream;

// What a dial came to: a stream, or why there is none.
struct Dialed {
  std::unique_ptr<UpstreamStream> stream;
  UpstreamFailure failure = UpstreamFailure::None;
  int error = 0;  // errno, for the log
  const char* detail = "";  // a constant; "" = nothing to say
  bool room_is_coming = false;  // it lacked a descriptor, and one is about to be free: worth another try
};

// A request that waits for a connection; looked at whenever the dial wakes.
class Wanted {
 public:
  // Until when there is still somebody who wants it. Waker::kNever: for as long as it takes.
  virtual TimePoint wanted_until() = 0;

 protected:
  ~Wanted() = default;
};

// Where upstream streams come from and where they go back to.
class Dialer {
 public:
  virtual ~Dialer() = default;

  // An idle connection, or null. `verify`: look once whether it is still open (a request that may not be replayed).
  enum class Verify : std::uint8_t { No, Yes };
  virtual std::unique_ptr<UpstreamStream> reuse(LocalUpstream& upstream, Waker& waker, Verify verify) = 0;
  // The one that has asked for a connection.
  class Caller : public Wanted {
   public:
    virtual const ClientStream& client() const = 0;

   protected:
    ~Caller() = default;
  };
  // Given up, with neither stream nor failure, when nobody wants it any more.
  virtual Task<Dialed> dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) = 0;
  // Whether anybody listens there: connects, and hangs up.
  virtual Task<Dialed> knock(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) {
    return dial(upstream, waker, deadline, caller);
  }
  // After a response that was complete; it decides whether the connection can serve again. Dropping a stream instead
  // cancels it: its connection is closed, or it is reset (CANCEL) where others share the connection, and those live on,
  // whoever of them has dialed it. `idle_limit`: timeouts.upstream_idle.
  virtual void give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) = 0;
};

}  // namespace frontdoor
