// Which instance of a pool is to be replaced for its memory, and when. One at a time, the largest first. Pure: no
// process, no clock.
//
// A limit below what the app needs would replace it for ever: two instances in a row that are over the limit within a
// minute of coming up make the next replacement wait, longer each time, and that is told. It serves on meanwhile.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "base/time.h"

namespace frontdoor {

struct MemoryLook {
  unsigned number = 0;        // of the instance, in its pool
  std::uint32_t starts = 0;   // its process: another one is another life
  std::uint64_t bytes = 0;
  Duration lived{};           // since it came up
};

class MemoryLimit {
 public:
  struct Verdict {
    unsigned number = 0;
    std::uint64_t bytes = 0;
    bool too_low = false;  // it was over the limit soon after it came up, as the one before
    Duration pause{};      // at least so long until the next one
  };

  explicit MemoryLimit(std::uint64_t limit) : limit_(limit) {}

  std::uint64_t limit() const { return limit_; }
  void set_limit(std::uint64_t limit);

  // All instances of the pool that are up. A verdict begins a replacement, which ends with replaced().
  std::optional<Verdict> look(std::span<const MemoryLook> instances, TimePoint now);
  void replaced(bool succeeded, TimePoint now);
  // Whoever carried it out has failed; nothing where there is none under way.
  void interrupted(TimePoint now) {
    if (replacing_) replaced(false, now);
  }

 private:
  struct Seen {
    std::uint32_t starts = 0;
    unsigned looks_over = 0;  // in a row
  };

  std::uint64_t limit_;
  std::map<unsigned, Seen> seen_;
  bool replacing_ = false;
  unsigned in_vain_ = 0;  // replacements that were of no use, in a row
  bool failed_ = false;   // the last one
  Duration pause_{};
  TimePoint not_before_{};
};

}  // namespace frontdoor
