// Both directions of an exchange at once: moves bodies, remembers how far each direction has come, and says for whom the
// exchange waits and how long: one deadline at a time, named after who has to do something next. It neither waits itself
// nor knows what an answer is. What a client must come to: client_pace.h. Belongs to an exchange; one worker.

#pragma once

#include <cstdint>

#include "config/config.h"
#include "loop/waker.h"
#include "proxy/exchange/client_pace.h"
#include "proxy/exchange/pump.h"
#include "proxy/exchange/stream.h"

namespace frontdoor {

// Bodies that are open-ended by their type: events, and gRPC messages both ways.
bool is_open_ended(const http::Fields& fields);

class Relay {
 public:
  // Whom the exchange waits for, which names the timeout that runs.
  enum class WaitingFor : std::uint8_t {
    Nobody, ClientBody, ResponseHead, ResponseBody, Events, ClientRead, ClientFin, AnyAnswer, DrainEnd
  };
  struct Deadline {
    TimePoint at = Waker::kNever;
    WaitingFor what = WaitingFor::Nobody;
  };
  // What the exchange knows of the moment.
  struct Moment {
    TimePoint now;
    const config::Timeouts& timeouts;
    const ClientStream& client;
    std::uint64_t least_rate = 0;           // bytes per second that a client must come to; 0 = any
    std::uint64_t bytes_received = 0;       // of the request's body
    std::uint64_t bytes_sent = 0;           // of the response's
    bool committed = false;                 // the response has begun
    TimePoint answer_by = Waker::kNever;    // when it must have begun
    TimePoint wanted_until = Waker::kNever; // its client has sent a FIN; asked while it matters
  };

  void begin(TimePoint now);         // an attempt's: the request from its start
  void begin_turn() { yielded_ = false; }
  bool yielded() const { return yielded_; }  // there is more to move at once

  Pumped::State move_request(BodySource& from, BodySink& to, TimePoint now);
  Pumped move_response(BodySource& from, BodySink& to, TimePoint now);
  bool request_done() const { return request_done_; }  // sent to its end, or the upstream wants no more of it
  bool request_complete() const { return request_state_ == Pumped::State::Done; }

  void upstream_lives(TimePoint now) { request_progress_ = now; }  // response_header's clock starts again
  void response_begins(TimePoint now, bool open_ended);
  bool open_ended() const { return open_ended_; }
  void end_at(TimePoint moment) { ends_at_ = moment; }  // in a drain
  TimePoint ends_at() const { return ends_at_; }

  Deadline next_deadline(const Moment& moment);
  void waited(const Deadline& deadline, const ClientStream& client, TimePoint since, TimePoint now);

 private:
  Deadline client_deadline(const Moment& moment, WaitingFor what, TimePoint progress, Duration window);
  void settle_pace(const Moment& moment);
  void see_whether_client_reads(const Moment& moment);

  bool request_done_ = false;
  bool yielded_ = false;
  bool open_ended_ = false;
  Pumped::State request_state_ = Pumped::State::WaitingForSource;
  Pumped::State response_state_ = Pumped::State::WaitingForSource;
  TimePoint request_progress_{};
  TimePoint response_progress_{};
  ClientPace pace_;
  TimePoint forgiven_until_{};  // how long it may be held up by its neighbours
  std::size_t unread_ = 0;  // of the response by the client, when it was last looked at
  TimePoint ends_at_ = Waker::kNever;
};

}  // namespace frontdoor
