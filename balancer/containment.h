// Queries of death: what a pool knows of the requests that its upstreams died of. Each request that was on an upstream at
// its death is noted under what it asks for, until one like it is answered. A kind of request that a site lives of is
// answered within milliseconds, whoever killed the upstream; one that kills never is. docs/adr/0007 has the arithmetic.
//
//   died ──► noted ──── died again, and again, never answered ──► convicted, for kRemembered
//              │                                                      │
//              └──────────────── answered, or forgotten ◄─────────────┘
//
// One for each pool, carried over reloads; fixed in size. Nothing is done per request while nothing is noted: watching()
// is one load. Any thread.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/time.h"

namespace frontdoor {

// What a request asks for, as two hashes: one poisoned record may kill where its siblings do not, and a script that counts
// up in its URL kills with each of them.
struct Likeness {
  std::uint64_t exact = 0;  // method and target
  std::uint64_t kind = 0;   // method, route, and the path without digits, ids and query
};

class Containment {
 public:
  // Deaths of one moment are one event: somebody has killed several upstreams. What was on a dead one waits for so long
  // before its next try, so that it does not meet the next victim.
  static constexpr Millis kMoment{100};
  // How long an unanswered death counts.
  static constexpr Millis kRemembered{30'000};
  static constexpr std::uint32_t kConvicting = 3;
  static constexpr std::size_t kEntries = 128;

  struct Verdict {
    bool repeated = false;   // this was the second death under this request or more, and none like it was answered since
    bool convicted = false;  // its like were on three deaths, and none was ever answered
  };

  // An upstream died while such a request was on it. `deaths`: under this very request, this one included.
  Verdict died(const Likeness& request, std::uint32_t deaths, TimePoint now);
  // An upstream has begun to answer such a request. To be called while watching() only.
  void answered(const Likeness& request, TimePoint now);
  // To be asked while convicting() only.
  bool convicted(const Likeness& request, TimePoint now) const;
  // A suspect asks later on. Nobody: one like it was answered meanwhile, which clears it. Alone: no other request was
  // found a suspect in the moment in which it was. AmongOthers: one of them has killed, and the others only stood beside it.
  enum class Suspected : std::uint8_t { Nobody, Alone, AmongOthers };
  Suspected suspected(const Likeness& request, TimePoint now) const;

  // The hot path's questions. Both may be true for a while longer than they need.
  bool watching() const { return noted_.load(std::memory_order_relaxed) != 0; }
  bool convicting() const { return convicted_.load(std::memory_order_relaxed) != 0; }

  // Counts a request that is suspected. At most every ten seconds it returns how many were since it last did, to be logged.
  std::optional<std::uint64_t> note_suspect(TimePoint now);
  std::uint64_t suspects() const { return suspects_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::uint64_t what = 0;
    std::uint32_t deaths = 0;  // 0 = free
    TimePoint last{};
  };

  std::uint32_t note(std::uint64_t what, TimePoint now);
  bool forget(std::uint64_t what);
  void forget_old(TimePoint now);
  bool is_convicted(std::uint64_t what, TimePoint now) const;
  void count();

  mutable std::mutex mutex_;
  std::array<Entry, kEntries> entries_{};
  TimePoint next_look_{};
  std::optional<TimePoint> reported_at_;
  std::uint64_t reported_ = 0;
  TimePoint moment_began_{};  // the last one in which requests became suspects, and how many did
  std::uint32_t suspects_of_moment_ = 0;
  std::atomic<std::uint64_t> suspects_{0};
  std::atomic<std::uint32_t> noted_{0};
  std::atomic<std::uint32_t> convicted_{0};
};

// How long a request waits after a death under it: kMoment, and `others` that wait already each a little longer, so that
// few of them are together with the one that kills when it is sent again.
Duration pause_after_death(std::uint32_t others);

}  // namespace frontdoor
