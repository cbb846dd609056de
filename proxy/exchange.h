// One request and its response, of any protocol: the spine of the data path. Read run() and follow it down.
//
//   route ─► pick an upstream ─► connect ─► relay both directions at once ─► log
//              ▲                                  │
//              └────────── replay? ◄── failed ────┘
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

#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/access_log.h"
#include "proxy/http_date.h"
#include "proxy/local_snapshot.h"
#include "proxy/pump.h"
#include "proxy/replay.h"
#include "proxy/replayable_body.h"
#include "proxy/request_ids.h"
#include "proxy/stream.h"

namespace frontdoor {

// What a worker lends to its exchanges. The scratch members are only used between two waits.
struct ExchangeContext {
  EventLoop& loop;
  Dialer& dialer;
  UpstreamWitness& witness;
  AccessLogBuffer* access_log = nullptr;  // null = off
  unsigned worker = 0;
  LocalSnapshotRef snapshot{};  // the current one
  RequestIds request_ids{};
  HttpDate date{};
  http::Fields fields{};
  std::string scratch{};
  std::uint64_t served = 0;
};

class Exchange : public Listed<class OnUpstreamTag> {
 public:
  // `started`: when the first byte of the request arrived. All references must outlive the exchange.
  Exchange(ExchangeContext& context, ClientStream& client, Waker& waker, TimePoint started);
  ~Exchange();

  Task<> run();

 private:
  // What to do next with the request.
  enum class Next : std::uint8_t { Forward, Refuse, Done };
  enum class Relayed : std::uint8_t { Served, UpstreamFailed, RefuseClient, ClientGone, Aborted };
  // Whom the relay waits for, which names the timeout that runs.
  enum class WaitingFor : std::uint8_t { Nobody, ClientBody, ResponseHead, ResponseBody, ClientRead, ClientFin };
  struct Deadline {
    TimePoint at = Waker::kNever;
    WaitingFor what = WaitingFor::Nobody;
  };

  Next route();
  std::string_view request_id() const;
  Next answer_ourselves();
  Next refuse_with(std::uint16_t status, std::string_view outcome);
  bool pick_upstream();
  void leave_upstream();
  Task<Next> forward();
  Task<> connect();  // sets stream_ or failure_
  bool send_request_head();
  Next after_failure();

  Task<Relayed> relay();
  void note(const Pumped& pumped, Pumped::State& state, TimePoint& progress) const;
  std::optional<Relayed> move_request();
  Relayed blame_client(std::uint16_t status, std::string_view outcome);
  std::optional<Relayed> move_response();
  std::optional<Relayed> forward_head();
  std::optional<Relayed> forward_informational();
  std::optional<Relayed> commit(const http::ResponseHead& head);
  Deadline next_deadline();
  Relayed timed_out(WaitingFor what);

  Task<> send_refusal();
  void log_request();

  const config::Timeouts& timeouts() const {
    return route_ ? route_->timeouts : snapshot_->shared().config.timeouts;
  }
  TimePoint now() const { return context_.loop.now(); }

  ExchangeContext& context_;
  ClientStream& client_;
  Waker& waker_;
  const LocalSnapshotRef snapshot_;
  const TimePoint started_;
  const Route* route_ = nullptr;
  LocalPool* pool_ = nullptr;
  RequestIds::Id request_id_;

  // The attempt under way.
  LocalUpstream* upstream_ = nullptr;
  Upstream::Seen seen_{};
  std::unique_ptr<UpstreamStream> stream_;
  UpstreamFailure failure_ = UpstreamFailure::None;
  bool fresh_only_ = false;  // a reused connection has just turned out stale

  // All attempts.
  std::array<LocalUpstream*, 8> tried_{};
  std::uint32_t tries_ = 0;
  const char* retry_rule_ = "";
  ReplayableBody body_;

  // The relay.
  bool request_done_ = false;      // sent to its end, or the upstream wants no more of it
  bool request_complete_ = false;  // sent to its end
  bool committed_ = false;
  bool yielded_ = false;
  std::uint32_t informational_ = 0;
  bool continue_relayed_ = false;
  Pumped::State request_state_ = Pumped::State::WaitingForSource;
  Pumped::State response_state_ = Pumped::State::WaitingForSource;
  TimePoint request_progress_{};
  TimePoint response_progress_{};
  std::optional<TimePoint> fin_seen_;
  bool event_stream_ = false;

  // For the log and for our own answers.
  std::uint16_t status_ = 0;
  std::string_view outcome_;
  std::uint64_t bytes_sent_ = 0;
  TimePoint connected_{};
  TimePoint first_byte_{};
};

}  // namespace frontdoor
