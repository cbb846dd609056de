#include "http2/flood_guard.h"

#include <gtest/gtest.h>

namespace frontdoor::http2 {
namespace {

using std::chrono::seconds;

constexpr std::array kAll{Burden::Reset, Burden::Ping, Burden::Settings, Burden::EmptyData, Burden::WindowUpdate, Burden::Other};

TEST(FloodGuard, ABurstIsAllowedAndOneMoreIsNot) {
  for (const Burden kind : kAll) {
    FloodGuard guard;
    const TimePoint now{seconds{1000}};
    for (std::uint32_t i = 0; i < FloodGuard::allowance(kind).burst; ++i) EXPECT_TRUE(guard.count(kind, now)) << name_of(kind);
    EXPECT_FALSE(guard.count(kind, now)) << name_of(kind);
  }
}

TEST(FloodGuard, ItsRateMayGoOnForEver) {
  for (const Burden kind : kAll) {
    FloodGuard guard;
    TimePoint now{seconds{1000}};
    const auto rate = FloodGuard::allowance(kind).per_second;
    for (int second = 0; second < 1000; ++second, now += seconds{1})
      for (std::uint32_t i = 0; i < rate; ++i) ASSERT_TRUE(guard.count(kind, now)) << name_of(kind);
  }
}

TEST(FloodGuard, TwiceItsRateMayNot) {
  for (const Burden kind : kAll) {
    FloodGuard guard;
    TimePoint now{seconds{1000}};
    const auto allowed = FloodGuard::allowance(kind);
    bool held = true;
    for (std::uint32_t second = 0; held && second < 10 + allowed.burst; ++second, now += seconds{1})
      for (std::uint32_t i = 0; held && i < 2 * allowed.per_second; ++i) held = guard.count(kind, now);
    EXPECT_FALSE(held) << name_of(kind);
  }
}

TEST(FloodGuard, KindsDoNotCountForEachOther) {
  FloodGuard guard;
  const TimePoint now{seconds{1000}};
  while (guard.count(Burden::Ping, now)) {
  }
  EXPECT_TRUE(guard.count(Burden::Settings, now));
  EXPECT_TRUE(guard.count(Burden::Reset, now));
}

TEST(FloodGuard, AClientThatPingsEveryTenSecondsIsNone) {
  FloodGuard guard;
  TimePoint now{seconds{1000}};
  for (int i = 0; i < 10'000; ++i, now += seconds{10}) ASSERT_TRUE(guard.count(Burden::Ping, now));
}

TEST(FloodGuard, WhoIsSentMuchOpensManyWindows) {
  FloodGuard guard;
  const TimePoint now{seconds{1000}};
  for (int i = 0; i < 20'000; ++i) guard.data_sent();
  for (int i = 0; i < 40'000; ++i) ASSERT_TRUE(guard.count(Burden::WindowUpdate, now));
  for (std::uint32_t i = 0; i < FloodGuard::allowance(Burden::WindowUpdate).burst; ++i)
    ASSERT_TRUE(guard.count(Burden::WindowUpdate, now));
  EXPECT_FALSE(guard.count(Burden::WindowUpdate, now));
}

TEST(FloodGuard, WhatWasSentIsNotRememberedWithoutEnd) {
  FloodGuard guard;
  for (int i = 0; i < 10'000'000; i += 100)
    for (int j = 0; j < 100; ++j) guard.data_sent();
  const TimePoint now{seconds{1000}};
  int allowed = 0;
  while (guard.count(Burden::WindowUpdate, now)) ++allowed;
  EXPECT_LT(allowed, 100'000);
}

}  // namespace
}  // namespace frontdoor::http2
