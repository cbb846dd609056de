// One request and its answer on an HTTP/2 connection to an upstream, as the exchange sees them. Windows become the bodies'
// contract: consume opens one, a push takes what windows and the connection's output have room for. When it is dropped
// before both directions are complete it is reset, and its neighbours notice nothing. Owned by its exchange. One worker.
//
// A WebSocket is asked for when the upstream's SETTINGS are known and allow it (docs/adr/0039); until it is open it is a request
// without a body.

#pragma once

#include <cstdint>

#include "http2/client_session.h"
#include "loop/waker.h"
#include "proxy/exchange/stream.h"
#include "proxy/h2_upstream/h2_upstream_connection.h"
#include "proxy/h2_upstream/websocket_opening.h"

namespace frontdoor {

class H2UpstreamStream final : public UpstreamStream, public Listed<AwaitsSettingsTag>, private http2::StreamListener {
 public:
  // `reused`: its connection has served others before.
  H2UpstreamStream(H2UpstreamConnection& connection, Waker& waker, bool reused)
      : connection_(connection), waker_(waker), on_used_connection_(reused) {}
  ~H2UpstreamStream();

  H2UpstreamConnection& connection() { return connection_; }
  void settings_came() { waker_.wake(); }  // or never will

  bool send_head(const OutgoingRequest& request, http::Method method) override;
  BodySink& request_body() override { return request_body_; }
  HeadState poll_head() override;
  const http::ResponseHead& response() const override { return *response_; }
  BodySource& response_body() override { return response_body_; }
  UpstreamFailure failure() const override;
  const char* failure_detail() const override;
  void switch_protocols() override;
  bool gone() const override;
  void abort() override {}  // it is reset when it is dropped
  // Stale is a connection that ends while a request is on its way to it. A stream that is reset is none.
  bool reused() const override { return on_used_connection_ && !connection_lives(); }
  // What waits in the output of a connection that lives is sent when there is room, whatever becomes of this stream: a reset
  // comes behind it. Only what ends with the connection has never left.
  bool sent_anything() const override {
    return frames_ && frames_->head_sent() && (!connection_.lost() || connection_.sent() > begins_at_);
  }
  bool received_anything() const override { return received_; }
  bool shares_connection() const override { return true; }
  bool connection_lives() const override { return !connection_.lost(); }
  bool tells_unprocessed() const override { return true; }
  bool death_paid_for() const override { return connection_.death_paid_for(); }
  void pay_for_death() override { connection_.pay_for_death(); }

 private:
  class RequestBody final : public BodySink {
   public:
    explicit RequestBody(H2UpstreamStream& stream) : stream_(stream) {}
    Pushed push(std::string_view bytes, bool last, const http::Fields& trailers) override;

   private:
    H2UpstreamStream& stream_;
  };
  class ResponseBody final : public BodySource {
   public:
    explicit ResponseBody(H2UpstreamStream& stream) : stream_(stream) {}
    Peeked peek() override;
    void consume(std::size_t count) override;
    const http::Fields& trailers() const override { return stream_.frames_->trailers(); }
    bool ready() const override;

   private:
    H2UpstreamStream& stream_;
  };

  void stream_changed() override { waker_.wake(); }
  bool broken() const;
  bool refused() const;
  bool not_http2() const;
  bool ask(const http2::Question& question);
  bool open_websocket();
  // Until its upstream has switched.
  bool opens_websocket() const { return opening_ && !switched_; }

  H2UpstreamConnection& connection_;
  Waker& waker_;
  const bool on_used_connection_;
  http2::RequestStream* frames_ = nullptr;  // null: its connection was going before it could ask
  RequestBody request_body_{*this};
  ResponseBody response_body_{*this};
  const http::ResponseHead* response_ = nullptr;
  std::uint64_t begins_at_ = 0;  // in what its connection sends: not before
  std::unique_ptr<WebSocketOpening> opening_;  // null: it is no WebSocket
  bool received_ = false;
  UpstreamFailure not_asked_ = UpstreamFailure::None;  // why it was not asked for a WebSocket
  bool switched_ = false;
};

}  // namespace frontdoor
