#include "admin/views.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

namespace json = boost::json;

std::string text(const json::object& object) { return json::serialize(object); }

TEST(Views, OfNothingAreEmptyLists) {
  EXPECT_EQ(text(listeners_json({})), R"({"listeners":[]})");
  EXPECT_EQ(text(routes_json({})), R"({"routes":[]})");
  EXPECT_EQ(text(pools_json({})), R"({"pools":[]})");
  EXPECT_EQ(text(upstreams_json({})), R"({"upstreams":[]})");
  EXPECT_EQ(text(certificates_json({})), R"({"certificates":[]})");
}

TEST(Views, TellListenersRoutesAndCertificates) {
  Totals totals;
  totals.unix_millis = 1'000'000;
  totals.listeners = {{"web", "127.0.0.1:443", true, false, 3, 10}};
  totals.routes = {{"*.example.com", "", "app", 7}};
  totals.certificates = {{"web", "cert.pem", {"a.example"}, 0, 4'600}};
  EXPECT_EQ(text(listeners_json(totals)),
            R"({"listeners":[{"name":"web","address":"127.0.0.1:443","tls":true,"redirects_to_https":false,)"
            R"("connections":3,"max_connections":10}]})");
  EXPECT_EQ(text(routes_json(totals)), R"({"routes":[{"host":"*.example.com","path":null,"pool":"app","requests":7}]})");
  EXPECT_EQ(text(certificates_json(totals)),
            R"({"certificates":[{"listener":"web","file":"cert.pem","names":["a.example"],)"
            R"("not_before":"1970-01-01T00:00:00.000Z","not_after":"1970-01-01T01:16:40.000Z","expires_in_s":3600}]})");
}

TEST(Views, TellPoolsAndUpstreams) {
  Totals totals;
  PoolTotals pool;
  pool.name = "app";
  pool.requests = {{"web", "http/1.1", {0, 0, 5, 0, 0, 1}}};
  pool.retries = {{"nothing_sent", 2}};
  pool.held_now = 4;
  pool.duration.buckets[0] = 2;
  UpstreamTotals upstream{.name = "127.0.0.1:1", .address = "127.0.0.1:1", .state = "down", .reason = "connection refused"};
  upstream.since_unix_millis = 61'000;
  upstream.history = 0b1101;
  upstream.history_size = 4;
  upstream.last_check_error = "refused";
  pool.upstreams = {upstream};
  totals.pools = {pool};

  const json::value pools = json::parse(text(pools_json(totals)));
  const json::object& told = pools.at("pools").at(0).as_object();
  EXPECT_EQ(told.at("requests"), 6);
  EXPECT_EQ(told.at("up"), 0);
  EXPECT_EQ(told.at("held"), 4);
  EXPECT_EQ(json::serialize(told.at("by_code")), R"({"none":0,"1xx":0,"2xx":5,"3xx":0,"4xx":0,"5xx":1})");
  EXPECT_EQ(json::serialize(told.at("retries")), R"({"nothing_sent":2})");
  EXPECT_EQ(told.at("duration").at("count"), 2);
  EXPECT_EQ(told.at("duration").at("p50_ms"), 0.25);
  EXPECT_EQ(json::serialize(told.at("upstreams")), R"(["127.0.0.1:1"])");

  const json::value upstreams = json::parse(text(upstreams_json(totals)));
  const json::object& row = upstreams.at("upstreams").at(0).as_object();
  EXPECT_EQ(row.at("pool"), "app");
  EXPECT_EQ(row.at("state"), "down");
  EXPECT_EQ(row.at("protocol"), "http/1.1");
  EXPECT_TRUE(row.at("http2").is_null());
  EXPECT_EQ(row.at("reason"), "connection refused");
  EXPECT_EQ(row.at("since"), "1970-01-01T00:01:01.000Z");
  EXPECT_EQ(row.at("check").at("history"), "PPFP");
  EXPECT_EQ(row.at("check").at("last_error"), "refused");
  EXPECT_TRUE(row.at("response").at("p99_ms").is_null()) << "nothing was answered yet";
}

TEST(Views, TellOfHttp2WhereItIsSpoken) {
  Totals totals;
  PoolTotals pool;
  pool.name = "app";
  pool.protocol = "h2c";
  UpstreamTotals upstream{.name = "127.0.0.1:1", .state = "up"};
  upstream.http2 = UpstreamHttp2Totals{.streams = 3, .goaways = {{"NO_ERROR", 1}}, .resets = {{"CANCEL", 2}}};
  pool.upstreams = {upstream};
  totals.pools = {pool};
  const json::value pools = json::parse(text(pools_json(totals)));
  EXPECT_EQ(pools.at("pools").at(0).at("protocol"), "h2c");
  const json::value upstreams = json::parse(text(upstreams_json(totals)));
  EXPECT_EQ(upstreams.at("upstreams").at(0).at("protocol"), "h2c");
  EXPECT_EQ(json::serialize(upstreams.at("upstreams").at(0).at("http2")), R"({"streams":3,"goaways":{"NO_ERROR":1},"resets":{"CANCEL":2}})");
}

}  // namespace
}  // namespace frontdoor
