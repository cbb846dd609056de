#include "dashboard/request_log.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

SeenRequest request(std::string id, std::uint64_t total_us, bool failed = false) {
  SeenRequest request;
  request.id = std::move(id);
  request.total_us = total_us;
  request.failed = failed;
  return request;
}

// The ids of a list, one behind the other.
std::string ids(const boost::json::value& list) {
  std::string text;
  for (const auto& each : list.as_array()) text += std::string(each.at("id").as_string()) + ' ';
  return text;
}

std::string ids(const RequestLog& log, const char* list) { return ids(boost::json::parse(log.whole()).at(list)); }

TEST(RequestLog, KeepsFailuresAndTheSlowestOfEachTenSeconds) {
  RequestLog log;
  std::vector<SeenRequest> first;
  for (int i = 1; i <= 7; ++i) first.push_back(request("s" + std::to_string(i), static_cast<std::uint64_t>(i) * 10));
  first.push_back(request("f1", 1, true));
  log.add(20, std::move(first));
  EXPECT_EQ(ids(log, "failed"), "f1 ");
  EXPECT_EQ(ids(log, "slow"), "s3 s4 s5 s6 s7 ");  // the fastest two are forgotten
  log.add(29, {request("s8", 65), request("s9", 5)});
  EXPECT_EQ(ids(log, "slow"), "s4 s5 s6 s8 s7 ");
  log.add(30, {request("t1", 1)});
  EXPECT_EQ(ids(log, "slow"), "s4 s5 s6 s8 s7 t1 ");
}

TEST(RequestLog, TellsWhatIsNewOnce) {
  RequestLog log;
  EXPECT_EQ(log.take_new(), "");
  log.add(1, {request("a", 5), request("b", 1, true)});
  EXPECT_EQ(ids(boost::json::parse('[' + log.take_new() + ']')), "a b ");
  EXPECT_EQ(log.take_new(), "");
}

TEST(RequestLog, IsBounded) {
  RequestLog log;
  for (std::int64_t second = 0; second < 10'000; second += 2) {
    std::vector<SeenRequest> some;
    for (int i = 0; i < 10; ++i) some.push_back(request("x", static_cast<std::uint64_t>(second + i), i % 2 == 0));
    log.add(second, std::move(some));
  }
  const auto whole = boost::json::parse(log.whole());
  EXPECT_EQ(whole.at("failed").as_array().size(), RequestLog::kFailed);
  EXPECT_EQ(whole.at("slow").as_array().size(), RequestLog::kSlow + RequestLog::kSlowOfAWindow);
}

TEST(RequestLog, ARequestAsJson) {
  SeenRequest seen{.ended_unix_millis = 1'700'000'000'123, .method = "GET", .host = "shop.example", .path = std::string(500, 'x'), .status = 502,
                   .outcome = "upstream_reset", .detail = "", .protocol = "HTTP/2.0", .tls = "TLSv1.3", .upstream_protocol = "HTTP/1.1", .pool = "app", .upstream = "app.1", .id = "\"\xff", .retry_rule = "reset_not_idempotent", .tries = 2, .failed = true,
                   .held_us = 1, .connect_us = 2, .first_byte_us = 3, .total_us = 4};
  const auto json = boost::json::parse(to_json(seen));
  EXPECT_EQ(json.at("at").to_number<std::int64_t>(), 1'700'000'000'123);
  EXPECT_EQ(json.at("status").to_number<int>(), 502);
  EXPECT_EQ(json.at("path").as_string().size(), 200u);
  EXPECT_EQ(json.at("id").as_string(), "\"\xEF\xBF\xBD");
  EXPECT_EQ(json.at("tries").to_number<int>(), 2);
  EXPECT_EQ(json.at("protocol").as_string(), "HTTP/2.0");
  EXPECT_EQ(json.at("tls").as_string(), "TLSv1.3");
  EXPECT_EQ(json.at("upstream_protocol").as_string(), "HTTP/1.1");
  EXPECT_TRUE(json.at("failed").as_bool());
  EXPECT_EQ(json.at("retry").as_string(), "reset_not_idempotent");
  EXPECT_EQ(json.at("means").as_string(),
            "the upstream closed before it had answered; it was not sent again, as it may have been carried out already");
  seen.failed = false;
  EXPECT_FALSE(boost::json::parse(to_json(seen)).as_object().contains("means"));
  EXPECT_EQ(json.at("total_us").to_number<int>(), 4);
}

TEST(RequestLog, FindsAllOfAnId) {
  const auto of = [](const char* id, std::int64_t at, bool failed, std::uint64_t took) {
    return SeenRequest{.ended_unix_millis = at, .id = id, .failed = failed, .total_us = took};
  };
  RequestLog log;
  log.add(5, {of("a", 5, true, 1), of("b", 6, false, 9), of("a", 4, false, 8)});
  log.add(15, {of("a", 15, false, 7)});
  std::string found;
  for (const SeenRequest& request : log.find("a")) found += std::to_string(request.ended_unix_millis) + ' ';
  EXPECT_EQ(found, "4 5 15 ") << "those that failed, those of a window that is over, and of the one under way";
  EXPECT_TRUE(log.find("").empty());
  EXPECT_TRUE(log.find("c").empty());
}

}  // namespace
}  // namespace frontdoor
