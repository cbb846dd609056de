// One request and its response, of any protocol: the spine of the data path. Read run() and follow it down.
//
//   route ─► pick an upstream ─► connect ─► relay both directions at once ─► log
//     ▲        │ ▲                                  │
//     │     none │                                  │
//   reload     ▼ │                                  │
//     └─────── hold ◄─────── replay? ◄──── failed ──┘
//
// One coroutine serves an exchange. It tries everything that can be done now, in both directions, then sleeps on the
// session's Waker until something has changed; so neither direction ever waits for the other (docs/adr/0004).
// Its parts: an UpstreamAttempt, a Relay, a Tally (docs/adr/0023).
// One worker owns it.

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/loop_mark.h"
#include "http/trace_context.h"
#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/access_log/access_log.h"
#include "proxy/access_log/notable_requests.h"
#include "proxy/exchange/attempt.h"
#include "proxy/exchange/http_date.h"
#include "proxy/exchange/malformed_messages.h"
#include "proxy/exchange/relay.h"
#include "proxy/exchange/replay.h"
#include "proxy/exchange/replayable_body.h"
#include "proxy/exchange/request_ids.h"
#include "proxy/exchange/stream.h"
#include "proxy/exchange/tally.h"
#include "proxy/exchange/tunnel.h"
#include "proxy/exchange/worker_counts.h"
#include "proxy/upstreams/held_requests.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

// What a worker lends to its exchanges, of which one connection may have a hundred at once. The scratch members (fields,
// scratch, host_scratch, notes) are used between two waits and never across one: nothing that an exchange calls resumes another.
struct ExchangeContext {
  EventLoop& loop;
  Dialer& dialer;
  UpstreamWitness& witness;
  AccessLogBuffer* access_log = nullptr;  // null = off
  MalformedMessages* malformed = nullptr;
  NotableRequests* notable = nullptr;
  unsigned worker = 0;
  http::LoopMark loop_mark{};  // the same for all workers
  LocalSnapshotRef snapshot{};  // the current one
  HeldRequests held{loop};
  RequestIds request_ids{};
  HttpDate date{};
  http::Fields fields{};
  std::string scratch{};
  std::string host_scratch{};
  std::string notes{};
  std::uint64_t served = 0;
  std::uint64_t looped = 0;  // requests that came back to us
  Tunnels tunnels{};
  StreamDrain streams{};
  WorkerCounts counts{};
};

// What the access log says of how the client came.
void note_encryption(const ClientInfo& client, AccessRecord& record);

// A request that was refused before it came to an exchange, as the metrics count it.
void count_refusal(ExchangeContext& context, const ClientInfo& client, http::Version version, std::uint16_t status,
                   std::string_view outcome);

class Exchange final : public OnUpstream, private Dialer::Caller {
 public:
  // `started`: when the first byte of the request arrived. All references must outlive the exchange.
  Exchange(ExchangeContext& context, ClientStream& client, Waker& waker, TimePoint started);
  virtual ~Exchange() { context_.counts.in_flight.subtract(); }

  Task<> run();

  void upstream_went_down(std::uint64_t incarnation, DownCause cause) override;
  void upstream_drains(UpstreamDrain& drain) override;
  void drain_begins() override;
  bool is_stream() const override { return relay_.open_ended() && committed_; }
  bool is_websocket() const override { return tunnel_ && tunnel_->websocket(); }
  const ListenerDrain* listener_drain() const override { return client_.client().listener_drain; }

 private:
  // What to do next with the request.
  enum class Next : std::uint8_t { Forward, Refuse, Done };
  enum class Relayed : std::uint8_t { Served, Switched, UpstreamFailed, RefuseClient, ClientGone, Aborted, GivenUp };

