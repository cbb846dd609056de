// One HTTP/2 connection to an upstream, which many exchanges share. It is no coroutine: an event reads, and what all of its
// streams have to say in a turn of the loop is written with one call at its end. While it has streams it is in its
// LocalUpstream's `shared_by_many`, otherwise in `idle`, where it is closed as those of HTTP/1 are. It ends itself when
// nobody is on it and nobody could come. One worker.
//
//   dialed ─► shared ◄─────► idle ─► closed: its time is up, GOAWAY, end of the connection, its upstream leaves
//                │ GOAWAY, lost
//                └─► its streams end ─► closed

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "http2/client_session.h"
#include "http2/keep_alive.h"
#include "loop/buffer_pool.h"
#include "loop/transport.h"
#include "loop/waker.h"
#include "proxy/exchange/body.h"
#include "proxy/exchange/malformed_messages.h"
#include "proxy/upstreams/connection_budget.h"
#include "proxy/upstreams/counted_connection.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

class H2UpstreamConnection;
class H2UpstreamStream;

// Hears that a connection has room for another stream, or has none for good any more.
class H2Waiting {
 public:
  virtual void place_came(LocalUpstream& upstream) = 0;

 protected:
  ~H2Waiting() = default;
};

// What all connections of a worker have in common.
struct H2UpstreamContext {
  EventLoop& loop;
  BufferPool& buffers;
  http2::ClientLimits limits;
  H2Waiting& waiting;
  ConnectionBudget* budget = nullptr;        // null: they are counted nowhere
  MalformedMessages* malformed = nullptr;    // told of each breach of the rules; null: nobody is
};

class H2UpstreamConnection final : public IdleConnection, private Runnable, private Timer {
 public:
  // Of one worker to one upstream. A request that finds no stream on any of them waits in line.
  static constexpr std::size_t kMostToOneUpstream = 8;

  H2UpstreamConnection(const H2UpstreamContext& context, LocalUpstream& home);
  ~H2UpstreamConnection() override;

  Transport& transport() { return transport_; }
  void introduce(std::string_view) {}  // it speaks for many clients: no pool has `send_proxy` and HTTP/2

  // It is connected: from now on it owns itself. When nobody has got a stream of it then, settle() lets it be idle, or ends it.
  void begin();
  void settle() {
    if (streams_ == 0) rest();
  }
  // Whether the newest snapshot would connect to the same upstream in the same way.
  bool current() const;
  bool may_carry_more() const { return current() && has_room(); }
  bool has_room() const;  // whatever has become of its upstream meanwhile
  bool is_going() const { return lost_ || !frames_.takes_requests(); }
  // What has come and was not looked at is: perhaps it is going.
  enum class Look : std::uint8_t { AtWhatIsKnown, IntoTheKernel };
  void look(Look how);
  // `reused`: it was there before the request. Has_room() is true.
  std::unique_ptr<H2UpstreamStream> open_stream(Waker& waker, bool reused);
  void keep_idle_for(Duration limit) { idle_limit_ = limit; }

  // ---- For its streams
  http2::ClientSession& frames() { return frames_; }
  std::string_view scheme() const { return home_.shared->address().tls ? "https" : "http"; }
  bool lost() const { return lost_; }
  const char* fault() const;         // why it was lost: a literal
  bool spoke_http2() const { return frames_.knows_settings(); }
  bool death_paid_for() const { return death_paid_for_; }
  void pay_for_death() { death_paid_for_ = true; }
  // How many bytes it has been given so far, and of those the kernel has.
  std::uint64_t given() const { return sent_ + output_.unsent().size(); }
  std::uint64_t sent() const { return sent_; }
  Pushed push(http2::RequestStream& stream, std::string_view bytes, bool last, const http::Fields& trailers);
  // WebSockets live for hours: they get half of the streams that all connections of the worker to this upstream may have
  // together, so that requests always find some.
  bool takes_websocket() const;
  void websocket_begins() { ++websockets_; }
  void websocket_ends() { --websockets_; }
  void await_settings(H2UpstreamStream& stream);  // it is told when they have come, or never will
  void frames_wait() { context_.loop.run_last(writer_); }
  void said() { alive_.said(context_.loop.now()); }  // HEADERS or DATA
  void stream_ends(http2::RequestStream* frames);

 private:
  class Writer final : public Runnable {
   public:
    explicit Writer(H2UpstreamConnection& connection) : connection_(connection) {}
    void run() override { connection_.write_last(); }

   private:
    H2UpstreamConnection& connection_;
  };

  void run() override;  // something has happened
  void expired(TimePoint now) override;
  void read();
  void note_settings();
  void tell_those_who_await_settings();
  std::uint64_t arrived() const;  // of what was sent, at the upstream's kernel: one ioctl
  void watch_over_silence();
  TimePoint next_look() const { return streams_ != 0 ? alive_.next() : idle_until_; }
  void arm();
  void flush();
  bool write_out();
  bool lend_block();
  void write_last();
  void lose(const char* why);
  void note_fault();
  void rest();
  void end_if_over();
  void say_goodbye();

  const H2UpstreamContext& context_;
  LocalUpstream& home_;
  const std::uint32_t trust_;
  CountedConnection counted_;
  UpstreamHttp2Counts& counts_;
  Transport transport_;
  http2::ClientSession frames_;
  http2::Output output_;
  Buffer block_;  // the output's
  Writer writer_{*this};
  http2::KeepAlive alive_;
  List<H2UpstreamStream, Listed<class AwaitsSettingsTag>> await_settings_;
  std::uint64_t sent_ = 0;  // to the kernel
  std::uint64_t arrived_ = 0;  // when its answer to a PING was waited for last
  std::uint32_t streams_ = 0;
  std::uint32_t websockets_ = 0;  // of those
  Duration idle_limit_;
  TimePoint idle_until_{};
  const char* lost_by_ = "";
  bool begun_ = false;
  bool lost_ = false;
  bool death_paid_for_ = false;
  bool fault_noted_ = false;
  bool goaway_noted_ = false;
  bool complaint_noted_ = false;
};

}  // namespace frontdoor
