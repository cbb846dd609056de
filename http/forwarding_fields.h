// The fields by which front doors tell an app where a request comes from, which one it is and what its connection has proved.
// Apps believe them: no stranger may say them, nobody may take them away by naming them in Connection, and no trailer
// carries them. Pure.

#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "http/syntax.h"

namespace frontdoor::http {

// In any spelling that an app may take for one of them.
inline bool is_forwarding_field(std::string_view name) {
  constexpr auto names = std::to_array<std::string_view>(
      {"cdn-loop", "forwarded", "traceparent", "tracestate", "via", "x-real-ip", "x-request-id"});
  constexpr auto beginnings = std::to_array<std::string_view>({"x-client-cert-", "x-forwarded-"});
  return std::any_of(names.begin(), names.end(), [&](auto one) { return syntax::is_like_variable(name, one); }) ||
         std::any_of(beginnings.begin(), beginnings.end(), [&](auto one) { return syntax::begins_like_variable(name, one); });
}

}  // namespace frontdoor::http
