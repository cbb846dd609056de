// A request that was refused before it came to an exchange, since it is none that we would serve: what it is answered and
// logged as, over any protocol.

#pragma once

#include <cstdint>
#include <string_view>

#include "http/head_parser.h"
#include "http/request_sketch.h"
#include "proxy/exchange/error_page.h"
#include "proxy/exchange/exchange.h"

namespace frontdoor {

struct RefusedRequest {
  const http::Refusal& refusal;
  std::string_view request_id;
  Duration took{};  // since its first byte
};

// The fields of the answer, without framing, in the worker's scratch.
const http::Fields& refusal_fields(ExchangeContext& context, const ClientInfo& client, const RefusedRequest& refused,
                                   const ErrorPage& page);

// With what can be told of the request. Counts it, too.
void log_refusal(ExchangeContext& context, const ClientInfo& client, const RefusedRequest& refused,
                 const http::RequestSketch& request, std::uint64_t bytes_sent);

}  // namespace frontdoor
