// What the webhook sends, to whom it says what, and what becomes of events whose delivery fails. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_history.h"
#include "base/time.h"
#include "config/config.h"
#include "config/webhook_url.h"

namespace frontdoor {

// Its own troubles are told in the log and to those who look, never by itself: each would make the next one.
bool goes_to_webhook(const Event& event, LogLevel least);

// {"source":"frontdoor","host":"front-1","pid":7,"lost":0,"events":[…]}, events as in GET /api/v1/events.
std::string webhook_body(const EventHistory::Events& events, std::uint64_t lost, const std::string& host, int pid);

// The whole request, with the body. `token`: for Authorization: Bearer; "" = the URL's user, or none.
std::string webhook_request(const config::WebhookUrl& url, const std::string& token, const std::string& body);

enum class WebhookEnd : std::uint8_t { Delivered, TryAgain, Refused };
// Of the status of an answer; 0 = there was none. What the receiver takes for our mistake is not sent again: it would be
// again, and keep all later events waiting.
WebhookEnd end_of(unsigned status);

// Before the next try, after so many failures in a row: a second, doubled up to a minute, and up to a half less by chance
// (`random`: 0 to 1).
Millis webhook_pause(unsigned failures, double random);

// What an answer's Retry-After asks for (RFC 9110 §10.2.3: seconds, or a date), from a second to an hour, so that nobody silences it
// for a year; nothing when it asks for nothing that can be understood.
std::optional<Millis> asked_pause(std::string_view retry_after, std::int64_t unix_seconds);

}  // namespace frontdoor
