#include "cli/status_table.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <sstream>

namespace frontdoor::cli {
namespace {

const char* const kStatus = R"json({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 187200000,
  "requests": 1284, "requests_per_second": 428.4, "errors_per_second": 0.86, "p99_ms": 17.6, "in_flight": 41, "held": 0, "listeners": [{"name": null, "address": "127.0.0.1:8080"}], "pools": [
  {"name": "app", "command": ["node", "my server.js"], "held": 12, "instances": 2, "stopped": false, "operation": null,
   "upstreams": [
    {"name": "app.1", "address": "127.0.0.1:24001", "state": "up", "reason": null, "state_ms": 187200000,
     "requests": 428, "in_flight": 4, "pid": 20114, "memory_bytes": 100663296, "cpu_percent": 3.2, "restarts": 1,
     "last_end": "SIGKILL", "last_reason": null, "says": "12 jobs\u001b[2J", "requests_at_end": ["GET /read (id7)"], "next_start_ms": null,
     "requests_per_second": 428, "p99_ms": 17, "check": {"passed": true, "ms": 2.134, "error": null}},
    {"name": "app.2", "address": "127.0.0.1:24002", "state": "crash loop", "reason": null, "state_ms": 12000,
     "requests": 0, "in_flight": 0, "pid": null, "memory_bytes": null, "cpu_percent": null, "restarts": 7,
     "last_end": "exit 1", "last_reason": "crashed", "requests_at_end": [], "next_start_ms": 8000,
     "requests_per_second": 0, "p99_ms": null, "check": {"passed": false, "ms": 5, "error": "refused"}},
    {"name": "10.0.0.2:80", "address": "10.0.0.2:80", "state": "down", "reason": "refused\u001b[2J", "state_ms": null,
     "requests": 3, "in_flight": 0}]},
  {"name": "api", "protocol": "h2c", "command": null, "upstreams": []}]})json";

std::string table(bool coloured) {
  return status_table(boost::json::parse(kStatus).as_object(), Style(coloured));
}

TEST(StatusTable, IsWhatOneLooksFor) {
  EXPECT_EQ(table(false), R"text(frontdoor 0.1.0  pid 4710  running for 2d 4h  127.0.0.1:8080  1284 requests
428 req/s  p99 18 ms  errors 0.20%  41 in flight

pool app  1 of 3 up  12 held  node 'my server.js'
  UPSTREAM    ADDRESS STATE      SINCE  CHECK REQ/S  P99 NOW REQS   PID  CPU MEM
  app.1       :24001  up         2d 4h  2.1ms   428 17ms   4  428 20114 3.2% 96M
              1 restart, last end: SIGKILL
              says: 12 jobs?[2J
              was on it at its end: GET /read (id7)
  app.2       :24002  crash loop   12s failed     0    -   0    0     -    -   -
              7 restarts, last end: exit 1, last start: crashed, next in 8s
  10.0.0.2:80 -       down           -      -     -    -   0    3     -    -   -
              refused?[2J

pool api  0 of 0 up  h2c

frontdoor why says what is wrong, and what to do
)text");
}

TEST(StatusTable, TellsWhoHasStoppedAndScaled) {
  const char* const status = R"json({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 1000,
    "requests": 9, "listeners": [{"name": null, "address": ":80"}], "pools": [
    {"name": "app", "command": ["node"], "instances": 2, "stopped": false, "stopped_by": null,
     "scaled_by": {"by": "root", "since_ms": 60000, "reason": null}, "upstreams": [
     {"name": "app.1", "address": ":1", "state": "up", "state_ms": 9000, "in_flight": 0, "restarts": 0},
     {"name": "app.2", "address": "", "state": "stopped", "state_ms": 9000, "in_flight": 0, "restarts": 0,
      "stopped_by": {"by": "ann", "since_ms": 9000, "reason": null}}]},
    {"name": "job", "command": ["job"], "instances": 1, "stopped": true, "scaled_by": null, "upstreams": [],
     "stopped_by": {"by": "uid 7", "since_ms": 180000, "reason": null}}]})json";
  EXPECT_EQ(status_table(boost::json::parse(status).as_object(), Style(false)), R"text(frontdoor 0.1.0  pid 4710  running for 1s  :80  9 requests

pool app  1 of 2 up  node  (scaled to 2 by root, 1m ago)
  UPSTREAM ADDRESS STATE   SINCE CHECK REQ/S P99 NOW REQS PID CPU MEM
  app.1    :1      up         9s     -     -   -   0    0   -   -   -
  app.2    -       stopped    9s     -     -   -   0    0   -   -   -
           stopped by ann, 9s ago

pool job  0 of 0 up  job  (stopped by uid 7, 3m ago)
)text");
}

