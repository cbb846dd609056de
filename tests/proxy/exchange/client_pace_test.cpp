#include "proxy/exchange/client_pace.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWindow = 30s;
constexpr std::uint64_t kRate = 100;

// What a client does in one second, again and again, and after how many of them it is too slow; 0 = not within ten
// minutes. As the exchange does: settled only when that is due.
struct Behaviour {
  const char* what;
  std::uint64_t (*bytes)(int second);
  Duration waited;  // of that second, for the client
  int cut_after;
};

int seconds_until_cut(const Behaviour& behaviour) {
  ClientPace pace;
  std::uint64_t moved = 0;
  for (int second = 1; second <= 600; ++second) {
    pace.waited(behaviour.waited);
    moved += behaviour.bytes(second);
    if (pace.patience(kWindow) > Duration{}) continue;
    pace.settle(moved, kRate);
    if (pace.patience(kWindow) <= Duration{}) return second;
  }
  return 0;
}

TEST(ClientPace, CutsWhoHoldsWithoutMoving) {
  const Behaviour cases[] = {
      {"nothing at all", [](int) -> std::uint64_t { return 0; }, 1s, 30},
      {"a byte a second", [](int) -> std::uint64_t { return 1; }, 1s, 31},
      {"a byte each 29 seconds", [](int s) -> std::uint64_t { return s % 29 == 0; }, 1s, 31},
      {"half of the rate", [](int) -> std::uint64_t { return 50; }, 1s, 60},
      {"all at first, then a byte a second", [](int s) -> std::uint64_t { return s == 1 ? 1 << 20 : 1; }, 1s, 61},
      {"the rate", [](int) -> std::uint64_t { return 100; }, 1s, 0},
      {"bursts as large as the window", [](int s) -> std::uint64_t { return s % 29 == 0 ? 3000 : 0; }, 1s, 0},
      {"silence for 29 seconds, then one slow second", [](int s) -> std::uint64_t { return s % 30 < 2 ? 2000 : 0; },
       1s, 0},
      {"a phone in a tunnel, then a phone", [](int s) -> std::uint64_t { return s < 29 ? 0 : 1500; }, 1s, 0},
      {"a byte a second, but nobody waits for it", [](int) -> std::uint64_t { return 1; }, 0s, 0},
      {"slow, but waited for one tenth of the time", [](int) -> std::uint64_t { return 11; }, 100ms, 0},
      {"more than 64 bits of nanoseconds", [](int) -> std::uint64_t { return std::uint64_t{1} << 52; }, 1s, 0},
  };
  for (const Behaviour& behaviour : cases)
    EXPECT_EQ(seconds_until_cut(behaviour), behaviour.cut_after) << behaviour.what;
}

TEST(ClientPace, SavesNothingUp) {
  ClientPace pace;
  pace.waited(1s);
  pace.settle(1'000'000'000, kRate);
  EXPECT_EQ(pace.patience(kWindow), kWindow);
  pace.settle(999'000'000, kRate);  // the kernel's word may waver by a head
  EXPECT_EQ(pace.patience(kWindow), kWindow);
}

}  // namespace
}  // namespace frontdoor
