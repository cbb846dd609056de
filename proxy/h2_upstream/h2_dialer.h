// Gets streams on HTTP/2 connections to upstreams. Those that are there are filled first; where none has room the first
// exchange that asks begins to dial, and those that come meanwhile wait for the same connection. A dial belongs to nobody:
// whoever waits may leave. One worker. docs/adr/0029.

#pragma once

#include <unordered_map>

#include "http/head_parser.h"
#include "loop/buffer_pool.h"
#include "loop/intrusive_list.h"
#include "loop/task.h"
#include "proxy/exchange/connector.h"
#include "proxy/exchange/stream.h"
#include "proxy/h2_upstream/h2_upstream_connection.h"

namespace frontdoor {

class H2Dialer final : public Dialer, private H2Waiting {
 public:
  H2Dialer(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits, Connector& connector,
           MalformedMessages* malformed);
  ~H2Dialer() override;

  void limit_heads(const http::HeadLimits& limits) { context_.limits.head = limits; }  // of connections to come

  std::unique_ptr<UpstreamStream> reuse(LocalUpstream& upstream, Waker& waker, Verify verify) override;
  Task<Dialed> dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override;
  Task<Dialed> knock(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override;
  void give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) override;

 private:
  // An exchange that waits for a stream.
  struct Waiter final : public Listed<class WaiterTag> {
    Waiter(Waker& its_waker, TimePoint latest) : waker(its_waker), deadline(latest) {}
    void answer(Dialed with);

    Waker& waker;
    const TimePoint deadline;
    Dialed dialed;
    bool answered = false;
  };
  // What a connect came to; the same members as Dialed.
  struct Connected {
    std::unique_ptr<H2UpstreamConnection> stream;
    UpstreamFailure failure = UpstreamFailure::None;
    int error = 0;
    const char* detail = "";
    bool room_is_coming = false;
    Dialed told() const { return {nullptr, failure, error, detail, room_is_coming}; }
  };
  struct Dial;
  struct Protocol;

  void place_came(LocalUpstream& upstream) override;
  void hand_out(LocalUpstream& upstream);
  void dial_if_needed(LocalUpstream& upstream);
  Detached run(Dial& dial);
  void dial_ends(Dial& dial, Connected& connected);
  void answer_all(LocalUpstream& upstream, const Dialed& with);
  H2UpstreamConnection* find_place(LocalUpstream& upstream, Verify verify);
  Waiter* first_waiter(const LocalUpstream& upstream);
  template <class F>
  void for_each_waiter(const LocalUpstream& upstream, F f);
  void leave(const LocalUpstream& upstream, Waiter& waiter);
  Dial* dial_to(const LocalUpstream& upstream);

  EventLoop& loop_;
  Connector& connector_;
  H2UpstreamContext context_;
  // First come, first served. Of each upstream by itself: what happens to one is no matter of those who wait for another,
  // of whom there may be thousands.
  std::unordered_map<const LocalUpstream*, List<Waiter, Listed<class WaiterTag>>> waiters_;
  List<Dial, Listed<class DialTag>> dials_;
};

}  // namespace frontdoor
