// A client's HTTP/2 connection: reads frames, gives each request to an Exchange of its own, and writes what all of them
// have to say with one call in each turn of the loop. While nothing is under way its coroutine ends and it keeps what the
// protocol must not forget: compression tables and windows. One worker.
//
//   serve() ─► read ─► ServerSession ─► next_opened() ─► serve_stream(): an Exchange
//     ▲                                                        │ push, consume
//     └── Waker ◄── socket, streams that end      flush() ◄────┘ at the end of the turn

#pragma once

#include <cstdint>
#include <string_view>

#include "http2/server_session.h"
#include "loop/buffer_pool.h"
#include "loop/task.h"
#include "loop/transport.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/session.h"
#include "proxy/h2/h2_stream.h"

namespace frontdoor {

class H2Session final : private H2Connection, private Runnable {
 public:
  using Ended = SessionEnded;  // Idle: keep it, and call serve() again when something comes

  H2Session(ExchangeContext& context, BufferPool& buffers, Transport& transport, SessionOwner& owner,
            const ConnectedClient& client, TimePoint waiting_since, const bool& draining);
  ~H2Session();

  // What has been read already, before the first serve().
  void take(std::string_view bytes);
  Task<Ended> serve();
  bool serving() const { return serving_; }
  bool has_streams() const { return !streams_.empty(); }
  bool leaving() const { return leaving_; }

  void cut();           // ends it now, whatever it does
  // No new requests from now on, but for those that are on their way. When it does not serve(), it is to do so again.
  void leave();

 private:
  enum class Drain : std::uint8_t { None, Announced, Heard, Final };

  bool read();
  void all_read(IoStatus how);
  void start_opened();
  void start(http2::ServerStream& frames);
  Detached serve_stream(H2Stream& stream, TimePoint started);
  Task<> refuse(H2Stream& stream, const http::Refusal& refusal);
  void ended(H2Stream& stream);
  void lose();
  void go_on_with_the_drain();
  void tell_of_fin();
  bool over() const;
  bool at_rest() const;
  bool much_unsent() const;
  TimePoint deadline();
  void look_at_the_clock();
  bool client_reads();
  void note_fault();
  void answer_in_http1();
  Task<bool> work();
  Task<Ended> finish();
  Task<> linger();
  void flush();
  bool write_out();
  bool sealed_waits();
  bool lend_block();
  void run() override { flush(); }
  const config::Timeouts& timeouts() const { return context_.snapshot->shared().config.timeouts; }
  TimePoint now() const { return context_.loop.now(); }

  // H2Connection
  IpEndpoint local_address() const override { return transport_.local_address(); }
  bool lost() const override { return lost_ || cut_; }
  bool finished() const override { return all_read_ || transport_.peer_finished(); }
  bool cut() const override { return cut_; }
  http2::ServerSession& frames() override { return frames_; }
  void frames_wait() override { context_.loop.run_last(*this); }
  Place push(http2::ServerStream& stream, std::string_view bytes, bool last, const http::Fields& trailers) override;
  std::uint64_t bytes_with_the_client() const override;
  TimePoint held_up_until() const override { return frames_.window_closed() ? now() : window_opened_at_; }

  ExchangeContext& context_;
  BufferPool& buffers_;
  Transport& transport_;
  SessionOwner& owner_;
  const IpEndpoint last_hop_;
  const Cidrs& trusted_proxies_;
  const IpText last_hop_text_;
  ClientInfo client_;  // of a request that comes from the last hop itself
  const bool& draining_;
  Waker waker_;
  http2::ServerSession frames_;
  http2::Output output_;
  Buffer block_;  // the output's
  List<H2Stream, Listed<H2StreamTag>> streams_;
  std::uint64_t sent_ = 0;  // to the kernel
  TimePoint quiet_since_;   // no request is under way
  TimePoint active_at_;     // bytes came
  TimePoint unfinished_since_{};  // {}: nothing has begun that has not ended
  std::uint64_t unfinished_at_ = 0;  // in the count of frames
  TimePoint unwanted_at_{};  // the next look at requests that go on behind their answers
  TimePoint stuck_since_{};       // what we have to say does not leave
  std::size_t unread_ = 0;        // of what has left, by the client, then
  TimePoint window_opened_at_{};  // the connection's, when it had been closed; {}: it never was
  TimePoint final_goaway_at_ = Waker::kNever;
  Drain drain_ = Drain::None;
  bool serving_ = false;
  bool lost_ = false;
  bool cut_ = false;
  bool leaving_ = false;
  bool used_ = false;        // a request has come
  bool unwanted_told_ = false;
  bool fin_told_ = false;
  bool all_read_ = false;    // behind its FIN there is nothing
  bool held_back_ = false;   // we do not read, since the client does not
  bool some_left_ = false;   // of what we have to say, since we last looked whether to read
  bool fault_noted_ = false;
  bool window_was_closed_ = false;  // since what was to be sent has left
  bool finishing_ = false;   // nothing more is read, and what was said leaves
};

}  // namespace frontdoor