TEST(StatusTable, TellsThatTheServingProcessHasDied) {
  const auto told = [](const std::string& crash) {
    return status_table(boost::json::parse(R"({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 1000, "requests": 9,
      "listeners": [{"name": null, "address": ":80"}], "pools": [], "crashed": )" + crash + "}").as_object(), Style(false));
  };
  const std::string head = "frontdoor 0.1.0  pid 4710  running for 1s  :80  9 requests\n";
  EXPECT_EQ(told("null"), head);
  EXPECT_EQ(told(R"({"end": "SIGSEGV", "since_ms": 180000, "away_ms": 110, "instances_kept": 2, "crashes": 1})"),
            head + "its serving process died 3m ago: SIGSEGV; back after 110 ms, 2 instances ran on\n");
  EXPECT_EQ(told(R"({"end": "exit 1", "since_ms": 1000, "away_ms": 5100, "instances_kept": 1, "crashes": 3})"),
            head + "its serving process died 1s ago: exit 1; back after 5100 ms, 1 instance ran on; 3 crashes so far\n");
}

TEST(StatusTable, TellsThatTheFileIsNotWhatServes) {
  const auto told = [](const std::string& refused) {
    return status_table(boost::json::parse(R"({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 1000, "requests": 9,
      "listeners": [{"name": null, "address": ":80"}], "pools": [], "config_refused": )" + refused + "}").as_object(), Style(false));
  };
  const std::string head = "frontdoor 0.1.0  pid 4710  running for 1s  :80  9 requests\n";
  EXPECT_EQ(told("null"), head);
  EXPECT_EQ(told(R"({"reason": "fd.toml:3:1: unknown key \"lisen\"", "since_ms": 180000})"),
            head + "its config file was refused 3m ago: fd.toml:3:1: unknown key \"lisen\"; what was good before serves on\n");
}

TEST(StatusTable, TellsOfAChangeThatFailedBelowTheTable) {
  const char* const status = R"json({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 1000,
    "requests": 9, "listeners": [{"name": null, "address": ":80"}], "pools": [
    {"name": "app", "command": ["node"], "failed_change": {"what": "config changed", "keys": "command", "instance": "app.1",
      "reason": "exited 3 before listening", "since_ms": 180000, "advice": ["mend the file", "look at it"],
      "summary": "config change failed (command): app.1 does not come up"}, "upstreams": [
     {"name": "app.1", "address": ":1", "state": "up", "state_ms": 9000, "requests": 1, "in_flight": 0, "restarts": 0}]}]})json";
  EXPECT_EQ(status_table(boost::json::parse(status).as_object(), Style(false)), R"text(frontdoor 0.1.0  pid 4710  running for 1s  :80  9 requests

pool app  1 of 1 up  node
  UPSTREAM ADDRESS STATE SINCE CHECK REQ/S P99 NOW REQS PID CPU MEM
  app.1    :1      up       9s     -     -   -   0    1   -   -   -
  for 3m: config change failed (command): app.1 does not come up
    mend the file
    look at it
)text");
}

TEST(StatusTable, TellsWhatAnOperatorHasOrderedByWhomAndWhy) {
  const char* const status = R"json({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 1000,
    "requests": 9, "listeners": [{"name": null, "address": ":80"}], "pools": [
    {"name": "app", "command": null, "maintenance": {"by": "root", "since_ms": 60000, "reason": "we move"}, "upstreams": [
     {"name": "a:1", "address": "a:1", "state": "up", "state_ms": 9000, "requests": 1, "in_flight": 2,
      "ordered": {"order": "drain", "weight": null, "by": "root", "since_ms": 3000, "reason": null}},
     {"name": "b:1", "address": "b:1", "state": "down", "reason": "refused", "state_ms": 9000, "requests": 1, "in_flight": 0,
      "ordered": {"order": "drain", "weight": 3, "by": "uid 7", "since_ms": 3000, "reason": "a new disk"}},
     {"name": "c:1", "address": "c:1", "state": "up", "state_ms": 9000, "requests": 1, "in_flight": 1,
      "ordered": {"order": "maintenance", "weight": null, "by": "root", "since_ms": 3000, "reason": null}},
     {"name": "d:1", "address": "d:1", "state": "up", "state_ms": 9000, "requests": 1, "in_flight": 0,
      "ordered": {"order": "ready", "weight": 5, "by": "root", "since_ms": 3000, "reason": null}}]}]})json";
  EXPECT_EQ(status_table(boost::json::parse(status).as_object(), Style(false)), R"text(frontdoor 0.1.0  pid 4710  running for 1s  :80  9 requests

pool app  1 of 4 up
  in maintenance: every request gets a 503, by root, 1m ago: we move; frontdoor ready app ends it
  UPSTREAM ADDRESS STATE            SINCE CHECK REQ/S P99 NOW REQS PID CPU MEM
  a:1      -       draining, 2 left    3s     -     -   -   2    1   -   -   -
           drained by root, 3s ago
  b:1      -       drained             3s     -     -   -   0    1   -   -   -
           drained, weight 3 by uid 7, 3s ago: a new disk
           would be down
           refused
  c:1      -       maintenance         3s     -     -   -   1    1   -   -   -
           maintenance by root, 3s ago
  d:1      -       up                  9s     -     -   -   0    1   -   -   -
           weight 5 by root, 3s ago
)text");
}

