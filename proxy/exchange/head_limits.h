// How large heads may be, as the config says it and as far as a buffer has room: blocks keep the size they
// had at start, and a head takes half of one at most, with room behind it for body bytes. Pure.

#pragma once

#include <algorithm>
#include <cstdint>

#include "config/config.h"
#include "http/head_parser.h"

namespace frontdoor {

inline http::HeadLimits head_limits(const config::Limits& limits, std::size_t block_bytes) {
  return {std::min<std::size_t>(limits.header_bytes, block_bytes / 2), limits.header_count, limits.uri_bytes};
}

}  // namespace frontdoor
