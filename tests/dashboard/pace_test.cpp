#include "dashboard/pace.h"

#include <gtest/gtest.h>

#include "dashboard/traffic.h"

namespace frontdoor {
namespace {

Totals pace_totals(std::uint64_t requests, std::uint64_t failed) {
  Totals totals;
  totals.in_flight = 7;
  PoolTotals pool;
  pool.name = "app";
  pool.held_now = 3;
  pool.requests.push_back({"web", "http/1.1", {0, 0, requests - failed, 0, 0, failed}});
  pool.duration.buckets[2] = requests;
  UpstreamTotals upstream;
  upstream.name = "app.1 (127.0.0.1:24001)";
  upstream.by_code = {0, 0, requests - failed, 0, 0, failed};
  upstream.response.buckets[2] = requests;  // between 1 and 2.5 ms
  upstream.history = 0b10;
  upstream.history_size = 2;
  upstream.last_check_micros = 1'500;
  upstream.last_check_error = "status 503";
  pool.upstreams.push_back(upstream);
  totals.pools.push_back(pool);
  return totals;
}

void feed(Meters& meters, std::int64_t second, const Totals& totals) {
  meters.begin(second);
  meters.add(std::string(kAllTraffic), all_traffic(totals));
  for (const auto& [name, part] : parts_of(totals)) meters.add(name, part);
  meters.finish();
}

AdminStatus one_instance() {
  AdminStatus status;
  AdminPool pool;
  pool.name = "app";
  AdminUpstream upstream;
  upstream.name = "app.1";
  upstream.address = "127.0.0.1:24001";
  AdminUpstream unknown;
  unknown.name = "app.2";
  pool.upstreams = {upstream, unknown};
  status.pools.push_back(pool);
  return status;
}

TEST(Pace, IsWhatTheMetersReadAndTheLastCheck) {
  Meters meters;
  feed(meters, 1, pace_totals(100, 0));
  feed(meters, 3, pace_totals(160, 6));
  AdminStatus status = one_instance();
  add_pace(status, pace_totals(160, 6), meters);
  EXPECT_EQ(status.pace.requests, 30);
  EXPECT_EQ(status.pace.errors, 3);
  EXPECT_NEAR(status.pace.p99_ms.value(), 2.485, 0.01);
  EXPECT_EQ(status.in_flight, 7u);
  EXPECT_EQ(status.held, 3u);
  EXPECT_EQ(status.pools[0].held, 3u);
  const AdminUpstream& upstream = status.pools[0].upstreams[0];
  EXPECT_EQ(upstream.pace.value().requests, 30);
  EXPECT_EQ(upstream.pace.value().errors, 3);
  EXPECT_NEAR(upstream.pace.value().p99_ms.value(), 2.485, 0.01);
  EXPECT_FALSE(upstream.check.value().passed);
  EXPECT_EQ(upstream.check.value().ms, 1.5);
  EXPECT_EQ(upstream.check.value().error, "status 503");
  EXPECT_FALSE(status.pools[0].upstreams[1].pace);
  EXPECT_FALSE(status.pools[0].upstreams[1].check);
}

// The last failure is remembered after a pass; it is not what the last check said.
TEST(Pace, OfSilenceHasNoTimesAndOfAPassNoError) {
  Meters meters;
  Totals totals = pace_totals(100, 0);
  totals.pools[0].upstreams[0].history = 0b01;
  feed(meters, 1, totals);
  AdminStatus status = one_instance();
  add_pace(status, totals, meters);
  EXPECT_EQ(status.pace.requests, 0);
  EXPECT_FALSE(status.pace.p99_ms);
  EXPECT_TRUE(status.pools[0].upstreams[0].check.value().passed);
  EXPECT_EQ(status.pools[0].upstreams[0].check.value().error, "");
  AdminStatus early = one_instance();
  add_pace(early, Totals{}, Meters{});
  EXPECT_FALSE(early.pools[0].upstreams[0].pace);
}

}  // namespace
}  // namespace frontdoor
