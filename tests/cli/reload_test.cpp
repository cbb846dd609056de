// What a reload says that it could not change.

#include "cli/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace frontdoor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::Config file(const std::string& text) {
  auto loaded = config::load(text + "\n[pool.app]\nupstreams = [\"127.0.0.1:1\"]\n", "fd.toml");
  EXPECT_TRUE(loaded.ok()) << text;
  return loaded.config;
}

const Running kRunning{4, 32 * 1024, {}, true};

std::vector<std::string> waiting(const std::string& text, unsigned workers = 4,
                                 const Running& running = kRunning) {
  std::vector<std::string> lines;
  for (const auto& key : awaits_restart(running, file(text), workers))
    lines.push_back(key.key + ": " + key.runs + " -> " + key.file);
  return lines;
}

TEST(AwaitsRestart, NothingThatIsAppliedAtOnce) {
  EXPECT_THAT(waiting("listen = \":80\""), IsEmpty());
  EXPECT_THAT(waiting("[[listener]]\naddress = \":81\"\nmax_connections = 7\ntls = \"self-signed\""), IsEmpty());
  EXPECT_THAT(waiting("listen = \":80\"\n[log]\nlevel = \"debug\"\n[access_log]\noutput = \"off\"\n"
                      "[limits]\nheader_bytes = \"16KiB\"\n[timeouts]\ndrain = \"1s\""),
              IsEmpty());
  EXPECT_THAT(waiting("listen = \":80\"\nworkers = 2", 4), IsEmpty()) << "the command line said 4";
}

TEST(AwaitsRestart, EachKeyThatWasFixedAtTheStart) {
  EXPECT_THAT(waiting("listen = \":80\"\nworkers = 2", 2), ElementsAre("workers: 4 -> 2"));
  EXPECT_THAT(waiting("listen = \":80\"\n[limits]\nheader_bytes = \"64KiB\""),
              ElementsAre("limits.header_bytes: at most 32KiB -> 64KiB"));
}

TEST(AwaitsRestart, TheAdminSocket) {
  EXPECT_THAT(waiting("listen = \":80\"\n[admin]\nsocket = \"/run/fd.sock\"\ngroup = \"adm\""),
              ElementsAre("admin.socket: its usual place -> /run/fd.sock", "admin.group: none -> adm"));
  Running running = kRunning;
  running.admin = {"/run/fd.sock", "adm"};
  EXPECT_THAT(waiting("listen = \":80\"\n[admin]\nsocket = \"/run/fd.sock\"\ngroup = \"adm\"", 4, running), IsEmpty());
  EXPECT_THAT(waiting("listen = \":80\"\n[admin]\nsocket = \"/run/fd.sock\"\ngroup = \"adm\"\naddress = \":9900\"", 4, running),
              ElementsAre("admin.address: the usual one -> :9900"));
  EXPECT_THAT(waiting("listen = \":80\"\n[admin]\nsocket = \"off\"", 4, running),
              ElementsAre("admin.socket: /run/fd.sock -> off", "admin.group: adm -> none"));
}

TEST(AwaitsRestart, ProcessesWhereNothingStartsThem) {
  Running running = kRunning;
  running.launcher = false;
  const std::string started = "listen = \":80\"\n[pool.own]\ncommand = \"node server.js\"";
  const std::string checked =
      "listen = \":80\"\n[[route]]\npool = \"app\"\n[pool.far]\nupstreams = [\"127.0.0.1:2\"]\n"
      "[pool.far.health_check]\ntype = \"exec\"\ncommand = \"true\"";
  const std::string route = "\n[[route]]\npool = \"app\"";
  EXPECT_THAT(waiting(started + route, 4, running), ElementsAre("command: no instances -> instances, by a restart only"));
  EXPECT_THAT(waiting(checked, 4, running), ElementsAre("health_check.command: connects -> exec, by a restart only"));
  EXPECT_THAT(waiting(started + route), IsEmpty());
  EXPECT_THAT(waiting(checked), IsEmpty());
}

}  // namespace
}  // namespace frontdoor
