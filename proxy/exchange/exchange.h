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
// One worker owns it.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/loop_mark.h"
#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/access_log/access_log.h"
#include "proxy/access_log/attempt_history.h"
#include "proxy/access_log/kept_record.h"
#include "proxy/exchange/client_pace.h"
#include "proxy/exchange/http_date.h"
#include "proxy/exchange/malformed_messages.h"
#include "proxy/exchange/pump.h"
#include "proxy/exchange/replay.h"
#include "proxy/exchange/replayable_body.h"
#include "proxy/exchange/request_ids.h"
#include "proxy/exchange/stream.h"
#include "proxy/exchange/tunnel.h"
#include "proxy/upstreams/held_requests.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

// What a worker lends to its exchanges. The scratch members are only used between two waits.
struct ExchangeContext {
  EventLoop& loop;
  Dialer& dialer;
  UpstreamWitness& witness;
  AccessLogBuffer* access_log = nullptr;  // null = off
  MalformedMessages* malformed = nullptr;
  unsigned worker = 0;
  http::LoopMark loop_mark{};  // the same for all workers
  LocalSnapshotRef snapshot{};  // the current one
  HeldRequests held{loop};
  RequestIds request_ids{};
  HttpDate date{};
  http::Fields fields{};
  std::string scratch{};
  std::string host_scratch{};
  std::uint64_t served = 0;
  std::uint64_t looped = 0;  // requests that came back to us
  Tunnels tunnels{};
  StreamDrain streams{};
};

class Exchange final : public OnUpstream, private Dialer::Caller {
 public:
  // `started`: when the first byte of the request arrived. All references must outlive the exchange.
  Exchange(ExchangeContext& context, ClientStream& client, Waker& waker, TimePoint started);
  virtual ~Exchange();

  Task<> run();

  void upstream_went_down(std::uint64_t incarnation, DownCause cause) override;
  void upstream_drains(UpstreamDrain& drain) override;
  void drain_begins() override;
  bool is_stream() const override { return event_stream_ && committed_; }
  bool is_websocket() const override { return tunnel_ && tunnel_->websocket(); }

 private:
  // What to do next with the request.
  enum class Next : std::uint8_t { Forward, Refuse, Done };
  enum class Relayed : std::uint8_t { Served, Switched, UpstreamFailed, RefuseClient, ClientGone, Aborted, GivenUp };
  // Whom the relay waits for, which names the timeout that runs.
  enum class WaitingFor : std::uint8_t {
    Nobody, ClientBody, ResponseHead, ResponseBody, Events, ClientRead, ClientFin, AnyAnswer, DrainEnd
  };
  struct Deadline {
    TimePoint at = Waker::kNever;
    WaitingFor what = WaitingFor::Nobody;
  };

  Next route();
  Next out_of_memory();
  bool routed_alike(std::string_view host, std::size_t path_size) const;
  std::string_view request_id() const;
  Next answer_ourselves();
  Next refuse_with(std::uint16_t status, std::string_view outcome);
  bool pick_upstream();
  void leave_upstream();
  void return_slot();
  Task<Next> hold();  // until there is an upstream, or another route, or no point in waiting
  bool worth_waiting();
  Task<Next> wait_for_upstream(HeldPlace& place);
  Next reroute();
  std::span<LocalUpstream* const> tried() const;
  bool another_is_free() const;  // one that was not tried could take it now
  Task<Next> forward();
  Task<> connect();  // sets stream_ or failure_
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
  Task<Next> let_the_moment_pass();  // after a death
  Likeness likeness() const;
  bool must_spare_the_last();
  Next contain();
  void report_query_of_death();
  void note_answer();
  Next after_failure();
  Replay judge(UpstreamFailure failure);
  Next give_up();
  bool rescue();
  bool may_leave_its_upstream();
  void remember_failure(const Replay& replay);
  void note_malformed(std::string_view upstream, std::string_view outcome);
  void add_request_id_header();

