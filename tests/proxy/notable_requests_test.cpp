#include "proxy/access_log/notable_requests.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

AccessRecord notable_record(std::string_view id, std::string_view target = "/") {
  AccessRecord record;
  record.request_id = id;
  record.target = target;
  record.method = "GET";
  return record;
}

// As the exchange does.
void offer_notable(NotableRequests& notable, std::string_view id, int millis, bool failed = false) {
  if (notable.wants(failed, Millis{millis})) notable.add(notable_record(id), failed, Millis{millis});
}

std::string notable_ids(NotableRequests& notable) {
  std::string text;
  for (const NotableRequest& request : notable.take()) text += request.request_id + (request.failed ? "! " : " ");
  return text;
}

TEST(NotableRequests, AreThoseThatFailedAndTheSlowestFive) {
  NotableRequests notable;
  for (int i = 1; i <= 9; ++i) offer_notable(notable, std::to_string(i), i * 10);
  offer_notable(notable, "late", 35);
  offer_notable(notable, "bad", 1, true);
  EXPECT_EQ(notable_ids(notable), "bad! 9 8 7 6 5 ");
  EXPECT_EQ(notable_ids(notable), "");
}

TEST(NotableRequests, AFastOneIsNotWantedOnceThereAreFiveSlowerOnes) {
  NotableRequests notable;
  for (int i = 0; i < 5; ++i) offer_notable(notable, "slow", 50);
  EXPECT_FALSE(notable.wants(false, Millis{50}));
  EXPECT_TRUE(notable.wants(false, Millis{51}));
  EXPECT_TRUE(notable.wants(true, Millis{1}));
  notable.take();
  EXPECT_TRUE(notable.wants(false, Millis{1}));  // a new second begins
}

TEST(NotableRequests, OfAStormOfFailuresTheFirstAreTold) {
  NotableRequests notable;
  for (int i = 0; i < 1'000; ++i) offer_notable(notable, std::to_string(i), 1, true);
  EXPECT_FALSE(notable.wants(true, Millis{1}));
  const auto taken = notable.take();
  ASSERT_EQ(taken.size(), NotableRequests::kMostFailed);
  EXPECT_EQ(taken.back().request_id, "15");
  EXPECT_TRUE(notable.wants(true, Millis{1}));
}

TEST(NotableRequests, KeepsNoQueryAndNoEndlessText) {
  NotableRequests notable;
  notable.add(notable_record("a", "/login?password=1234"), true, Millis{1});
  const std::string target = "/" + std::string(10'000, 'x');
  notable.add(notable_record("b", target), true, Millis{1});
  const auto taken = notable.take();
  EXPECT_EQ(taken[0].path, "/login");
  EXPECT_GT(taken[0].ended_unix_millis, 1'700'000'000'000);
  EXPECT_EQ(taken[1].path.size(), 256u);
}

TEST(NotableRequests, SayWhatWasSpokenAndWhyItWasNotTriedAgain) {
  struct {
    http::Version version;
    bool upstream_speaks_http2;
    const char* upstream;
    const char* told;
  } const cases[] = {{http::Version::Http10, false, "a", "HTTP/1.0 HTTP/1.1 budget_used_up"},
                     {http::Version::Http2, false, "a", "HTTP/2.0 HTTP/1.1 budget_used_up"},
                     {http::Version::Http11, true, "a", "HTTP/1.1 HTTP/2.0 budget_used_up"},
                     {http::Version::Http2, false, "", "HTTP/2.0  budget_used_up"}};
  for (const auto& c : cases) {
    AccessRecord record = notable_record("a");
    record.version = c.version;
    record.upstream_speaks_http2 = c.upstream_speaks_http2;
    record.upstream = c.upstream;
    record.retry_rule = "budget_used_up";
    NotableRequests notable;
    notable.add(record, true, Millis{1});
    const NotableRequest told = notable.take().front();
    EXPECT_EQ(told.protocol + ' ' + told.upstream_protocol + ' ' + std::string(told.retry_rule), c.told);
  }
}

}  // namespace
}  // namespace frontdoor
