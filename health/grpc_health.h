// The messages of grpc.health.v1.Health/Check, by which gRPC servers are asked how they are. Pure.
//
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md

#pragma once

#include <string>
#include <string_view>

namespace frontdoor::grpc_health {

inline constexpr std::string_view kPath = "/grpc.health.v1.Health/Check";

// The request's body: one message, which asks for the health of `service`; "" = the server's.
std::string question(std::string_view service);

// What is wrong, in words; "" = it serves. `status`: grpc-status, "" = there was none. `message`: grpc-message.
std::string verdict(std::string_view status, std::string_view message, std::string_view body);

}  // namespace frontdoor::grpc_health
