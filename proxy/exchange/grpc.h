// What gRPC asks of a front door: our own answers in its terms, and its deadlines. It says how a call has ended in a trailer,
// and clients take an answer of another kind for a broken server. Pure.
//
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/head.h"

namespace frontdoor::grpc {

// Whether a message is of gRPC, by its content-type.
bool is_call(const http::Fields& fields);

// How long the client waits for its call (grpc-timeout). Nothing: for ever, or it can not be understood.
std::optional<Duration> timeout_of(const http::Fields& fields);

// grpc-status for an answer of ours, which would have this status to a request of HTTP.
std::uint8_t status_for(std::uint16_t status, std::string_view outcome);

// grpc-message: the outcome and the request's id, percent-encoded where they need it.
std::string message_for(std::string_view outcome, std::string_view request_id);

// An answer of ours to a call, of status 200 and without a body: trailers-only, how it has ended stands in a head that ends its
// stream. To the log and the metrics it is what it would be to any other request, or nobody would see an error.
struct Refusal {
  Refusal(std::uint16_t status, std::string_view outcome, std::string_view request_id)
      : grpc_status(std::to_string(status_for(status, outcome))), message(message_for(outcome, request_id)) {}
  void add_to(http::Fields& fields) const;  // views into this; without Content-Type

  const std::string grpc_status;
  const std::string message;
};
inline constexpr std::string_view kContentType = "application/grpc";

}  // namespace frontdoor::grpc
