// The busy half of an HTTP/1 client connection: reads one head after another, gives each to an Exchange and writes
// the answers in order. It exists from the first byte until the connection has been quiet for a moment; an idle
// connection is only a ClientConnection. One worker.

#pragma once

#include <utility>

#include "http/head_parser.h"
#include "http/request_sketch.h"
#include "loop/input_buffer.h"
#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/session.h"
#include "proxy/exchange/stream.h"
#include "proxy/h1/h1_body_reader.h"
#include "proxy/h1/h1_message_writer.h"
#include "tls/facts.h"

namespace frontdoor {

class H1Session final : private ClientStream {
 public:
  using Ended = SessionEnded;
  enum class Http2 : std::uint8_t { No, AtFirst };  // whether the connection may begin with its preface

  // `input`: what has been read already. `draining`: this worker is going away, responses say `Connection: close`.
  H1Session(ExchangeContext& context, BufferPool& buffers, Transport& transport, SessionOwner& owner,
            const ConnectedClient& client, InputBuffer input, const bool& draining, Http2 http2);

  Task<Ended> serve();
  Task<> turn_away(const http::Refusal& refusal) { return refuse(refusal); }  // instead of serving
  void cut();  // ends it now, whatever it does
  InputBuffer take_input() { return std::move(input_); }  // after Ended::Http2
  // Of the client's next request nothing has come. Only between two exchanges.
  bool awaits_request() const { return started_ == TimePoint{} && input_.empty(); }

 private:
  enum class HeadRead : std::uint8_t { Complete, Refused, TimedOut, Closed, Idle };

  Task<HeadRead> read_head();
  Task<> refuse(const http::Refusal& refusal);
  http::RequestSketch what_was_asked() const;
  Task<> drop_rest_of_body();
  Task<> linger();
  bool discard(std::size_t& budget);
  void client_is_last_hop();
  void find_client();
  bool begins_http2() const;
  bool next_request_possible() const;
  bool client_may_be_sending() const;
  bool waits_for_continue() const;
  void prepare_next();
  const config::Timeouts& timeouts() const { return context_.snapshot->shared().config.timeouts; }

  // ClientStream, for the exchange under way.
  const ClientInfo& client() const override { return client_; }
  IpEndpoint local_address() const override { return transport_.local_address(); }
  const http::RequestHead& request() const override { return parser_.head(); }
  BodySource& request_body() override { return reader_; }
  bool request_malformed() const override { return reader_.failure() == H1BodyReader::Failure::Malformed; }
  const char* request_failure_detail() const override { return reader_.detail(); }
  std::size_t buffered_bytes() const override { return input_.bytes_kept(); }
  bool gone() const override { return cut_ || transport_.peer_gone(); }
  bool finished() const override { return transport_.peer_finished(); }
  bool cut_by_us() const override { return cut_; }
  bool send_informational(std::uint16_t status, std::string_view reason, const http::Fields& fields) override;
  bool send_head(const OutgoingResponse& response) override;
  BodySink& response_body() override { return writer_; }
  std::size_t unread_bytes() const override { return transport_.unacknowledged(); }
  bool switch_protocols(std::string_view reason, const http::Fields& fields) override;
  RawConnection raw() override { return {&transport_, &reader_}; }
  void abort() override { aborted_ = true; }
  void give_up() override { aborted_ = given_up_ = true; }

  ExchangeContext& context_;
  Transport& transport_;
  SessionOwner& owner_;
  const IpEndpoint last_hop_;
  const Cidrs& trusted_proxies_;
  const IpText last_hop_text_;
  IpText client_text_{};  // of the request under way, when it is another
  ClientInfo client_;
  const bool& draining_;
  Waker waker_;
  InputBuffer input_;
  http::RequestHeadParser parser_;
  H1BodyReader reader_;
  H1MessageWriter writer_;
  TimePoint quiet_since_;
  TimePoint started_{};  // first byte of the head under way
  bool begun_told_ = false;  // of that head, to the owner
  std::uint32_t served_ = 0;
  bool keep_alive_ = true;        // as announced with the response
  bool answer_begun_ = false;     // the final head was written
  bool continue_sent_ = false;    // a 100 was passed on
  bool close_delimited_ = false;  // the response ends with the connection
  bool aborted_ = false;
  bool given_up_ = false;
  bool cut_ = false;
  const Http2 http2_;
};

}  // namespace frontdoor
