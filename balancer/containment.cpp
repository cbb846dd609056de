#include "balancer/containment.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace frontdoor {
namespace {

constexpr Millis kBetweenReports{10'000};
constexpr std::chrono::microseconds kApart{1'500};
constexpr std::uint32_t kMostApart = 63;

}  // namespace

Containment::Verdict Containment::died(const Likeness& request, std::uint32_t deaths, TimePoint now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const std::uint32_t exactly_so = note(request.exact, now);
  const std::uint32_t of_its_kind = note(request.kind, now);
  count();
  const bool repeated = deaths >= 2 && exactly_so >= 2;
  if (repeated && (suspects_of_moment_ == 0 || now >= moment_began_ + kMoment)) {
    moment_began_ = now;
    suspects_of_moment_ = 0;
  }
  suspects_of_moment_ += repeated;
  return {.repeated = repeated,
          .convicted = exactly_so >= kConvicting || of_its_kind >= kConvicting};
}

void Containment::answered(const Likeness& request, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (now >= next_look_) forget_old(now);
  const bool exactly_so = forget(request.exact);
  const bool of_its_kind = forget(request.kind);
  if (exactly_so || of_its_kind) count();
}

bool Containment::convicted(const Likeness& request, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return is_convicted(request.exact, now) || is_convicted(request.kind, now);
}

Containment::Suspected Containment::suspected(const Likeness& request, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const bool noted = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.deaths != 0 && entry.what == request.exact && now < entry.last + kRemembered;
  });
  if (!noted) return Suspected::Nobody;
  return suspects_of_moment_ > 1 ? Suspected::AmongOthers : Suspected::Alone;
}

std::optional<std::uint64_t> Containment::note_suspect(TimePoint now) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t total = suspects_.load(std::memory_order_relaxed) + 1;
  suspects_.store(total, std::memory_order_relaxed);
  if (reported_at_ && now < *reported_at_ + kBetweenReports) return std::nullopt;
  reported_at_ = now;
  return total - std::exchange(reported_, total);
}

// How many events it was on by now. When the table is full the least suspicious entry makes room.
std::uint32_t Containment::note(std::uint64_t what, TimePoint now) {
  Entry* place = &entries_.front();
  for (Entry& entry : entries_) {
    if (entry.deaths != 0 && entry.what == what) {
      if (now >= entry.last + kMoment) {
        ++entry.deaths;
        entry.last = now;
      }
      return entry.deaths;
    }
    const bool better = entry.deaths != place->deaths ? entry.deaths < place->deaths : entry.last < place->last;
    if (better) place = &entry;
  }
  *place = {.what = what, .deaths = 1, .last = now};
  return 1;
}

bool Containment::forget(std::uint64_t what) {
  for (Entry& entry : entries_) {
    if (entry.deaths == 0 || entry.what != what) continue;
    entry = {};
    return true;
  }
  return false;
}

void Containment::forget_old(TimePoint now) {
  next_look_ = now + kRemembered;
  for (Entry& entry : entries_) {
    if (entry.deaths == 0) continue;
    if (now >= entry.last + kRemembered)
      entry = {};
    else
      next_look_ = std::min(next_look_, entry.last + kRemembered);
  }
  count();
}

bool Containment::is_convicted(std::uint64_t what, TimePoint now) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.deaths >= kConvicting && entry.what == what && now < entry.last + kRemembered;
  });
}

void Containment::count() {
  std::uint32_t noted = 0;
  std::uint32_t convicted = 0;
  for (const Entry& entry : entries_) {
    noted += entry.deaths != 0;
    convicted += entry.deaths >= kConvicting;
  }
  noted_.store(noted, std::memory_order_relaxed);
  convicted_.store(convicted, std::memory_order_relaxed);
}

Duration pause_after_death(std::uint32_t others) {
  return Duration{Containment::kMoment} + kApart * std::min(others, kMostApart);
}

}  // namespace frontdoor
