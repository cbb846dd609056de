// One request of an HTTP/2 client as the exchange sees it: the ClientStream that joins an Exchange to a stream of the
// connection's session. What of it is flow control becomes the bodies' contract: consume opens the window, a push takes
// what windows and the connection's output have room for. Owned by its H2Session. One worker.

#pragma once

#include <cstdint>

#include "http/websocket_key.h"
#include "http2/server_session.h"
#include "loop/intrusive_list.h"
#include "loop/waker.h"
#include "proxy/exchange/stream.h"

namespace frontdoor {

// What a stream needs from its connection.
class H2Connection {
 public:
  virtual IpEndpoint local_address() const = 0;
  virtual bool lost() const = 0;      // nobody is there any more
  virtual bool finished() const = 0;  // a FIN has come
  virtual bool cut() const = 0;       // by us
  virtual http2::ServerSession& frames() = 0;
  virtual void frames_wait() = 0;     // something is to be sent, with all else of this turn
  struct Place {
    Pushed pushed;
    std::uint64_t end = 0;  // how many bytes the connection has been given so far
  };
  virtual Place push(http2::ServerStream& stream, std::string_view bytes, bool last, const http::Fields& trailers) = 0;
  virtual std::uint64_t bytes_with_the_client() const = 0;  // of those; asks the kernel
  virtual TimePoint held_up_until() const = 0;              // its window was closed by bodies that nobody takes

 protected:
  ~H2Connection() = default;
};

class H2Stream final : public Listed<class H2StreamTag>,
                       public ClientStream,
                       private http2::StreamListener {
 public:
  H2Stream(H2Connection& connection, http2::ServerStream& frames, EventLoop& loop, const ClientInfo& client);

  http2::ServerStream& frames() { return frames_; }
  Waker& waker() { return waker_; }
  // What to say of an answer that is not complete when its exchange has ended.
  http2::ErrorCode why_incomplete() const;
  void client_is(const IpAddress& client);  // behind the last hop

  // ClientStream
  const ClientInfo& client() const override { return client_; }
  IpEndpoint local_address() const override { return connection_.local_address(); }
  const http::RequestHead& request() const override { return frames_.request(); }
  BodySource& request_body() override { return request_body_; }
  bool request_malformed() const override { return frames_.closed() == http2::ServerStream::Closed::ByFault; }
  const char* request_failure_detail() const override;
  std::size_t buffered_bytes() const override { return frames_.head_bytes() + frames_.received().size(); }
  TimePoint held_up_until() const override { return connection_.held_up_until(); }
  bool gone() const override;
  bool finished() const override { return connection_.finished(); }
  bool cut_by_us() const override { return connection_.cut(); }
  bool send_informational(std::uint16_t status, std::string_view reason, const http::Fields& fields) override;
  bool send_head(const OutgoingResponse& response) override;
  const char* send_failure_detail() const override;
  BodySink& response_body() override { return response_body_; }
  std::size_t unread_bytes() const override;
  bool switch_protocols(std::string_view reason, const http::Fields& fields) override;
  void abort() override { aborted_ = true; }
  void give_up() override { aborted_ = given_up_ = true; }

 private:
  class RequestBody final : public BodySource {
   public:
    explicit RequestBody(H2Stream& stream) : stream_(stream) {}
    Peeked peek() override;
    void consume(std::size_t count) override;
    const http::Fields& trailers() const override { return stream_.frames_.trailers(); }
    bool ready() const override;

   private:
    H2Stream& stream_;
  };
  class ResponseBody final : public BodySink {
   public:
    explicit ResponseBody(H2Stream& stream) : stream_(stream) {}
    Pushed push(std::string_view bytes, bool last, const http::Fields& trailers) override;

   private:
    H2Stream& stream_;
  };

  void stream_changed() override { waker_.wake(); }
  bool broken() const;
  // RFC 8441: until its upstream has switched, a WebSocket is a request without a body; what comes is the tunnel's.
  bool opens_websocket() const { return websocket_ && !switched_; }

  H2Connection& connection_;
  http2::ServerStream& frames_;
  Waker waker_;
  RequestBody request_body_{*this};
  ResponseBody response_body_{*this};
  IpText client_text_{};  // when it is not the last hop
  http::WebSocketKey websocket_key_{};  // for the upstream: clients of HTTP/2 have none
  ClientInfo client_;
  std::uint64_t sent_ = 0;      // of the body
  std::uint64_t sent_until_ = 0;  // where in the connection's output it ends
  bool websocket_ = false;
  bool no_switch_ = false;  // it was answered by a success that is no 101
  bool switched_ = false;
  bool head_sent_ = false;
  bool aborted_ = false;
  bool given_up_ = false;
};

}  // namespace frontdoor
