// One HTTP/1 connection to an upstream. Leased to one exchange at a time (then it is that exchange's
// UpstreamStream), idle in its LocalUpstream's list in between; there it watches itself: any byte, EOF or the end of
// its time closes it. A connection whose framing is in doubt is never used again.
// One worker.

#pragma once

#include <memory>

#include "http/head_parser.h"
#include "loop/input_buffer.h"
#include "loop/transport.h"
#include "proxy/exchange/stream.h"
#include "proxy/h1/h1_body_reader.h"
#include "proxy/h1/h1_message_writer.h"
#include "proxy/upstreams/connection_budget.h"
#include "proxy/upstreams/counted_connection.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

class H1UpstreamConnection final : public UpstreamStream,
                                   public IdleConnection,
                                   private Runnable,
                                   private Timer {
 public:
  // `budget`: where it is counted; null = nowhere.
  H1UpstreamConnection(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits, LocalUpstream& home,
                       ConnectionBudget* budget);
  ~H1UpstreamConnection() override;

  Transport& transport() { return transport_; }
  // From fresh or idle to serving one exchange. False: it has died meanwhile and must be dropped.
  bool lease(Waker& waker, bool verify);
  // What was believed of its upstream when it was made.
  std::uint32_t trust() const { return trust_; }
  // Before the first request, and before a handshake: a PROXY header. It names one client, so that the connection serves no other.
  void introduce(std::string_view header);
  // After an exchange: whether it is in order; if so it goes into the home's idle list for at most `limit`.
  bool reusable();
  void idle_for(Duration limit);

  bool send_head(const OutgoingRequest& request, http::Method method) override;
  BodySink& request_body() override { return writer_; }
  HeadState poll_head() override;
  const http::ResponseHead& response() const override { return parser_.head(); }
  BodySource& response_body() override { return reader_; }
  UpstreamFailure failure() const override;
  const char* failure_detail() const override;
  void switch_protocols() override;
  RawConnection raw() override { return {&transport_, &reader_}; }
  bool gone() const override { return transport_.peer_gone(); }
  void abort() override { transport_.abort(); }
  bool reused() const override { return served_ > 0; }
  bool sent_anything() const override { return writer_.bytes_sent() > 0; }
  bool received_anything() const override { return received_; }

 private:
  HeadState head_complete();
  HeadState fail(UpstreamFailure failure, const char* detail);
  HeadState fail_broken();
  bool end_was_said() const;
  void run() override;                    // something happened while idle
  void expired(TimePoint now) override;

  EventLoop& loop_;
  LocalUpstream& home_;
  const std::uint32_t trust_;
  ConnectionBudget* const budget_;
  CountedConnection counted_;
  Transport transport_;
  InputBuffer input_;
  H1MessageWriter writer_;
  H1BodyReader reader_;
  http::ResponseHeadParser parser_;
  http::Method method_ = http::Method::Get;
  UpstreamFailure failure_ = UpstreamFailure::None;
  const char* detail_ = "";
  TimePoint idle_until_{};
  std::uint64_t served_ = 0;
  bool received_ = false;
  bool upgrade_offered_ = false;
  bool continue_owed_ = false;  // was asked for a 100 and has not sent it
  bool introduced_ = false;
  bool informational_ = false;  // the head in the parser is one and has been handed out
  bool final_ = false;          // the final head has been handed out
  bool closes_soon_ = false;    // by what it says: not worth keeping
};

}  // namespace frontdoor
