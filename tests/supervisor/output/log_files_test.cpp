// A pool's log files on a real disk: full ones, moved ones, and directories that go away.

#include "supervisor/output/log_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;

class LogFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.file = root_ + "/logs/{instance}.log";
    settings_.min_free = 0;
  }

  LogFiles files() const { return LogFiles(settings_, "app"); }
  std::string path(const std::string& file) const { return root_ + "/logs/" + file; }
  std::string contents(const std::string& file) const {
    std::ifstream in(path(file));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(root_ + "/logs"))
      found[entry.path().filename().string()] = contents(entry.path().filename().string());
    return found;
  }
  static std::vector<std::string> events(LogFiles& files) {
    std::vector<std::string> found;
    for (const OutputNews& news : files.take_news()) found.push_back(news.event);
    return found;
  }
  using All = std::map<std::string, std::string>;
  using Events = std::vector<std::string>;

  const test::TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path();
  config::Logs settings_;
};

TEST_F(LogFilesTest, AreMadeWithTheirDirectoryForOurEyesAlone) {
  LogFiles files = this->files();
  EXPECT_EQ(files.write(path("app.1.log"), "one\ntwo\n"), 0u);
  EXPECT_EQ(files.write(path("app.2.log"), "three\n"), 0u);
  EXPECT_EQ(all(), (All{{"app.1.log", "one\ntwo\n"}, {"app.2.log", "three\n"}}));
  struct stat status {};
  ASSERT_EQ(::stat(path("app.1.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0137, 0u) << "no x, and nothing for others";
  ASSERT_EQ(::stat((root_ + "/logs").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0027, 0u);
  EXPECT_EQ(events(files), (Events{"log file opened", "log file opened"}));
}

TEST_F(LogFilesTest, AFullOneIsRenamedAndTheOldestGoes) {
  settings_.max_size = 10;
  settings_.keep = 2;
  LogFiles files = this->files();
  for (const char* line : {"line one\n", "line two\n", "line 3\n", "line 4\n", "5\n"}) files.write(path("app.1.log"), line);
  EXPECT_EQ(all(), (All{{"app.1.log", "line 4\n5\n"}, {"app.1.log.1", "line 3\n"}, {"app.1.log.2", "line two\n"}}));
}

// As over an upgrade: what the one has renamed is not renamed once more by the other, which would move a file that is not full.
TEST_F(LogFilesTest, OneThatTwoWriteIsRenamedOnce) {
  settings_.max_size = 10;
  LogFiles old_one = files(), new_one = files();
  old_one.write(path("app.1.log"), "of old\n");
  new_one.write(path("app.1.log"), "2\n");
  old_one.write(path("app.1.log"), "full\n");
  new_one.write(path("app.1.log"), "3\n");
  EXPECT_EQ(all(), (All{{"app.1.log", "full\n3\n"}, {"app.1.log.1", "of old\n2\n"}}));
  new_one.write(path("app.1.log"), "4th line\n");
  old_one.write(path("app.1.log"), "the end\n");
  EXPECT_EQ(all(), (All{{"app.1.log", "the end\n"}, {"app.1.log.1", "4th line\n"}, {"app.1.log.2", "full\n3\n"}, {"app.1.log.3", "of old\n2\n"}}));
}

TEST_F(LogFilesTest, AreCutBetweenLinesHoweverManyComeAtOnce) {
  settings_.max_size = 10;
  LogFiles files = this->files();
  EXPECT_EQ(files.write(path("app.1.log"), "aaa\nbbb\nccc\nlonger than any file may be\nddd\n"), 0u);
  EXPECT_EQ(all(), (All{{"app.1.log", "ddd\n"},
                        {"app.1.log.1", "longer than any file may be\n"},
                        {"app.1.log.2", "ccc\n"},
                        {"app.1.log.3", "aaa\nbbb\n"}}));
}

TEST_F(LogFilesTest, GoOnWhereAnEarlierFrontDoorWas) {
  settings_.max_size = 10;
  for (const char* line : {"before\n", "1\n", "after\n"}) {
    LogFiles files = this->files();
    files.write(path("app.1.log"), line);
  }
  EXPECT_EQ(all(), (All{{"app.1.log", "after\n"}, {"app.1.log.1", "before\n1\n"}}));
}

TEST_F(LogFilesTest, WithoutAnyToKeepAFullOneIsDeleted) {
  settings_.max_size = 4;
  settings_.keep = 0;
  LogFiles files = this->files();
  for (const char* line : {"one\n", "two\n"}) files.write(path("app.1.log"), line);
  EXPECT_EQ(all(), (All{{"app.1.log", "two\n"}}));
}

TEST_F(LogFilesTest, MoreThanIsKeptNowIsDeleted) {
  settings_.max_size = 4;
  settings_.keep = 5;
  {
    LogFiles files = this->files();
    for (const char* line : {"1\n1", "2\n2", "3\n3", "4\n4\n"}) files.write(path("app.1.log"), std::string(line) + "\n");
  }
  std::ofstream(path("app.1.log.old")) << "not ours";
  settings_.keep = 1;
  LogFiles files = this->files();
  files.write(path("app.1.log"), "5\n");
  EXPECT_TRUE(fs::exists(path("app.1.log.1")));
  EXPECT_FALSE(fs::exists(path("app.1.log.2")));
  EXPECT_TRUE(fs::exists(path("app.1.log.old")));
}

TEST_F(LogFilesTest, AllTogetherKeepToTheirTotal) {
  settings_.max_size = 100;
  settings_.max_total = 400;
  settings_.keep = 100;
  LogFiles files = this->files();
  std::uint64_t most = 0;
  for (int round = 0; round < 200; ++round)
    for (const char* file : {"app.1.log", "app.2.log"}) {
      files.write(path(file), "a line of some length\n");
      std::uint64_t total = 0;
      for (const auto& [name, text] : all()) total += text.size();
      most = std::max(most, total);
    }
  EXPECT_LE(most, 400u);
  EXPECT_GT(most, 300u);
}

TEST_F(LogFilesTest, OnesThatWereMovedOrRemovedAreNoticed) {
  LogFiles files = this->files();
  files.write(path("app.1.log"), "before\n");
  events(files);
  fs::rename(path("app.1.log"), path("moved"));
  files.write(path("app.1.log"), "into the old one\n");
  files.look(false);
  EXPECT_EQ(events(files), Events{}) << "whoever moved it may be about to make the new one";
  files.look(false);
  files.write(path("app.1.log"), "after\n");
  EXPECT_EQ(events(files), (Events{"log file reopened"}));
  EXPECT_EQ(contents("moved"), "before\ninto the old one\n");
  EXPECT_EQ(contents("app.1.log"), "after\n");
}

TEST_F(LogFilesTest, AreOpenedAnewWhenSomebodyAsks) {
  LogFiles files = this->files();
  files.write(path("app.1.log"), "before\n");
  fs::rename(path("app.1.log"), path("moved"));
  events(files);
  files.look(true);
  files.write(path("app.1.log"), "after\n");
  EXPECT_EQ(contents("app.1.log"), "after\n");
  EXPECT_EQ(events(files), (Events{"log file reopened"})) << "a question is answered";
}

TEST_F(LogFilesTest, ADirectoryThatIsRemovedIsMadeAgain) {
  LogFiles files = this->files();
  files.write(path("app.1.log"), "before\n");
  fs::remove_all(root_ + "/logs");
  files.look(false);
  files.look(false);
  EXPECT_EQ(files.write(path("app.1.log"), "after\n"), 0u);
  EXPECT_EQ(all(), (All{{"app.1.log", "after\n"}}));
}

// What is written to a file without a name nobody will read: it counts as lost, as long as there can be no other.
TEST_F(LogFilesTest, OneThatWasRemovedAndCannotBeMadeAgainLosesItsLines) {
  LogFiles files = this->files();
  files.write(path("app.1.log"), "one\n");
  fs::remove_all(root_ + "/logs");
  std::ofstream(root_ + "/logs") << "in the way";
  files.look(false);
  files.look(false);  // at the first one it may have been somebody's rotation
  EXPECT_EQ(files.write(path("app.1.log"), "two\nthree\n"), 2u);
  EXPECT_EQ(files.last_error(), "it was removed and can not be made again");
  fs::remove(root_ + "/logs");
  files.look(false);
  EXPECT_EQ(files.write(path("app.1.log"), "four\n"), 0u);
  EXPECT_EQ(all(), (All{{"app.1.log", "four\n"}}));
}

TEST_F(LogFilesTest, OneThatWasOnlyMovedIsWrittenOn) {
  LogFiles files = this->files();
  files.write(path("app.1.log"), "one\n");
  fs::rename(root_ + "/logs", root_ + "/moved");
  std::ofstream(root_ + "/logs") << "in the way";
  files.look(false);
  files.look(false);
  EXPECT_EQ(files.write(path("app.1.log"), "two\n"), 0u);
  EXPECT_EQ(fs::file_size(root_ + "/moved/app.1.log"), 8u);
}

TEST_F(LogFilesTest, ADirectoryThatCannotBeMadeIsToldOnceAndTriedAgain) {
  std::ofstream(root_ + "/logs") << "a file is in the way";
  LogFiles files = this->files();
  EXPECT_EQ(files.write(path("app.1.log"), "one\ntwo\n"), 2u);
  EXPECT_EQ(files.write(path("app.1.log"), "three\n"), 1u);
  files.look(false);
  EXPECT_EQ(events(files), (Events{"log file not opened, trying again"}));
  fs::remove(root_ + "/logs");
  files.look(false);
  EXPECT_EQ(files.write(path("app.1.log"), "four\n"), 0u);
  EXPECT_EQ(all(), (All{{"app.1.log", "four\n"}}));
}

TEST_F(LogFilesTest, OnesThatNobodyWritesAreClosedAndOpenedAgainInSilence) {
  LogFiles files(settings_, "app", Millis{-1});
  files.write(path("app.1.log"), "before\n");
  EXPECT_EQ(events(files), (Events{"log file opened"}));
  files.look(false);
  fs::rename(path("app.1.log"), path("moved"));  // which it would have missed if it were open
  files.write(path("app.1.log"), "after\n");
  EXPECT_EQ(contents("app.1.log"), "after\n");
  EXPECT_EQ(events(files), Events{});
}

TEST_F(LogFilesTest, ALinkIsNotFollowed) {
  fs::create_directory(root_ + "/logs");
  std::ofstream(root_ + "/victim") << "";
  fs::create_symlink(root_ + "/victim", path("app.1.log"));
  LogFiles files = this->files();
  EXPECT_EQ(files.write(path("app.1.log"), "one\n"), 1u);
  const auto news = files.take_news();
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].reason, "cannot open " + path("app.1.log") + ": it is a symbolic link");
  EXPECT_EQ(fs::file_size(root_ + "/victim"), 0u);
}

TEST_F(LogFilesTest, BelowTheFloorOfTheDiskNothingIsWritten) {
  settings_.min_free = std::uint64_t{1} << 60;
  LogFiles files = this->files();
  EXPECT_EQ(files.write(path("app.1.log"), "one\ntwo\n"), 2u);
  EXPECT_EQ(files.write(path("app.1.log"), "three\n"), 1u);
  EXPECT_EQ(contents("app.1.log"), "");
  EXPECT_EQ(events(files), (Events{"log file opened", "log files are not written"}));
  EXPECT_NE(files.last_error().find("min_free"), std::string::npos);
}

TEST_F(LogFilesTest, AFullDeviceLosesLinesAndSaysWhy) {
  settings_.file = "/dev/full";
  settings_.min_free = std::uint64_t{1} << 60;  // is about files
  LogFiles files = this->files();
  EXPECT_EQ(files.write("/dev/full", "one\ntwo\n"), 2u);
  EXPECT_EQ(files.last_error(), "No space left on device");
}

}  // namespace
}  // namespace frontdoor
