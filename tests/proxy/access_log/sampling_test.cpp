// Which requests a sampled log may leave out, and which of those it does.

#include "proxy/access_log/sampling.h"

#include <gtest/gtest.h>

#include <array>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

AccessRecord served() {
  AccessRecord record;
  record.outcome = "served";
  record.status = 200;
  record.tries = 1;
  record.total_us = 1'500;
  return record;
}

TEST(Sampling, LeavesOutWhatWentWellAlone) {
  static constexpr Attempt kAttempts[] = {{}, {}};
  const struct {
    const char* what;
    void (*change)(AccessRecord&);
    bool may_be_left_out;
  } rows[] = {
      {"served", [](AccessRecord&) {}, true},
      {"an app's redirect", [](AccessRecord& r) { r.status = 302; }, true},
      {"an app's 404", [](AccessRecord& r) { r.status = 404; }, true},
      {"a tunnel", [](AccessRecord& r) { r.status = 101; }, true},
      {"an app's 500", [](AccessRecord& r) { r.status = 500; }, false},
      {"an app's 503", [](AccessRecord& r) { r.status = 503; }, false},
      {"answered by us", [](AccessRecord& r) { r.outcome = "answered"; }, false},
      {"redirected by us", [](AccessRecord& r) { r.outcome = "redirected", r.status = 308; }, false},
      {"no route", [](AccessRecord& r) { r.outcome = "no_route", r.status = 404; }, false},
      {"no upstream", [](AccessRecord& r) { r.outcome = "no_upstream", r.status = 503; }, false},
      {"its client has left", [](AccessRecord& r) { r.outcome = "client_closed"; }, false},
      {"no outcome", [](AccessRecord& r) { r.outcome = ""; }, false},
      {"cut", [](AccessRecord& r) { r.outcome = "response_truncated"; }, false},
      {"held", [](AccessRecord& r) { r.held_us = 1; }, false},
      {"tried twice", [](AccessRecord& r) { r.tries = 2; }, false},
      {"twice at the same upstream", [](AccessRecord& r) { r.attempts = kAttempts; }, false},
      {"something was wrong with it", [](AccessRecord& r) { r.detail = "ended without a close frame"; }, false},
      {"just not slow", [](AccessRecord& r) { r.total_us = 999'999; }, true},
      {"slow", [](AccessRecord& r) { r.total_us = 1'000'000; }, false},
  };
  for (const auto& row : rows) {
    AccessRecord record = served();
    row.change(record);
    EXPECT_EQ(may_be_left_out(record, 1s), row.may_be_left_out) << row.what;
  }
  AccessRecord slow = served();
  slow.total_us = 1'000'000'000;
  EXPECT_TRUE(may_be_left_out(slow, 0s)) << "nothing is slow";
}

TEST(Sampling, KeepsItsShare) {
  const struct {
    double share;
    int least, most;  // of 10,000: five standard deviations
  } rows[] = {{0.0, 0, 0}, {0.01, 50, 150}, {0.25, 2'284, 2'716}, {0.5, 4'750, 5'250}, {0.999, 9'974, 10'000}};
  for (const auto& row : rows) {
    Sampler sampler(42);
    int picked = 0;
    for (int i = 0; i < 10'000; ++i) picked += sampler.picks(row.share) ? 1 : 0;
    EXPECT_GE(picked, row.least) << row.share;
    EXPECT_LE(picked, row.most) << row.share;
  }
}

// A client that sends ten kinds of requests in turn would show one of them alone.
TEST(Sampling, PicksOfEachKindThatComesInTurn) {
  Sampler sampler(7);
  std::array<int, 10> picked{};
  for (std::size_t i = 0; i < 10'000; ++i) picked[i % 10] += sampler.picks(0.1) ? 1 : 0;
  for (const int count : picked) {
    EXPECT_GT(count, 50);
    EXPECT_LT(count, 150);
  }
}

TEST(Sampling, WorksWithAnySeed) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    Sampler sampler(seed);
    int picked = 0;
    for (int i = 0; i < 10'000; ++i) picked += sampler.picks(0.5) ? 1 : 0;
    EXPECT_GT(picked, 4'500) << seed;
    EXPECT_LT(picked, 5'500) << seed;
  }
}

}  // namespace
}  // namespace frontdoor
