#include "proxy/exchange/relay.h"

#include <algorithm>
#include <utility>

namespace frontdoor {

namespace {

// A client that may not send, since its own streams have used its connection's window up, is not slow. But the client
// alone decides how long that lasts: for so many times its patience, behind the last that came of this body, it is forgiven.
constexpr int kWindowsHeldUp = 4;

// Progress is bytes, and also that somebody else is waited for from now on: the patience with a client that does not
// read must not have been used up by an upstream that had nothing to say, nor an upstream's by a slow end of a body.
void note(const Pumped& pumped, Pumped::State& state, TimePoint& progress, TimePoint now) {
  if (pumped.bytes != 0 || pumped.state != state) progress = now;
  state = pumped.state;
}

}  // namespace

bool is_open_ended(const http::Fields& fields) {
  const auto type = http::find(fields, http::FieldId::ContentType);
  for (const std::string_view stream : {"text/event-stream", "application/grpc"})
    if (http::equal_ignoring_case(type.substr(0, stream.size()), stream)) return true;
  return false;
}

void Relay::begin(TimePoint now) {
  request_done_ = false;
  open_ended_ = false;
  request_progress_ = response_progress_ = now;
  request_state_ = response_state_ = Pumped::State::WaitingForSource;
}

Pumped::State Relay::move_request(BodySource& from, BodySink& to, TimePoint now) {
  const Pumped pumped = pump(from, to);
  note(pumped, request_state_, request_progress_, now);
  switch (pumped.state) {
    case Pumped::State::WaitingForSource:
    case Pumped::State::WaitingForSink:
    case Pumped::State::SourceFailed: break;
    case Pumped::State::Yielded: yielded_ = true; break;
    case Pumped::State::Done:
    // It does not read on; what it has to say about that may already be on its way (an early 413).
    case Pumped::State::SinkFailed: request_done_ = true; break;
  }
  return pumped.state;
}

Pumped Relay::move_response(BodySource& from, BodySink& to, TimePoint now) {
  const Pumped pumped = pump(from, to);
  note(pumped, response_state_, response_progress_, now);
  if (pumped.state == Pumped::State::Yielded) yielded_ = true;
  return pumped;
}

void Relay::response_begins(TimePoint now, bool open_ended) {
  response_progress_ = now;
  open_ended_ = open_ended;
}

Relay::Deadline Relay::next_deadline(const Moment& moment) {
  const config::Timeouts& limit = moment.timeouts;
  const bool client_is_sending = !request_done_ && request_state_ == Pumped::State::WaitingForSource;
  Deadline deadline;
  if (moment.committed && response_state_ == Pumped::State::WaitingForSink) {
    see_whether_client_reads(moment);
    deadline = client_deadline(moment, WaitingFor::ClientRead, response_progress_, limit.client_write);
  } else if (moment.committed && open_ended_) {
    // Open in both directions for as long as both sides like, so an upload that pauses is no slow client.
    deadline = {std::max(request_progress_, response_progress_) + limit.stream_idle, WaitingFor::Events};
  } else if (client_is_sending) {
    // An upstream that waits for the rest of a request is not to blame for its silence. Nor is a gRPC client, which may have
    // nothing to say for as long as its stream may be idle, before it is answered too. Nor is, for a while, a client
    // that may not send.
    const bool call = is_open_ended(moment.client.request().fields);
    const Duration window = call ? limit.stream_idle : limit.client_body;
    const TimePoint moved = std::max(request_progress_, response_progress_);
    forgiven_until_ = moved + kWindowsHeldUp * window;
    const TimePoint progress = std::max(moved, std::min(moment.client.held_up_until(), forgiven_until_));
    deadline = client_deadline(moment, WaitingFor::ClientBody, progress, window);
  } else if (moment.committed) {
    deadline = {std::max(request_progress_, response_progress_) + limit.response_body, WaitingFor::ResponseBody};
  } else {
    deadline = {request_progress_ + limit.response_header, WaitingFor::ResponseHead};
  }

  if (!moment.committed) {
    if (moment.answer_by < deadline.at) deadline = {moment.answer_by, WaitingFor::AnyAnswer};
    if (moment.wanted_until < deadline.at) deadline = {moment.wanted_until, WaitingFor::ClientFin};
  } else if (open_ended_ && response_state_ == Pumped::State::WaitingForSource) {
    // A closed tab is found out when the next event can not be delivered: that must not be for an hour.
    const TimePoint patience = std::max(moment.wanted_until, response_progress_ + limit.client_fin);
    if (patience < deadline.at) deadline = {patience, WaitingFor::ClientFin};
  }
  if (ends_at_ < deadline.at) deadline = {ends_at_, WaitingFor::DrainEnd};
  return deadline;
}

void Relay::waited(const Deadline& deadline, const ClientStream& client, TimePoint since, TimePoint now) {
  if (deadline.what == WaitingFor::ClientBody) since = std::max(since, std::min(client.held_up_until(), forgiven_until_));
  else if (deadline.what != WaitingFor::ClientRead) return;
  if (since < now) pace_.waited(now - since);
}

// A client must not pause for longer than `window`, and over such a window it must come to the least rate.
Relay::Deadline Relay::client_deadline(const Moment& moment, WaitingFor what, TimePoint progress, Duration window) {
  Deadline deadline{progress + window, what};
  if (moment.least_rate == 0 || open_ended_) return deadline;
  if (pace_.patience(window) <= Duration{}) settle_pace(moment);
  deadline.at = std::min(deadline.at, moment.now + pace_.patience(window));
  return deadline;
}

void Relay::settle_pace(const Moment& moment) {
  // A gRPC client may have nothing to say for a while, before it is answered too.
  if (is_open_ended(moment.client.request().fields)) return void(pace_ = {});
  // What the kernel has taken and the client has not is no progress of the client's.
  const std::uint64_t unread = moment.committed ? moment.client.unread_bytes() : 0;
  pace_.settle(moment.bytes_received + moment.bytes_sent - std::min(moment.bytes_sent, unread), moment.least_rate);
}

// The kernel may have taken more at once than a slow client reads within client_write, and then has room for more only
// after longer than that: what counts is what the client takes from the kernel.
void Relay::see_whether_client_reads(const Moment& moment) {
  const bool just_blocked = response_progress_ == moment.now;
  if (!just_blocked && moment.now < response_progress_ + moment.timeouts.client_write) return;
  const std::size_t unread = moment.client.unread_bytes();
  if (unread < std::exchange(unread_, unread)) response_progress_ = moment.now;
}

}  // namespace frontdoor
