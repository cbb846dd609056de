#include "dashboard/picture.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "dashboard/traffic.h"

namespace frontdoor {
namespace {

namespace json = boost::json;

Totals totals_of(std::uint64_t requests) {
  Totals totals;
  totals.listeners.push_back({.name = "web", .address = "127.0.0.1:80"});
  totals.listeners.push_back({.name = "other", .address = "127.0.0.1:81"});
  totals.routes.push_back({"", "/api/*", "app", requests});
  totals.certificates.push_back({"web", "site.pem", {"a.example"}, 0, 1'800'000'000});
  totals.in_flight = 5;
  PoolTotals pool;
  pool.name = "app";
  pool.requests.push_back({"web", "http/1.1", {0, 0, requests, 0, 0, 2}});
  pool.duration.buckets[0] = requests;
  pool.unfinished = {{"client_closed", 9}, {"response_truncated", 3}};
  pool.held_now = 4;
  UpstreamTotals upstream;
  upstream.name = "app.1 (127.0.0.1:24001)";
  upstream.weight = 7;
  upstream.by_code = {1, 0, requests, 0, 0, 2};
  upstream.history = 0b1101;
  upstream.history_size = 4;
  upstream.last_check_micros = 1'500;
  upstream.last_check_error = "status 503";
  pool.upstreams.push_back(upstream);
  totals.pools.push_back(pool);
  totals.unrouted.push_back({"web", "http/1.1", {0, 0, 0, 0, 6, 1}});
  return totals;
}

AdminStatus status_of() {
  AdminStatus status;
  status.version = "1.2.3";
  status.now_unix_millis = 1'000'000;
  AdminPool pool;
  pool.name = "app";
  pool.command = {"node", "app.js"};
  AdminUpstream up;
  up.name = "app.1";
  up.address = "127.0.0.1:24001";
  up.state = "up";
  up.since_unix_millis = 5'000;
  up.process = AdminProcess{.number = 1, .pid = 77, .memory_bytes = 64 << 20, .cpu_percent = 3.25};
  AdminUpstream old = up;
  old.address = "127.0.0.1:24002";
  old.state = "draining";
  old.process->next_start_millis = 2'345;
  pool.upstreams = {up, old};
  status.pools.push_back(pool);
  return status;
}

TEST(Traffic, CountsFailuresThatAreNotTheClients) {
  const TrafficTotals all = all_traffic(totals_of(100));
  EXPECT_EQ(all.requests, 109u);
  EXPECT_EQ(all.errors, 6u);  // two 5xx and a cut answer of the pool's (three times), one 5xx without a route
  EXPECT_EQ(all.held, 4u);
  EXPECT_EQ(all.in_flight, 5u);
  EXPECT_EQ(all.latency.count(), 100u);
}

TEST(Traffic, OfAPoolThatLeavesIsNoTrafficOfTheOthers) {
  Totals totals = totals_of(1'000);
  totals.pools.push_back(totals.pools.front());
  totals.pools.back().name = "old";
  WholeTraffic whole;
  const std::uint64_t with_both = whole.add(totals).requests;
  EXPECT_EQ(with_both, all_traffic(totals).requests);
  totals.pools.pop_back();
  EXPECT_EQ(whole.add(totals).requests, with_both);
  totals.pools.front().requests.front().by_code[2] += 5;
  EXPECT_EQ(whole.add(totals).requests, with_both + 5);
  EXPECT_EQ(whole.add(totals).held, 4u) << "of now";
  // A pool of that name that comes again has begun anew.
  totals.pools.push_back(totals_of(7).pools.front());
  totals.pools.back().name = "old";
  EXPECT_EQ(whole.add(totals).requests, with_both + 5 + 9);
  totals.pools.back().requests.front().by_code = {0, 0, 3, 0, 0, 0};
  EXPECT_EQ(whole.add(totals).requests, with_both + 5 + 9 + 3) << "as one does whose counts have gone back";
}

TEST(Traffic, HasAPartForEachPoolUpstreamAndLaneThatIsUsed) {
  std::string names;
  for (const auto& [name, totals] : parts_of(totals_of(100))) names += name + ' ' + std::to_string(totals.requests) + '\n';
  EXPECT_EQ(names, "pool/app 102\nup/app/app.1 (127.0.0.1:24001) 103\nlane/0/app 102\nroute/ /api/* app 100\n");
}

json::object drawn(std::uint64_t requests, LiveDocument& document, Meters& meters, std::int64_t second) {
  const Totals totals = totals_of(requests);
  const AdminStatus status = status_of();
  meters.begin(second);
  for (const auto& [name, part] : parts_of(totals)) meters.add(name, part);
  meters.finish();
  draw(document, Picture{status, totals, meters});
  return json::parse('{' + document.finish() + '}').as_object();
}

TEST(Picture, ShowsEverythingOnceAndThenTheNumbers) {
  LiveDocument document;
  Meters meters;
  const json::object first = drawn(100, document, meters, 1).at("set").as_object();
  EXPECT_EQ(first.at("order"), json::parse(R"({"listeners":2,"routes":1,"certificates":1,
      "pools":[{"name":"app","upstreams":["app.1","app.1@127.0.0.1:24002"]}]})"));
  EXPECT_EQ(first.at("top").at("sentence"), "pool app: all busy, 4 requests held");
  EXPECT_EQ(first.at("route/0"), json::parse(R"({"host":"","path":"/api/*","pool":"app"})"));
  EXPECT_EQ(first.at("certificate/0").at("not_after").to_number<std::int64_t>(), 1'800'000'000'000);
  const auto& row = first.at("up/app/app.1");
  EXPECT_EQ(row.at("condition"), "good");
  EXPECT_EQ(row.at("weight").to_number<int>(), 7);
  EXPECT_EQ(row.at("pid").to_number<int>(), 77);
  EXPECT_EQ(row.at("since").to_number<int>(), 5'000);
  EXPECT_EQ(first.at("up/app/app.1@127.0.0.1:24002").at("next_start").to_number<int>(), 1'002'300);
  EXPECT_EQ(first.at("probe/app/app.1"), json::parse(R"({"strip":"1101","ms":1.5E0,"failure":"status 503"})"));
  EXPECT_EQ(first.at("now/app/app.1"), json::parse("[0,0,null,0,0,64,3.25,0]"));
  EXPECT_EQ(first.count("lane/0/app"), 0u);

  const json::object second = drawn(130, document, meters, 2);
  std::string keys;
  for (const auto& [key, value] : second.at("set").as_object()) keys += std::string(key) + ' ';
  EXPECT_EQ(keys, "flow/app lane/0/app now/app/app.1 pace/0 ");
  EXPECT_EQ(second.at("set").at("pace/0"), 30);
  EXPECT_EQ(second.at("set").at("flow/app"), json::parse("[30,0,0.47,0,4]"));
  EXPECT_FALSE(second.contains("gone"));
}

// An instance is gone, and so is all that was shown of it.
TEST(Picture, WhatIsGoneIsGone) {
  LiveDocument document;
  Meters meters;
  drawn(100, document, meters, 1);
  AdminStatus status = status_of();
  status.pools[0].upstreams.pop_back();
  const Totals totals = totals_of(100);
  draw(document, Picture{status, totals, meters});
  const json::object delta = json::parse('{' + document.finish() + '}').as_object();
  EXPECT_EQ(delta.at("gone"), json::parse(R"(["now/app/app.1@127.0.0.1:24002","up/app/app.1@127.0.0.1:24002"])"));
}

TEST(Picture, TellsWhatOperatorsHaveChangedWhatWasSentAgainAndHowLongRequestsWaited) {
  LiveDocument document;
  Meters meters;
  Totals totals = totals_of(100);
  totals.pools[0].upstreams[0].retried = 5;
  totals.pools[0].hold_wait.buckets[7] = 20;  // between 50 and 100 ms
  AdminStatus status = status_of();
  status.pools[0].upstreams[0].added = AdminStanding{"root", 1, "Friday"};
  status.pools[0].upstreams[1].leaving = true;
  status.pools[0].upstreams[1].weight = 3;
  status.pools[0].removed = {{"10.0.0.1:80", {"uid 7", 1, ""}}};
  status.pools[0].protocol = "h2c";
  draw(document, Picture{status, totals, meters, true, "In the last 5 minutes none of 7 requests failed."});
  const json::object set = json::parse('{' + document.finish() + '}').at("set").as_object();
  EXPECT_EQ(set.at("now/app/app.1").as_array().back(), 5);
  EXPECT_EQ(set.at("waits/app"), json::parse("[20,75,97.5]"));
  EXPECT_EQ(set.at("up/app/app.1").at("added"), "added by root, Friday");
  EXPECT_EQ(set.at("up/app/app.1@127.0.0.1:24002").as_object().if_contains("added"), nullptr);
  EXPECT_EQ(set.at("up/app/app.1@127.0.0.1:24002").at("weight").to_number<int>(), 3);
  EXPECT_EQ(set.at("lately"), "In the last 5 minutes none of 7 requests failed.");
  EXPECT_EQ(set.at("pool/app").at("protocol"), "h2c");
  EXPECT_EQ(set.at("pool/app").at("removed"), json::parse(R"(["10.0.0.1:80 removed by uid 7"])"));
}

}  // namespace
}  // namespace frontdoor
