// How long an exchange waits, and for whom: one deadline at a time runs during the relay, named after who has to do
// something next, and says how it ends when nobody does. What the client must come to: proxy/exchange/client_pace.h.

#include <algorithm>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

// Bodies that are open-ended by their type: events, and gRPC messages both ways.
bool Exchange::is_event_stream(const http::Fields& fields) {
  const auto type = http::find(fields, http::FieldId::ContentType);
  for (const std::string_view stream : {"text/event-stream", "application/grpc"})
    if (http::equal_ignoring_case(type.substr(0, stream.size()), stream)) return true;
  return false;
}

Exchange::Deadline Exchange::next_deadline() {
  const config::Timeouts& limit = timeouts();
  const bool client_is_sending = !request_done_ && request_state_ == Pumped::State::WaitingForSource;
  Deadline deadline;
  if (committed_ && response_state_ == Pumped::State::WaitingForSink) {
    see_whether_client_reads();
    deadline = client_deadline(WaitingFor::ClientRead, response_progress_, limit.client_write);
  } else if (committed_ && event_stream_) {
    // Open in both directions for as long as both sides like, so an upload that pauses is no slow client.
    deadline = {std::max(request_progress_, response_progress_) + limit.stream_idle, WaitingFor::Events};
  } else if (client_is_sending) {
    // An upstream that waits for the rest of a request is not to blame for its silence.
    const TimePoint progress = std::max(request_progress_, response_progress_);
    deadline = client_deadline(WaitingFor::ClientBody, progress, limit.client_body);
  } else if (committed_) {
    deadline = {std::max(request_progress_, response_progress_) + limit.response_body, WaitingFor::ResponseBody};
  } else {
    deadline = {request_progress_ + limit.response_header, WaitingFor::ResponseHead};
  }

  if (!committed_) {
    if (request_deadline() < deadline.at) deadline = {request_deadline(), WaitingFor::AnyAnswer};
    const TimePoint patience = answer_wanted_until();
    if (patience < deadline.at) deadline = {patience, WaitingFor::ClientFin};
  } else if (event_stream_ && response_state_ == Pumped::State::WaitingForSource) {
    // A closed tab is found out when the next event can not be delivered: that must not be for an hour.
    const TimePoint patience = std::max(answer_wanted_until(), response_progress_ + limit.client_fin);
    if (patience < deadline.at) deadline = {patience, WaitingFor::ClientFin};
  }
  if (ends_at_ < deadline.at) deadline = {ends_at_, WaitingFor::DrainEnd};
  return deadline;
}

// A client must not pause for longer than `window`, and over such a window it must come to the least rate.
Exchange::Deadline Exchange::client_deadline(WaitingFor what, TimePoint progress, Duration window) {
  Deadline deadline{progress + window, what};
  if (route_->min_bytes_per_second == 0 || event_stream_) return deadline;
  if (pace_.patience(window) <= Duration{}) settle_pace();
  deadline.at = std::min(deadline.at, now() + pace_.patience(window));
  return deadline;
}

void Exchange::settle_pace() {
  // A gRPC client may have nothing to say for a while, before it is answered too.
  if (is_event_stream(client_.request().fields)) return void(pace_ = {});
  // What the kernel has taken and the client has not is no progress of the client's.
  const std::uint64_t unread = committed_ ? client_.unread_bytes() : 0;
  pace_.settle(body_.consumed() + bytes_sent_ - std::min(bytes_sent_, unread), route_->min_bytes_per_second);
}

// The kernel may have taken more at once than a slow client reads within client_write, and then has room for more only
// after longer than that: what counts is what the client takes from the kernel.
void Exchange::see_whether_client_reads() {
  const bool just_blocked = response_progress_ == now();
  if (!just_blocked && now() < response_progress_ + timeouts().client_write) return;
  const std::size_t unread = client_.unread_bytes();
  if (unread < std::exchange(unread_, unread)) response_progress_ = now();
}

Exchange::Relayed Exchange::timed_out(WaitingFor what) {
  switch (what) {
    case WaitingFor::ResponseHead: failure_ = UpstreamFailure::HeaderTimeout; return Relayed::UpstreamFailed;
    case WaitingFor::ResponseBody: outcome_ = outcome::kResponseBodyTimeout; return Relayed::Aborted;
    case WaitingFor::Events: outcome_ = outcome::kStreamIdle; return Relayed::Aborted;
    case WaitingFor::ClientRead: outcome_ = outcome::kClientWriteTimeout; return Relayed::GivenUp;
    case WaitingFor::DrainEnd: outcome_ = outcome::kDrained; return Relayed::Aborted;
    case WaitingFor::ClientBody: return blame_client(408, outcome::kClientBodyTimeout);
    case WaitingFor::AnyAnswer: request_timed_out(); return Relayed::RefuseClient;
    case WaitingFor::ClientFin:
      if (!committed_) break;
      client_left();
      return Relayed::Aborted;
    case WaitingFor::Nobody: break;
  }
  return Relayed::ClientGone;
}

}  // namespace frontdoor
