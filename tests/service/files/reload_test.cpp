// What a reload says that it could not change.

#include "service/files/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "config/load.h"
#include "config/schema.h"

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

// What a reload makes of each key that is the whole program's, so that nobody adds one that is silently ignored: those of
// listeners, routes and pools are in what it opens and in its snapshot. Who adds a key here says where it is tested.
enum class AtReload { Applied, Waits };
const std::map<std::string, AtReload> kAtReload = {
    {"workers", AtReload::Waits},
    {"resolver", AtReload::Applied},          // e2e/names: a reload takes another DNS server
    {"tracing", AtReload::Applied},           // e2e/trace
    {"traceparent_from", AtReload::Applied},  // in the snapshot
    {"listen", AtReload::Applied},
    {"tls", AtReload::Applied},
    {"include", AtReload::Applied},
    {"listener", AtReload::Applied},  // e2e/listeners
    {"route", AtReload::Applied},
    {"pool", AtReload::Applied},  // with a command where nothing starts processes it waits: see above
    {"timeouts", AtReload::Applied},
    {"limits", AtReload::Applied},
    {"access_log", AtReload::Applied},
    {"log", AtReload::Applied},
    {"admin", AtReload::Applied},
    {"[limits] header_bytes", AtReload::Waits},  // above what the blocks hold; e2e/reload: applied below
    {"[limits] header_count", AtReload::Applied},
    {"[limits] uri_bytes", AtReload::Applied},
    {"[limits] body_bytes", AtReload::Applied},
    {"[limits] min_bytes_per_second", AtReload::Applied},
    {"[access_log] output", AtReload::Applied},  // WatchedLog.AReloadChangesFormatSampleAndOutput
    {"[access_log] format", AtReload::Applied},
    {"[access_log] sample", AtReload::Applied},
    {"[access_log] fields", AtReload::Applied},  // e2e/access_log
    {"[access_log] slow", AtReload::Applied},
    {"[access_log] max_size", AtReload::Applied},  // RotatedFile.AReloadChangesItsLimits
    {"[access_log] max_age", AtReload::Applied},
    {"[access_log] keep", AtReload::Applied},
    {"[access_log] max_total", AtReload::Applied},
    {"[access_log] min_free", AtReload::Applied},
    {"[log] level", AtReload::Applied},  // Log.LevelAndFormatCanChangeWhileItRuns
    {"[log] format", AtReload::Applied},
    {"[admin] address", AtReload::Waits},
    {"[admin] socket", AtReload::Waits},
    {"[admin] group", AtReload::Waits},
    {"[admin] state_file", AtReload::Waits},
    {"[admin] hosts", AtReload::Applied},
    {"[admin] token", AtReload::Applied},
    {"[admin] webhook", AtReload::Applied},  // e2e/webhook: follows a reload
    {"[admin] webhook_token", AtReload::Applied},
    {"[admin] webhook_ca", AtReload::Applied},
    {"[admin] webhook_level", AtReload::Applied},
};

TEST(AwaitsRestart, EachKeyOfTheWholeProgramIsAppliedOrToldOf) {
  using namespace config;
  std::set<std::string> keys;
  for (const schema::Table* table : {&schema::root, &schema::limits, &schema::access_log, &schema::log, &schema::admin})
    for (const schema::Key& key : table->keys)
      keys.insert(std::string(table->heading) + (table->heading.empty() ? "" : " ") + std::string(key.name));
  for (const std::string& key : keys) EXPECT_TRUE(kAtReload.contains(key)) << key << ": what does a reload make of it?";
  for (const auto& [key, what] : kAtReload) EXPECT_TRUE(keys.contains(key)) << key << " is no key";

  const std::map<std::string, std::string> changed = {
      {"workers", "workers = 2\n"},
      {"[limits] header_bytes", "[limits]\nheader_bytes = \"64KiB\"\n"},
      {"[admin] address", "[admin]\naddress = \":9901\"\n"},
      {"[admin] socket", "[admin]\nsocket = \"off\"\n"},
      {"[admin] group", "[admin]\ngroup = \"adm\"\n"},
      {"[admin] state_file", "[admin]\nstate_file = \"/run/orders\"\n"},
  };
  for (const auto& [key, what] : kAtReload) {
    if (what != AtReload::Waits) continue;
    ASSERT_TRUE(changed.contains(key)) << key;
    const std::string text = changed.at(key);
    const std::string listen = "listen = \":80\"\n";
    const auto said = waiting(text.starts_with('[') ? listen + text : text + listen, key == "workers" ? 2 : 4);
    ASSERT_EQ(said.size(), 1u) << key;
    std::string name = key;  // "[admin] socket" is told as admin.socket
    if (name.starts_with('[')) name = name.substr(1, name.find(']') - 1) + '.' + name.substr(name.find(' ') + 1);
    EXPECT_TRUE(said.front().starts_with(name + ": ")) << said.front();
  }
}

}  // namespace
}  // namespace frontdoor