TEST(StatusTable, TellsWhatIsNotAsTheConfigHasIt) {
  const char* const status = R"json({"version": "0.1.0", "main_pid": 4710, "state": "running", "running_ms": 1000,
    "requests": 9, "listeners": [{"name": null, "address": ":80"}], "pools": [
    {"name": "app", "command": null, "maintenance": null, "upstreams": [
     {"name": "a:1", "address": "a:1", "state": "up", "state_ms": 9000, "requests": 1, "in_flight": 0, "ordered": null,
      "added": {"by": "root", "since_ms": 60000, "reason": "Friday"}, "leaving": false},
     {"name": "b:1", "address": "b:1", "state": "draining", "reason": "removed by root", "state_ms": 2000, "requests": 1,
      "in_flight": 1, "ordered": null, "added": null, "leaving": true}],
     "removed": [{"upstream": "b:1", "by": "root", "since_ms": 2000, "reason": null}]}]})json";
  EXPECT_EQ(status_table(boost::json::parse(status).as_object(), Style(false)), R"text(frontdoor 0.1.0  pid 4710  running for 1s  :80  9 requests

pool app  1 of 2 up
  UPSTREAM ADDRESS STATE    SINCE CHECK REQ/S P99 NOW REQS PID CPU MEM
  a:1      -       up          9s     -     -   -   0    1   -   -   -
           added by root, 1m ago: Friday; it is not in the config
  b:1      -       draining    2s     -     -   -   1    1   -   -   -
           removed by root
  b:1 is in the config and was removed by root, 2s ago; frontdoor upstream add app b:1 brings it back
)text");
}

TEST(StatusTable, NamesCommandsAsTheyReachTheSameFrontdoor) {
  const char* const status = R"json({"pools": [{"name": "app", "maintenance": {"by": "root", "since_ms": 60000, "reason": null},
    "upstreams": [], "removed": [{"upstream": "b:1", "by": "root", "since_ms": 2000, "reason": null}]}]})json";
  const std::string shown = status_table(boost::json::parse(status).as_object(), Style(false), "/run/a.sock");
  EXPECT_NE(shown.find("; frontdoor ready --socket /run/a.sock app ends it\n"), shown.npos) << shown;
  EXPECT_NE(shown.find("; frontdoor upstream add --socket /run/a.sock app b:1 brings it back\n"), shown.npos) << shown;
}

// A check may fail without having taken it out, and rates may be small or without an end.
TEST(StatusTable, TellsTheLastCheckAndWhatGoesOnNow) {
  const char* const status = R"json({"version": "0.1.0", "main_pid": 1, "state": "running", "running_ms": 1000, "requests": 9,
    "requests_per_second": 0, "errors_per_second": 0, "p99_ms": null, "in_flight": 0, "listeners": [{"name": null, "address": ":80"}],
    "pools": [{"name": "app", "command": null, "upstreams": [
     {"name": "a:1", "address": "a:1", "state": "up", "state_ms": 9000, "in_flight": 0, "requests_per_second": 0.04, "p99_ms": 12345.6,
      "check": {"passed": false, "ms": 1000, "error": "no answer in 1s"}},
     {"name": "b:1", "address": "b:1", "state": "up", "state_ms": 9000, "in_flight": 0, "requests_per_second": 9.96, "p99_ms": 0.4,
      "check": {"passed": true, "ms": 120.4, "error": null}}]}]})json";
  EXPECT_EQ(status_table(boost::json::parse(status).as_object(), Style(false)), R"text(frontdoor 0.1.0  pid 1  running for 1s  :80  9 requests
0 req/s  errors 0%  0 in flight

pool app  2 of 2 up
  UPSTREAM ADDRESS STATE SINCE  CHECK REQ/S   P99 NOW REQS PID CPU MEM
  a:1      -       up       9s failed   0.0   12s   0    0   -   -   -
           last check: no answer in 1s
  b:1      -       up       9s  120ms  10.0 0.4ms   0    0   -   -   -
)text");
}

TEST(StatusTable, FitsATerminal) {
  std::istringstream lines(table(false));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST(StatusTable, ColoursNothingButTheText) {
  std::string coloured = table(true);
  EXPECT_NE(coloured.find("\033[32mup"), std::string::npos);
  EXPECT_NE(coloured.find("\033[31mcrash loop"), std::string::npos);
  for (auto at = coloured.find('\033'); at != std::string::npos; at = coloured.find('\033'))
    coloured.erase(at, coloured.find('m', at) - at + 1);
  EXPECT_EQ(coloured, table(false));
}

TEST(StatusTable, TakesAnythingThatIsAnObject) {
  for (const char* text : {"{}", R"({"pools": 3})", R"({"pools": [3, {"upstreams": [1, {}]}], "listeners": {}})"})
    EXPECT_NE(status_table(boost::json::parse(text).as_object(), Style(false)), "") << text;
}

}  // namespace
}  // namespace frontdoor::cli
