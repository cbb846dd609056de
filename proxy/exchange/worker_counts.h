// What a worker counts besides the requests of its pools. Written by the worker alone, read by any thread.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "balancer/pool_counts.h"

namespace frontdoor {

enum class HandshakeResult : std::uint8_t { Full, Resumed, Failed, PlainHttp, Left };
inline constexpr std::array<std::string_view, 5> kHandshakeResults = {"full", "resumed", "failed", "plain_http", "left"};

struct WorkerCounts {
  RequestSlots unrouted;        // requests that came to no pool
  SingleWriterCount in_flight;  // exchanges
  LatencyCount loop_lag;        // the longest turn of the loop since the last look
  std::array<SingleWriterCount, kHandshakeResults.size()> handshakes{};

  void count(HandshakeResult result) { handshakes[static_cast<std::size_t>(result)].add(); }
};

}  // namespace frontdoor
