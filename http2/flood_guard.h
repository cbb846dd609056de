// How much of what costs its sender nothing it may send: a bucket for each kind, filled at a rate. An honest one does not
// come near any of them; whoever empties one is told to calm down and is heard no further. Pure: time is an argument.
//
// RFC 9113 §10.5. CVE-2019-9511 … 9518 (the floods of 2019), CVE-2023-44487 (rapid reset), CVE-2025-8671 (made resets).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace frontdoor::http2 {

enum class Burden : std::uint8_t {
  Reset,         // a stream that the client has ended before its answer, or made us end by an error of its own, or by its number
  Ping,          // each wants an answer; beyond one for each DATA frame that we have sent
  Settings,      // the same, and each may concern all streams
  EmptyData,     // a DATA frame without a byte that does not end its stream
  WindowUpdate,  // beyond two for each DATA frame that we have sent
  Other,         // PRIORITY, and types that nobody knows
};
inline constexpr std::size_t kBurdens = 6;

const char* name_of(Burden burden);  // "RST_STREAM flood": a literal, for the log

class FloodGuard {
 public:
  struct Allowance {
    std::uint32_t burst;
    std::uint32_t per_second;
  };
  static Allowance allowance(Burden burden);

  // One more has come. False: too many.
  bool count(Burden burden, TimePoint now);
  // We have sent a DATA frame: two windows are opened for it, and gRPC's libraries measure the way with a PING.
  void data_sent() {
    if (window_updates_owed_ < kMostOwed) window_updates_owed_ += 2;
    if (pings_owed_ < kMostOwed) ++pings_owed_;
  }

 private:
  static constexpr std::uint32_t kMostOwed = 1 << 16;

  // When each bucket will be full again; one that comes costs a part of a second.
  std::array<TimePoint, kBurdens> full_at_{};
  std::uint32_t window_updates_owed_ = 0;
  std::uint32_t pings_owed_ = 0;
};

}  // namespace frontdoor::http2
