// What the admin socket tells, as values: who may use it, where it is, and what its lines and its JSON look like.

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admin/log_line.h"
#include "admin/peer.h"
#include "admin/reply.h"
#include "admin/place.h"
#include "admin/status.h"
#include "admin/time_text.h"
#include "admin/utf8.h"

namespace frontdoor {
namespace {

TEST(AdminAccess, IsTheUserSAndRootSAndOneGroupS) {
  const struct {
    const char* what;
    AdminPeer peer;
    AdminAccess access;
    bool may;
  } cases[] = {
      {"the same user", {1, 1000, {1000}}, {1000, {}}, true},
      {"root", {1, 0, {0}}, {1000, {}}, true},
      {"another user", {1, 1001, {1000}}, {1000, {}}, false},
      {"another user, when frontdoor is root", {1, 1001, {0}}, {0, {}}, false},
      {"a member of the group", {1, 1001, {1001, 50}}, {1000, 50}, true},
      {"a member of another one", {1, 1001, {1001, 51}}, {1000, 50}, false},
      {"nobody's groups", {1, 1001, {}}, {1000, 50}, false},
  };
  for (const auto& c : cases) EXPECT_EQ(may_use(c.peer, c.access), c.may) << c.what;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : " ") + text;
  return result;
}

TEST(AdminPlaces, AreNeverOnesThatAnEnemyCouldTakeFirst) {
  const struct {
    AdminSurroundings surroundings;
    const char* directories;
  } cases[] = {
      {{0, "", "", "", "/root"}, "/run/frontdoor"},
      {{0, "", "/run/user/0", "", "/root"}, "/run/frontdoor"},
      {{0, "/run/frontdoor/shop", "", "", ""}, "/run/frontdoor/shop /run/frontdoor"},
      {{0, "/run/frontdoor:/run/b", "", "", ""}, "/run/frontdoor"},
      {{7, "", "/run/user/7", "", "/home/u"}, "/run/user/7/frontdoor /home/u/.local/state/frontdoor/run"},
      {{7, "", "/x", "/s", "/home/u"}, "/x/frontdoor /run/user/7/frontdoor /s/frontdoor/run"},
      {{7, "", "", "", ""}, "/run/user/7/frontdoor"},
      {{7, "relative", "relative", "relative", "relative"}, "/run/user/7/frontdoor"},
  };
  for (const auto& c : cases) {
    const std::string directories = joined(admin_directories(c.surroundings));
    EXPECT_EQ(directories, c.directories);
    EXPECT_EQ(directories.find("/tmp"), std::string::npos);
  }
}

TEST(AdminPlaces, OutputOfWhatRunsDetachedHasOne) {
  EXPECT_EQ(state_directory({0, "", "", "", "/root"}), "/var/log/frontdoor");
  EXPECT_EQ(state_directory({0, "", "", "/s", ""}), "/s/frontdoor");
  EXPECT_EQ(state_directory({7, "", "", "", "/home/u"}), "/home/u/.local/state/frontdoor");
  EXPECT_EQ(state_directory({7, "", "", "", ""}), "");
}

TEST(AdminLogLines, KeepTheirBytesAsTextAndAreJsonAsJson) {
  const AdminLogLine line{1'764'000'000'042, "app", "app.1", true, "caf\xC3\xA9 \xFF\"\t"};
  EXPECT_EQ(to_text(line, LogForm::Text), "app.1 ! caf\xC3\xA9 \xFF\"\t\n");
  EXPECT_EQ(to_text(line, LogForm::Json),
            "{\"time\":\"2025-11-24T16:00:00.042Z\",\"pool\":\"app\",\"instance\":\"app.1\",\"stream\":\"stderr\","
            "\"text\":\"caf\xC3\xA9 \xEF\xBF\xBD\\\"\\t\"}\n");
  EXPECT_EQ(skipped_text(1, LogForm::Text), "frontdoor | 1 line is left out here: they came faster than they were read\n");
  EXPECT_EQ(skipped_text(12, LogForm::Text),
            "frontdoor | 12 lines are left out here: they came faster than they were read\n");
  EXPECT_EQ(skipped_text(12, LogForm::Json), "{\"skipped\":12}\n");
}

TEST(AdminText, IsUtf8) {
  EXPECT_EQ(to_utf8("plain"), "plain");
  EXPECT_EQ(to_utf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(to_utf8("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
}

TEST(AdminStatus, AsJsonSaysNullForWhatIsNotKnown) {
  AdminStatus status;
  status.version = "1";
  status.pid = 5;
  status.main_pid = 4;
  status.since_unix_millis = 1'000;
  status.now_unix_millis = 3'000;
  status.command_line = {"run", "--", "a\xFF"};
  AdminUpstream instance{.name = "app.1", .address = "127.0.0.1:1", .state = "up", .since_unix_millis = 2'000};
  instance.process = AdminProcess{.number = 1, .pid = 7, .memory_bytes = 9, .cpu_percent = 1.26, .restarts = 2};
  AdminUpstream stopped{.name = "app.2", .state = "stopped"};
  stopped.process = AdminProcess{.number = 2, .last_end = "exit 1", .says = "warm\xFF"};
  AdminUpstream remote{.name = "a:1", .address = "a:1", .state = "down", .reason = "refused"};
  remote.weight = 3;
  remote.pace = AdminPace{42.126, 0.5, {}};
  remote.check = AdminCheck{false, 1.5, "status 503"};
  remote.ordered = AdminUpstream::Ordered{"drain", 3, {"root", 2'000, ""}};
  status.pools = {{.name = "app", .command = {"node"}, .wanted = 2, .upstreams = {instance, stopped, remote}},
                  {.name = "api", .held = 4},
                  {.name = "web", .maintenance = AdminPool::Maintenance{{"root", 1'000, "we move"}, 60, true}}};
  status.in_flight = 9;
  status.held = 4;
  status.pace = {7, 0, 18.0};
  const std::string text = boost::json::serialize(to_json(status));
  for (const char* part :
       {R"("main_pid":4,)", R"("running_ms":2000,)", "\"a\xEF\xBF\xBD\"", R"("config_file":null)",
        R"("name":"app.1","address":"127.0.0.1:1","state":"up","reason":null,"since":"1970-01-01T00:00:02.000Z","state_ms":1000)",
        R"("instance":1,"pid":7,"processes":0,"memory_bytes":9,"cpu_percent":1.3E0,"cpu_ms_total":null,"restarts":2,"last_end":null)",
        R"("state":"stopped","reason":null,"since":null,"state_ms":null)", R"("pid":null)", R"("last_end":"exit 1")", R"("says":null)", "\"says\":\"warm\xEF\xBF\xBD\"",
        R"("state":"down","reason":"refused")", R"("weight":1,"ordered":null)",
        R"("weight":3,"ordered":{"order":"drain","weight":3,"by":"root","since":"1970-01-01T00:00:02.000Z","since_ms":1000,"reason":null})",
        R"("maintenance":{"retry_after_s":60,"page":true,"by":"root","since":"1970-01-01T00:00:01.000Z","since_ms":2000,"reason":"we move"})", R"({"name":"api","protocol":"http/1.1","command":null,"maintenance":null,"held":4,"upstreams":[],"removed":[]})",
        R"("leaving":false,"check":{"passed":false,"ms":1.5E0,"error":"status 503"},"requests_per_second":4.213E1,"errors_per_second":5E-1,"p99_ms":null)",
        R"("leaving":false,"check":null,"requests_per_second":null,"errors_per_second":null,"p99_ms":null)",
        R"("in_flight":9,"held":4,)", R"(],"requests_per_second":7E0,"errors_per_second":0E0,"p99_ms":1.8E1})"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin " << text;
}

TEST(AdminStatusJson, ListsTheProcessesOfAllPools) {
  AdminStatus status;
  status.pools.resize(2);
  status.pools[0].name = "api";
  status.pools[1].name = "web";
  AdminUpstream elsewhere{.name = "10.0.0.1:80"}, one{.name = "web.1", .state = "up"}, two{.name = "web.2", .state = "crash loop"};
  one.process = AdminProcess{.number = 1, .pid = 7, .restarts = 2};
  two.process = AdminProcess{.number = 2};
  status.pools[0].upstreams = {elsewhere};
  status.pools[1].upstreams = {one, two};
  const auto object = processes_json(status);
  const auto& list = object.at("processes").as_array();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].at("pool"), "web");
  EXPECT_EQ(list[0].at("name"), "web.1");
  EXPECT_EQ(list[0].at("pid"), 7);
  EXPECT_EQ(list[0].at("restarts"), 2);
  EXPECT_EQ(list[1].at("state"), "crash loop");
  EXPECT_TRUE(list[1].at("pid").is_null());
  EXPECT_EQ(boost::json::serialize(processes_json({})), R"({"processes":[]})");
}

TEST(AdminProblems, AreThoseOfRfc9457WithWhatElseIsKnown) {
  const AdminBody body = problem_body({422, "config_has_errors", "the file has errors"}, {{"generation", 3}});
  EXPECT_EQ(body.status, 422u);
  EXPECT_EQ(body.content_type, "application/problem+json");
  EXPECT_EQ(body.text, R"({"generation":3,"type":"about:blank","title":"Unprocessable Entity","status":422,)"
                       R"("detail":"the file has errors","error":"config_has_errors","message":"the file has errors"})"
                       "\n");
  EXPECT_EQ(body.fields, "");
  EXPECT_EQ(problem_body({401, "needs_token", "no"}).fields, "WWW-Authenticate: Bearer\r\n");
  const AdminBody odd = problem_body({404, "no_such_pool", "there is no pool \"\xFF\""});
  EXPECT_EQ(odd.text.find('\xFF'), std::string::npos) << "what somebody has typed is no reason for JSON that is none";
}

}  // namespace
}  // namespace frontdoor
