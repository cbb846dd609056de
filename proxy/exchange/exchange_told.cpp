// What an exchange tells both sides of the request itself: its names, and how it went.

#include <algorithm>

#include "http/forwarding.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/response_notes.h"

namespace frontdoor {

// The one that a trusted proxy gave it, so that it has one name all the way.
std::string_view Exchange::request_id() const {
  const auto claimed = client_.client().trusted ? http::claimed_request_id(client_.request()) : std::string_view();
  return claimed.empty() ? std::string_view(request_id_.data(), request_id_.size()) : claimed;
}

http::Trace Exchange::trace() const {
  const config::Config& config = snapshot_->shared().config;
  const http::TraceRules rules{
      .begin = config.tracing,
      .trusted_only = config.traceparent_from == config::Config::TraceparentFrom::TrustedProxies};
  return http::trace_of(client_.request(), rules, client_.client().trusted, {request_id_.data(), request_id_.size()});
}

// What the listener wants to be told in responses (proxy/exchange/response_notes.h), and Strict-Transport-Security, where an
// app says nothing else.
void Exchange::add_listener_headers(AnsweredBy by) {
  const ClientInfo& client = client_.client();
  http::Fields& fields = context_.fields;
  constexpr std::string_view kHsts = "Strict-Transport-Security";
  const auto is_there = [&](std::string_view name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& field) { return http::equal_ignoring_case(field.name, name); });
  };
  if (!client.hsts.empty() && !is_there(kHsts)) fields.push_back({kHsts, client.hsts});
  if (!client.wants_notes()) return;
  ResponseNotes notes{.request_id = request_id(), .total = now() - started_};
  if (attempt_.upstream) notes.next_hop = attempt_.upstream->shared->name();
  if (by == AnsweredBy::Us) {
    notes.outcome = outcome_;
  } else {
    notes.received_status = attempt_.stream->response().status;
    notes.upstream = now() - tally_.history.connected_at();
  }
  add_response_notes(client, notes, fields, context_.notes);
}

}  // namespace frontdoor
