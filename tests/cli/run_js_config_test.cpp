// A file that is executed: what bounds it. What it gives is tested with whole files in tests/e2e/import_test.py.

#include "cli/run_js_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor::cli {
namespace {

JsConfig run(const std::string& text, std::chrono::milliseconds limit = js_config_limit) {
  const test::TemporaryDirectory directory;
  const std::string file = directory / "ecosystem.config.js";
  std::ofstream(file) << text;
  return run_js_config(file, limit);
}

TEST(JsConfig, GivesWhatItExports) {
  const JsConfig config = run("module.exports = { a: [1, undefined, () => 2], b: 3n, c: /x/, d: process.cwd() === __dirname }");
  EXPECT_EQ(config.error, "");
  EXPECT_EQ(config.json, R"({"a":[1,null,"() => 2"],"b":"3","c":"/x/","d":true})");
}

TEST(JsConfig, OneThatNeverEndsIsEnded) {
  EXPECT_EQ(run("for (;;) {}", std::chrono::milliseconds(300)).error, "it has not ended in time");
  EXPECT_EQ(run("module.exports = new Promise((done) => setInterval(done, 1e6))", std::chrono::milliseconds(300)).error,
            "it has not ended in time");
}

TEST(JsConfig, OneThatEndsWithoutAWordSaysSo) {
  EXPECT_EQ(run("process.exit(0)").error, "it ended before it had exported anything");
  EXPECT_EQ(run("process.exit(3)").error, "node could not run it");
  EXPECT_EQ(run("process.kill(process.pid)").error, "node could not run it");
  EXPECT_EQ(run("const a = {}; a.a = a; module.exports = a").error, "node could not run it");
}

}  // namespace
}  // namespace frontdoor::cli