  Task<Relayed> relay();
  void note(const Pumped& pumped, Pumped::State& state, TimePoint& progress) const;
  std::optional<Relayed> move_request();
  Relayed blame_client(std::uint16_t status, std::string_view outcome);
  std::optional<Relayed> move_response();
  std::optional<Relayed> forward_head();
  std::optional<Relayed> forward_informational();
  std::optional<Relayed> commit(const http::ResponseHead& head);
  Relayed switch_protocols(const http::ResponseHead& head);
  Task<> tunnel();
  static bool is_event_stream(const http::Fields& fields);
  Deadline next_deadline();
  Deadline client_deadline(WaitingFor what, TimePoint progress, Duration window);
  void settle_pace();
  void see_whether_client_reads();
  Relayed timed_out(WaitingFor what);
  Next client_left();

  bool better_elsewhere(const http::ResponseHead& head);
  bool broken_from_its_start();  // sets failure_

  Task<> send_refusal();
  AccessRecord describe_request() const;
  void log_request();

  const config::Timeouts& timeouts() const {
    return route_ ? route_->timeouts : snapshot_->shared().config.timeouts;
  }
  TimePoint now() const { return context_.loop.now(); }
  // When its answer must have begun, whatever it waits for.
  TimePoint request_deadline() const {
    const Millis limit = timeouts().request;
    return limit == Millis{0} ? Waker::kNever : started_ + limit;
  }
  Next request_timed_out();

  ExchangeContext& context_;
  ClientStream& client_;
  Waker& waker_;
  LocalSnapshotRef snapshot_;
  const TimePoint started_;
  const Route* route_ = nullptr;
  LocalPool* pool_ = nullptr;
  RequestIds::Id request_id_;

  // The attempt under way.
  LocalUpstream* upstream_ = nullptr;
  Upstream::Seen seen_{};
  std::unique_ptr<UpstreamStream> stream_;
  UpstreamFailure failure_ = UpstreamFailure::None;
  DownCause went_down_ = DownCause::None;  // why the upstream was taken out while the request was on it
  bool fresh_only_ = false;                // a reused connection has just turned out stale
  bool untried_only_ = false;              // the last one was silent
  bool death_noted_ = false;               // that the upstream died with it
  bool holds_slot_ = false;                // of max_in_flight
  bool holding_ = false;                   // in the pool's hold queue
  bool gave_place_up_ = false;             // in the queue for a connection: its client has sent a FIN

  // All attempts.
  std::array<LocalUpstream*, 8> tried_{};
  std::uint32_t tried_count_ = 0;
  std::uint32_t attempts_ = 0;  // upstreams picked
  std::uint32_t tries_ = 0;     // begun, without those that is_try() does not count
  std::uint32_t deaths_ = 0;    // upstreams that died with it
  bool suspect_ = false;        // of having killed them
  bool convicted_ = false;      // requests like it have
  bool suspicion_reported_ = false;
  TimePoint settled_at_{};      // when those that were killed in the same moment are known to be dead
  TimePoint hold_until_{};      // set when it has to wait for the first time
  Duration held_for_{};
  const char* retry_rule_ = "";
  AttemptHistory attempts_log_;
  ReplayableBody body_;

  // The relay.
  bool request_done_ = false;  // sent to its end, or the upstream wants no more of it
  bool committed_ = false;
  bool yielded_ = false;
  std::uint32_t informational_ = 0;
  bool continue_relayed_ = false;
  Pumped::State request_state_ = Pumped::State::WaitingForSource;
  Pumped::State response_state_ = Pumped::State::WaitingForSource;
  TimePoint request_progress_{};
  TimePoint response_progress_{};
  ClientPace pace_;
  std::size_t unread_ = 0;  // of the response by the client, when it was last looked at
  std::optional<TimePoint> fin_seen_;
  bool event_stream_ = false;
  TimePoint ends_at_ = Waker::kNever;  // a stream, in a drain

  // A tunnel keeps these instead of the snapshot and the request's head.
  Tunnel* tunnel_ = nullptr;  // while it runs
  Tunnel::Frames tunnel_frames_ = Tunnel::Frames::Unknown;
  std::shared_ptr<LocalUpstream> tunnel_upstream_;
  std::unique_ptr<KeptRecord> tunnel_record_;
  std::uint64_t tunnelled_to_upstream_ = 0;

  // For the log and for our own answers.
  bool logged_ = true;
  std::uint16_t status_ = 0;
  std::uint32_t retry_after_ = 1;  // seconds, with 503
  std::string_view outcome_;
  const char* detail_ = "";  // what was wrong with the request or with the last answer
  std::uint64_t bytes_sent_ = 0;
  TimePoint first_byte_{};
};

}  // namespace frontdoor
