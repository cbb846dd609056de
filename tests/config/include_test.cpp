// Configs in several files.

#include <filesystem>
#include <fstream>

#include "support.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class Include : public ::testing::Test {
 protected:
  Include() {
    options_.directory = directory_.string();
  }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name) << text;
  }
  Loaded load_text(const std::string& text) { return load(text, "fd.toml", options_); }
  // Diagnostics without the temporary directory's name.
  std::vector<std::string> check(const std::string& text) {
    auto found = lines(load_text(text));
    for (auto& line : found)
      for (auto at = line.find(directory_.string()); at != std::string::npos;
           at = line.find(directory_.string()))
        line.erase(at, directory_.string().size() + 1);
    return found;
  }

  const test::TemporaryDirectory temporary_;
  const fs::path directory_ = temporary_.path();
  LoadOptions options_;
};

const std::string kRemoteApp = "[pool.app]\nupstreams = [\"a:1\"]\n";

TEST_F(Include, TablesMergeAndListsJoin) {
  write("conf.d/10-a.toml", "[[route]]\nhost = \"a\"\npool = \"app\"\n[timeouts]\nconnect = \"2s\"\n");
  write("conf.d/20-b.toml",
        "[[route]]\nhost = \"b\"\npool = \"app\"\n[timeouts]\ndrain = \"1s\"\n[pool.app]\nhealth_check = "
        "\"/up\"\n");
  const auto loaded =
      load_text("listen = \":80\"\ninclude = \"conf.d/*.toml\"\n[[route]]\npool = \"app\"\n" + kRemoteApp);
  EXPECT_THAT(lines(loaded), IsEmpty());
  ASSERT_EQ(loaded.config.routes.size(), 3u);
  EXPECT_EQ(loaded.config.routes[0].host, "a");
  EXPECT_EQ(loaded.config.routes[1].host, "b");
  EXPECT_EQ(loaded.config.routes[2].host,
            "");  // the including file's own come last: its catch-all does not shadow
  EXPECT_EQ(loaded.config.timeouts.connect, Millis(2000));
  EXPECT_EQ(loaded.config.timeouts.drain, Millis(1000));
  EXPECT_EQ(loaded.config.pools[0].health_check->path, "/up");
  EXPECT_EQ(loaded.files.size(), 3u);
}

TEST_F(Include, IsRelativeToTheIncludingFile) {
  write("sub/a.toml", "include = [\"b.toml\"]\n");
  write("sub/b.toml", kRemoteApp);
  EXPECT_THAT(check("listen = \":80\"\ninclude = \"sub/a.toml\"\n"), IsEmpty());
}

TEST_F(Include, KeysSetTwiceNameBothPlaces) {
  write("a.toml", "workers = 2\n[pool.app]\nupstreams = [\"b:1\"]\n");
  EXPECT_THAT(check("workers = 3\nlisten = \":80\"\ninclude = \"a.toml\"\n" + kRemoteApp),
              ElementsAre("fd.toml:1:1: \"workers\" is set twice, first at a.toml:1:1",
                          "fd.toml:5:1: \"upstreams\" is set twice, first at a.toml:3:1"));
}

TEST_F(Include, ErrorsNameTheirFile) {
  write("a.toml", "[log]\nlevl = \"info\"\n");
  EXPECT_THAT(check("listen = \":80\"\ninclude = \"a.toml\"\n" + kRemoteApp),
              ElementsAre("a.toml:2:1: unknown key \"levl\", did you mean \"level\"?"));
}

// A pool that may be in the broken file is not called missing.
TEST_F(Include, ASyntaxErrorInEachFileAndNothingThatMayFollowFromIt) {
  write("a.toml", "[pool.app\n");
  write("b.toml", "listen = :80\n");
  EXPECT_THAT(check("include = [\"a.toml\", \"b.toml\"]\n[[route]]\npool = \"app\"\n"),
              ElementsAre("a.toml:1:10: this is not TOML: parsing table header: expected ']', saw '\\n'",
                          "b.toml:1:10: this is not TOML: parsing value: could not determine value type; "
                          "text needs quotes: listen = \":80\""));
}

TEST_F(Include, WhatCannotBeIncluded) {
  write("loop.toml", "include = \"loop.toml\"\n");
  write("huge.toml", std::string(largest_file + 1, '\n'));
  fs::create_directory(directory_ / "directory");
  struct {
    std::string include;
    std::string problem;
  } cases[] = {
      {"\"gone.toml\"", "fd.toml:1:11: include: there is no file \"gone.toml\""},
      {"\"none.d/*.toml\"", "fd.toml:1:11: warning: include: no file matches \"none.d/*.toml\""},
      {"\"\"", "fd.toml:1:11: include: \"\" is not a path"},
      {"3",
       "fd.toml:1:11: include: expected a file's path or pattern as in \"conf.d/*.toml\", not an integer"},
      {"[true]",
       "fd.toml:1:12: include: expected a file's path or pattern as in \"conf.d/*.toml\", not true or false"},
      {"\"directory\"", "fd.toml:1:11: include: \"directory\" is not a regular file"},
      {"\"loop.toml\"", "loop.toml:1:11: include: \"loop.toml\" is already part of this config"},
      {"\"fd.toml\"", "fd.toml:1:11: include: \"fd.toml\" is already part of this config"},
      {"\"/proc/self/mem\"",
       "fd.toml:1:11: include: \"/proc/self/mem\" cannot be read: Input/output error"},
      {"\"huge.toml\"", "fd.toml:1:11: include: \"huge.toml\" cannot be read: it is larger than 4 MiB"},
  };
  write("fd.toml", "");
  for (const auto& c : cases)
    EXPECT_THAT(check("include = " + c.include + "\nlisten = \":80\"\n" + kRemoteApp), ElementsAre(c.problem));
}

TEST_F(Include, WhatWasReadIsReadOnceMoreWhenTheFilesAreGone) {
  const std::string text = "listen = \":80\"\ninclude = [\"conf.d/*.toml\", \"more.toml\"]\n";
  write("conf.d/b.toml", "[pool.app]\ncommand = \"b\"\nenv_file = \"app.env\"\n");
  write("conf.d/a.toml", "include = \"../none*.toml\"\n[[route]]\npool = \"app\"\n");
  write("more.toml", "[timeouts]\ndrain = \"7s\"\n");
  write("app.env", "TOKEN=1\n");
  options_.read_file = [](const std::string& path) { return read_file(path, largest_file); };
  const Loaded loaded = load_text(text);
  ASSERT_TRUE(loaded.ok()) << ::testing::PrintToString(lines(loaded));

  fs::remove_all(directory_ / "conf.d");
  write("more.toml", "[[[");
  write("none1.toml", "[[[");
  write("app.env", "TOKEN=2\n");
  EXPECT_FALSE(load_text(text).ok());
  options_.instead_of_files = &loaded.read;
  const Loaded again = load(loaded.read.text, "fd.toml", options_);
  EXPECT_THAT(lines(again), ElementsAre(::testing::EndsWith("include: no file matches \"../none*.toml\"")));
  EXPECT_TRUE(again.config == loaded.config);
  EXPECT_TRUE(again.read == loaded.read);
}

TEST_F(Include, NeedsAFileToStartFrom) {
  options_.directory.reset();
  EXPECT_THAT(check("include = \"a.toml\"\nlisten = \":80\"\n" + kRemoteApp),
              ElementsAre("fd.toml:1:11: \"include\" is only possible in a config that is read from a file"));
}

}  // namespace
}  // namespace frontdoor::config