  Next route();
  Next out_of_memory();
  bool routed_alike(std::string_view host, std::size_t path_size) const;
  std::string_view request_id() const;
  http::Trace trace() const;
  Next answer_ourselves();
  Next in_maintenance(const PoolMaintenance& maintenance);
  Next refuse_with(std::uint16_t status, std::string_view outcome);
  bool pick_upstream();
  Task<Next> hold();  // until there is an upstream, or another route, or no point in waiting
  bool worth_waiting();
  Task<Next> wait_for_upstream(HeldPlace& place);
  Next reroute();
  bool another_is_free() const;  // one that was not tried could take it now
  bool not_only_the_last_could_take_it() const;  // tried or not, and whoever waits
  Task<Next> forward();
  Task<> connect();  // the attempt has a stream then, or a failure
  Task<> dial();
  const ClientStream& client() const override { return client_; }
  TimePoint wanted_until() override;
  TimePoint answer_wanted_until();
  bool send_request_head();
  void upstream_refused();
  bool may_be_a_death();
  Task<> ask_whether_it_died();  // for a moment: what has killed must be known (ADR 0007)
  bool denied_unless_it_died();
  Task<> see_whether_it_died();  // for longer, before the budget denies a retry (ADR 0005)
  void note_death();
  void note_casualty();  // it was on an upstream that has died, or it looks like it
  bool must_let_a_moment_pass() const;
  Task<Next> let_the_moment_pass();  // after a death, or a reset by the only one that could take it
  Likeness likeness() const;
  bool must_spare_the_last();
  Task<Next> contain();
  Next refuse_to_spread_death();
  void report_query_of_death();
  void note_answer();
  void note_upstream_answered();
  void join_drains();
  Next after_failure();
  Replay judge(UpstreamFailure failure);
  Next give_up();
  Next no_other_to_ask();
  bool rescue();
  bool may_leave_its_upstream();
  void remember_failure(const Replay& replay);
  void note_malformed(std::string_view upstream, std::string_view outcome);
  std::string redirect_location();
  Next redirect();

  Task<Relayed> relay();
  std::optional<Relayed> move_request();
  Relayed attempt_fails(UpstreamFailure how);
  Relayed blame_client(std::uint16_t status, std::string_view outcome);
  std::optional<Relayed> move_response();
  std::optional<Relayed> forward_head();
  std::optional<Relayed> forward_informational();
  std::optional<Relayed> commit(const http::ResponseHead& head);
  Relayed switch_protocols(const http::ResponseHead& head);
  Task<> tunnel();
  Relay::Moment moment();
  Relayed timed_out(Relay::WaitingFor what);
  Next client_left();

  bool better_elsewhere(const http::ResponseHead& head);
  bool broken_from_its_start();  // sets the failure

  Task<> send_refusal();
  bool refuse_call();
  AccessRecord describe_request() const;
  enum class AnsweredBy : std::uint8_t { Upstream, Us };
  void add_listener_headers(AnsweredBy by);
  void log_request(AnsweredBy by);
  void count_request(AnsweredBy by, TimePoint ended);
  bool has_failed(AnsweredBy by) const;

  const config::Timeouts& timeouts() const {
    return route_ ? route_->timeouts : snapshot_->shared().config.timeouts;
  }
  TimePoint now() const { return context_.loop.now(); }
  // When its answer must have begun, whatever it waits for.
  TimePoint request_deadline() const {
    const Millis limit = timeouts().request;
    return limit == Millis{0} ? client_waits_until_ : std::min(started_ + limit, client_waits_until_);
  }
  Next request_timed_out();

  ExchangeContext& context_;
  ClientStream& client_;
  Waker& waker_;
  LocalSnapshotRef snapshot_;
  const TimePoint started_;
  const Route* route_ = nullptr;
  LocalPool* pool_ = nullptr;
  RequestSlots* counts_ = nullptr;  // of its pool; null: it has none. A tunnel keeps them by its upstream
  RequestIds::Id request_id_;

  std::shared_ptr<LocalUpstream> tunnel_upstream_;  // a tunnel's, which keeps no snapshot; outlives the attempt

  UpstreamAttempt attempt_{*this};  // under way, or the last
  Attempts attempts_;
  struct {
    std::uint32_t seen = 0;   // upstreams that died with it
    bool suspect = false;     // of having killed them
    bool convicted = false;   // requests like it have
    bool reported = false;
    TimePoint next_try_at{};  // none before it: others may be dying
  } deaths_;
  bool holding_ = false;      // in the pool's hold queue
  TimePoint hold_until_{};    // set when it has to wait for the first time
  ReplayableBody body_;

  Relay relay_;
  bool committed_ = false;    // the response has begun
  std::uint32_t informational_ = 0;
  bool continue_relayed_ = false;
  std::optional<TimePoint> fin_seen_;
  TimePoint client_waits_until_ = Waker::kNever;  // what it has said itself (gRPC)

  Tunnel* tunnel_ = nullptr;  // while it runs
  Tunnel::Frames tunnel_frames_ = Tunnel::Frames::Unknown;

  // What it has come to, for the log and for our own answers.
  std::uint16_t status_ = 0;
  std::uint32_t retry_after_ = 1;  // seconds, with 503
  std::string_view outcome_;
  const char* detail_ = "";  // what was wrong with the request or with the last answer
  Tally tally_;
};

}  // namespace frontdoor
