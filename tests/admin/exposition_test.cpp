// What a scrape says, line by line.

#include "admin/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "admin/metric_families.h"
#include "admin/paced_text.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Totals some() {
  Totals totals;
  totals.serving = true;
  totals.in_flight = 5;
  totals.listeners = {{.name = "web", .address = "127.0.0.1:80", .connections = 3, .most_connections = 1'000}};
  totals.routes = {{"", "", "app"}};
  PoolTotals pool;
  pool.name = "app";
  pool.requests = {{"web", "http/1.1", {1, 2, 30, 4, 5, 6}}};
  pool.duration.buckets = {1, 2};
  pool.duration.buckets.back() = 4;
  pool.duration.sum_nanos = 1'500'000'000;
  pool.held_now = 2;
  pool.holds = {{"released", 7}};
  pool.retries = {{"nothing_sent", 8}};
  pool.retries_denied = {{"budget_used_up", 9}};
  pool.own_answers = {{"hold_timeout", 10}};
  pool.unfinished = {{"client_closed", 11}};
  UpstreamTotals up{.name = "127.0.0.1:3001", .state = "up", .weight = 2, .requests = 50, .in_flight = 3};
  up.by_code = {1, 0, 46, 0, 0, 0};
  up.active_connections = 3;
  up.idle_connections = 4;
  up.http2 = UpstreamHttp2Totals{.streams = 14, .goaways = {{"NO_ERROR", 15}}, .resets = {{"REFUSED_STREAM", 16}}};
  up.transitions = {{"up", "passed", 2}, {"down", "dead", 1}};
  up.checks = {{"passed", 90}, {"refused", 1}};
  pool.upstreams = {up, {.name = "127.0.0.1:3002", .state = "down"}};
  totals.pools = {pool};
  totals.unrouted = {{"web", "http/1.1", {0, 0, 0, 0, 3, 0}}};
  totals.own_answers = {{"no_route", 3}};
  totals.turned_away = {{"no_memory", 0}, {"max_connections", 6}};
  totals.handshakes = {{"full", 12}};
  totals.loop_lag.resize(2);
  totals.access_log_dropped = 13;
  totals.access_log_failed_rotations = 3;
  totals.reloads = {.succeeded = 2, .failed = 1, .last_success_unix_millis = 1'700'000'000'500, .last_failed = true};
  totals.webhook = WebhookTotals{.delivered = 20, .failed = 21, .refused = 22, .lost_events = 23};
  totals.certificates = {{"web", "/etc/cert.pem", {"a.example", "b.example"}, 0, 1'800'000'000}};
  totals.upstream_certificates = {{"app", "/etc/ours.pem", 1'900'000'000}};
  totals.instances = {{"app", "app.1", "up", 4711, true, 3, false}, {"app", "app.2", "crash loop", -1, false, 9, true}};
  return totals;
}

const ScrapeExtras kExtras{.version = "0.1.0",
                           .commit = "abc",
                           .own = {{1.5, 1 << 20, 1'700'000'000}, 2 << 20, 40, 1'024, 4},
                           .instances = {{4711, {2.5, 100 << 20, 1'700'000'001}}}};

TEST(Exposition, TellsEachFamilyUnderItsName) {
  const std::string text = prometheus_text(some(), kExtras);
  for (const char* line : {
           "frontdoor_build_info{version=\"0.1.0\",commit=\"abc\"} 1",
           "frontdoor_ready 1",
           "frontdoor_draining 0",
           "frontdoor_requests_total{listener=\"web\",pool=\"app\",code=\"2xx\",protocol=\"http/1.1\"} 30",
           "frontdoor_requests_total{listener=\"web\",pool=\"app\",code=\"none\",protocol=\"http/1.1\"} 1",
           "frontdoor_requests_total{listener=\"web\",pool=\"\",code=\"4xx\",protocol=\"http/1.1\"} 3",
           "frontdoor_requests_in_flight 5",
           "frontdoor_request_duration_seconds_bucket{pool=\"app\",le=\"0.0005\"} 1",
           "frontdoor_request_duration_seconds_bucket{pool=\"app\",le=\"0.001\"} 3",
           "frontdoor_request_duration_seconds_bucket{pool=\"app\",le=\"10\"} 3",
           "frontdoor_request_duration_seconds_bucket{pool=\"app\",le=\"+Inf\"} 7",
           "frontdoor_request_duration_seconds_count{pool=\"app\"} 7",
           "frontdoor_request_duration_seconds_sum{pool=\"app\"} 1.5",
           "frontdoor_responses_own_total{pool=\"app\",outcome=\"hold_timeout\"} 10",
           "frontdoor_responses_own_total{pool=\"\",outcome=\"no_route\"} 3",
           "frontdoor_requests_unfinished_total{pool=\"app\",outcome=\"client_closed\"} 11",
           "frontdoor_connections{listener=\"web\"} 3",
           "frontdoor_connections_limit{listener=\"web\"} 1000",
           "frontdoor_connections_turned_away_total{reason=\"no_memory\"} 0",
           "frontdoor_connections_turned_away_total{reason=\"max_connections\"} 6",
           "frontdoor_tls_handshakes_total{result=\"full\"} 12",
           "frontdoor_pool_upstreams{pool=\"app\"} 2",
           "frontdoor_pool_upstreams_up{pool=\"app\"} 1",
           "frontdoor_pool_asleep{pool=\"app\"} 0",
           "frontdoor_upstream_up{pool=\"app\",upstream=\"127.0.0.1:3001\"} 1",
           "frontdoor_upstream_up{pool=\"app\",upstream=\"127.0.0.1:3002\"} 0",
           "frontdoor_upstream_state{pool=\"app\",upstream=\"127.0.0.1:3002\",state=\"down\"} 1",
           "frontdoor_upstream_state{pool=\"app\",upstream=\"127.0.0.1:3002\",state=\"up\"} 0",
           "frontdoor_upstream_weight{pool=\"app\",upstream=\"127.0.0.1:3001\"} 2",
           "frontdoor_upstream_tls_certificate_not_after_timestamp_seconds{pool=\"app\",file=\"/etc/ours.pem\"} 1900000000",
           "frontdoor_upstream_http2_streams{pool=\"app\",upstream=\"127.0.0.1:3001\"} 14",
           "frontdoor_upstream_http2_goaways_total{pool=\"app\",upstream=\"127.0.0.1:3001\",error=\"NO_ERROR\"} 15",
           "frontdoor_upstream_http2_resets_total{pool=\"app\",upstream=\"127.0.0.1:3001\",error=\"REFUSED_STREAM\"} 16",
           "frontdoor_upstream_requests_total{pool=\"app\",upstream=\"127.0.0.1:3001\",code=\"2xx\"} 46",
           "frontdoor_upstream_requests_in_flight{pool=\"app\",upstream=\"127.0.0.1:3001\"} 3",
           "frontdoor_upstream_connections{pool=\"app\",upstream=\"127.0.0.1:3001\",state=\"active\"} 3",
           "frontdoor_upstream_connections{pool=\"app\",upstream=\"127.0.0.1:3001\",state=\"idle\"} 4",
           "frontdoor_upstream_connect_duration_seconds_count{pool=\"app\"} 0",
           "frontdoor_upstream_response_duration_seconds_count{pool=\"app\"} 0",
           "frontdoor_health_checks_total{pool=\"app\",upstream=\"127.0.0.1:3001\",result=\"refused\"} 1",
           "frontdoor_upstream_transitions_total{pool=\"app\",upstream=\"127.0.0.1:3001\",to=\"down\",reason=\"dead\"} 1",
           "frontdoor_retries_total{pool=\"app\",reason=\"nothing_sent\"} 8",
           "frontdoor_retries_denied_total{pool=\"app\",reason=\"budget_used_up\"} 9",
           "frontdoor_held_requests{pool=\"app\"} 2",
           "frontdoor_hold_wait_seconds_count{pool=\"app\"} 0",
           "frontdoor_holds_total{pool=\"app\",result=\"released\"} 7",
           "frontdoor_worker_loop_lag_seconds_count{worker=\"1\"} 0",
           "frontdoor_access_log_dropped_total 13",
           "frontdoor_access_log_failed_rotations_total 3",
           "frontdoor_config_reloads_total{result=\"success\"} 2",
           "frontdoor_config_reloads_total{result=\"failure\"} 1",
           "frontdoor_config_last_reload_successful 0",
           "frontdoor_webhook_deliveries_total{result=\"delivered\"} 20",
           "frontdoor_webhook_deliveries_total{result=\"failed\"} 21",
           "frontdoor_webhook_deliveries_total{result=\"refused\"} 22",
           "frontdoor_webhook_events_lost_total 23",
           "frontdoor_config_last_reload_success_timestamp_seconds 1700000000.5",
           "frontdoor_tls_certificate_not_after_timestamp_seconds{listener=\"web\",file=\"/etc/cert.pem\",name=\"a.example\"} 1800000000",
           "frontdoor_process_up{pool=\"app\",instance=\"app.1\"} 1",
           "frontdoor_process_crash_loop{pool=\"app\",instance=\"app.2\"} 1",
           "frontdoor_process_restarts_total{pool=\"app\",instance=\"app.2\"} 9",
           "frontdoor_process_resident_memory_bytes{pool=\"app\",instance=\"app.1\"} 104857600",
           "frontdoor_process_cpu_seconds_total{pool=\"app\",instance=\"app.1\"} 2.5",
           "frontdoor_process_start_time_seconds{pool=\"app\",instance=\"app.1\"} 1700000001",
           "process_cpu_seconds_total 1.5",
           "process_resident_memory_bytes 1048576",
           "process_virtual_memory_bytes 2097152",
           "process_open_fds 40",
           "process_max_fds 1024",
           "process_threads 4",
           "process_start_time_seconds 1700000000",
       })
    EXPECT_THAT("\n" + text, HasSubstr("\n" + std::string(line) + "\n"));
  EXPECT_THAT(text, Not(HasSubstr("resident_memory_bytes{pool=\"app\",instance=\"app.2\"}"))) << "it has no process";
}

// Each family once, with help and type; each series once. (promtool, where it is there, says the same in e2e/metrics.)
TEST(Exposition, IsWellFormed) {
  Totals totals = some();
  totals.instances.push_back(totals.instances.front());
  totals.certificates.push_back(totals.certificates.front());
  totals.pools.push_back(totals.pools.front());
  std::istringstream text(prometheus_text(totals, kExtras));
  std::set<std::string> series, families;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(families.insert(line).second) << line;
    }
    if (line.starts_with('#')) continue;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
  }
  EXPECT_GT(families.size(), 40u);
}

TEST(Exposition, LabelsOfAnyBytesStayOneLine) {
  Totals totals = some();
  totals.certificates = {{"a\"b\\c\nd", "\xff.pem", {}, 0, 1}};
  const std::string text = prometheus_text(totals, kExtras);
  EXPECT_THAT(text, HasSubstr("{listener=\"a\\\"b\\\\c\\nd\",file=\"\xEF\xBF\xBD.pem\",name=\"\"} 1\n"));
}

TEST(Exposition, OfNothingIsStillAScrape) {
  EXPECT_THAT(prometheus_text({}, {}), AllOf(HasSubstr("frontdoor_ready 0\n"), HasSubstr("frontdoor_access_log_dropped_total 0\n")));
}

TEST(PacedText, TakesATenthOfTheTimeAtMost) {
  PacedText text;
  const TimePoint start = TimePoint{} + 1h;
  EXPECT_TRUE(text.due(start));
  text.made("a", start, start + 3ms);
  EXPECT_FALSE(text.due(start + 3ms));
  EXPECT_FALSE(text.due(start + 30ms - 1ns));
  EXPECT_TRUE(text.due(start + 30ms));
  EXPECT_EQ(text.text(), "a");
}

}  // namespace
}  // namespace frontdoor
