// What `reload` and `config diff` print, byte for byte.

#include "cli/reload_text.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace frontdoor::cli {
namespace {

FileTold told_of(const char* answer, const char* refusal = "", FileAsked asked = FileAsked::Reload) {
  return tell_file(boost::json::parse(answer).as_object(), refusal, asked, Style(false));
}

const char* const kChanged = R"json({"ok": true, "file": "/etc/fd.toml", "generation": 4,
  "changes": ["[pool.app] max_in_flight: 0 -> 7", "workers: 2 -> 3"],
  "waits_for_upgrade_or_restart": ["workers: 2 -> 3"],
  "at_run_time": ["[pool.app] 10.0.0.4:8080, added by root: stays so"],
  "diagnostics": ["/etc/fd.toml:3:1: warning: a word\nof two lines\u001b[2J"]})json";

const char* const kChanges =
    "  [pool.app] max_in_flight: 0 -> 7\n"
    "  workers: 2 -> 3\n"
    "  waits for an upgrade or a restart:\n"
    "    workers: 2 -> 3\n"
    "  what operators have changed:\n"
    "    [pool.app] 10.0.0.4:8080, added by root: stays so\n";

TEST(ReloadText, HasALineForEachThing) {
  const FileTold reloaded = told_of(kChanged);
  EXPECT_EQ(reloaded.out, std::string("reloaded /etc/fd.toml, generation 4\n") + kChanges);
  EXPECT_EQ(reloaded.err, "/etc/fd.toml:3:1: warning: a word\n    of two lines^[[2J\n");
  EXPECT_EQ(reloaded.failure, "");
  EXPECT_EQ(told_of(kChanged, "", FileAsked::Diff).out, kChanges) << "the same without a word of a reload";
}

TEST(ReloadText, SaysThatNothingHasChanged) {
  const char* const same =
      R"({"ok": true, "file": "fd.toml", "generation": 2, "changes": [], "diagnostics": []})";
  EXPECT_EQ(told_of(same).out, "reloaded fd.toml, generation 2\n  nothing has changed\n");
  EXPECT_EQ(told_of(same, "", FileAsked::Diff).out, "  nothing has changed\n");
  EXPECT_EQ(told_of(same).err + told_of(same).failure, "");
}

TEST(ReloadText, NamesEachMistakeAndWhatBecameOfTheFile) {
  const struct {
    const char* answer;
    const char* refusal;
    FileAsked asked;
    const char* out;
    const char* err;
    const char* failure;
  } cases[] = {
      {R"({"error": "config_has_errors", "file": "fd.toml", "diagnostics": ["fd.toml:3:1: a", "fd.toml:4:1: b"]})",
       "the file has errors", FileAsked::Reload, "", "fd.toml:3:1: a\nfd.toml:4:1: b\n",
       "fd.toml: the file has errors; nothing was reloaded, what ran before goes on"},
      {R"({"error": "config_has_errors", "file": "fd.toml", "diagnostics": ["fd.toml:3:1: a"]})",
       "the file has errors", FileAsked::Diff, "", "fd.toml:3:1: a\n", "fd.toml: the file has errors"},
      {R"({"error": "instances_failed", "file": "fd.toml", "generation": 3, "changes": ["[pool.app] command: a -> b"],
           "diagnostics": ["app.1: the new instance does not come up, the old ones stay: exit 3; it said: no\n  never"]})",
       "the config is applied, but not every instance comes up as it says", FileAsked::Reload,
       "reloaded fd.toml, generation 3\n  [pool.app] command: a -> b\n",
       "app.1: the new instance does not come up, the old ones stay: exit 3; it said: no\n      never\n",
       "fd.toml: the config is applied, but not every instance comes up as it says"},
      {R"({"error": "failed", "file": "fd.toml"})", "a part of it may hold, reload again: x",
       FileAsked::Reload, "", "", "fd.toml: a part of it may hold, reload again: x"},
      {R"({"error": "no_config_file", "file": ""})", "there is nothing to read again", FileAsked::Reload, "",
       "", "there is nothing to read again"},
      {"{}", "a.sock: it answered with status 500", FileAsked::Reload, "", "",
       "a.sock: it answered with status 500"},
  };
  for (const auto& c : cases) {
    const FileTold said = told_of(c.answer, c.refusal, c.asked);
    EXPECT_EQ(said.out, c.out) << c.answer;
    EXPECT_EQ(said.err, c.err) << c.answer;
    EXPECT_EQ(said.failure, c.failure) << c.answer;
  }
}

}  // namespace
}  // namespace frontdoor::cli
