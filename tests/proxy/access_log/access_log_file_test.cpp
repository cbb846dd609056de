// The access log's file on a real disk: when it is full or old, when that can not be helped, and when somebody else moves it.

#include "proxy/access_log/access_log_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "proxy/access_log/access_log.h"
#include "support/captured_log.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class RotatedFile : public ::testing::Test {
 protected:
  using All = std::map<std::string, std::string>;

  void SetUp() override {
    settings_.output = path();
    settings_.min_free = 0;
  }

  std::string path(const std::string& file = "log") const { return root_ + '/' + file; }
  std::unique_ptr<AccessLogFile> open() {
    auto file = std::make_unique<AccessLogFile>(failed_, &events_.log());
    EXPECT_EQ(file->open(settings_), "");
    return file;
  }
  void write_all(AccessLogFile& file, std::initializer_list<const char*> lines) {
    for (const char* line : lines) EXPECT_EQ(file.write(line), 0u) << file.last_error();
  }
  All all() const {
    All found;
    for (const auto& entry : fs::directory_iterator(root_)) {
      std::ostringstream text;
      if (entry.is_regular_file()) text << std::ifstream(entry.path()).rdbuf();
      found[entry.path().filename().string()] = text.str();
    }
    return found;
  }
  void put(const std::string& file, const std::string& text) const { std::ofstream(path(file)) << text; }

  const test::TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path();
  config::AccessLog settings_;
  test::CapturedLog events_;
  std::atomic<std::uint64_t> failed_{0};
};

TEST_F(RotatedFile, AFullOneIsRenamedAndTheOldestGoes) {
  settings_.max_size = 10;
  settings_.keep = 2;
  const auto file = open();
  write_all(*file, {"line one\n", "line two\n", "line 3\n", "line 4\n", "5\n"});
  EXPECT_EQ(all(), (All{{"log", "line 4\n5\n"}, {"log.1", "line 3\n"}, {"log.2", "line two\n"}}));
  EXPECT_EQ(failed_, 0u);
  EXPECT_EQ(events_.text(), "") << "a full file is nothing that anybody has to know";
}

TEST_F(RotatedFile, IsCutBetweenLinesHoweverManyComeAtOnce) {
  settings_.max_size = 10;
  const auto file = open();
  write_all(*file, {"aaa\nbbb\nccc\nlonger than any file may be\nddd\n"});
  EXPECT_EQ(all(), (All{{"log", "ddd\n"}, {"log.1", "longer than any file may be\n"}, {"log.2", "ccc\n"}, {"log.3", "aaa\nbbb\n"}}));
}

TEST_F(RotatedFile, GoesOnWhereAnEarlierProcessWas) {
  settings_.max_size = 10;
  for (const char* line : {"before\n", "1\n", "after\n"}) write_all(*open(), {line});
  EXPECT_EQ(all(), (All{{"log", "after\n"}, {"log.1", "before\n1\n"}}));
}

TEST_F(RotatedFile, WithoutAnyToKeepAFullOneIsDeleted) {
  settings_.max_size = 4;
  settings_.keep = 0;
  write_all(*open(), {"one\n", "two\n"});
  EXPECT_EQ(all(), (All{{"log", "two\n"}}));
}

TEST_F(RotatedFile, MoreThanIsKeptNowIsDeletedAndNothingElse) {
  for (const char* name : {"log.1", "log.2", "log.7", "log.1.gz", "log.old", "other.log.7"}) put(name, "x\n");
  fs::create_directory(path("log.8"));
  settings_.max_size = 4;
  settings_.keep = 1;
  write_all(*open(), {"one\n"});
  EXPECT_EQ(all(), (All{{"log", "one\n"}, {"log.1", "x\n"}, {"log.1.gz", "x\n"}, {"log.8", ""}, {"log.old", "x\n"}, {"other.log.7", "x\n"}}));
}

// Those are logrotate's.
TEST_F(RotatedFile, WhereNothingIsRotatedNothingIsDeleted) {
  for (const char* name : {"log.1", "log.99"}) put(name, "x\n");
  const auto file = open();
  write_all(*file, {"one\n", "two\n"});
  file->look(true, settings_);
  file->look(false, settings_);
  EXPECT_EQ(all(), (All{{"log", "one\ntwo\n"}, {"log.1", "x\n"}, {"log.99", "x\n"}}));
}

TEST_F(RotatedFile, AllTogetherKeepToTheirTotal) {
  settings_.max_total = 200;
  settings_.keep = 100;
  const auto file = open();
  std::uint64_t most = 0;
  for (int round = 0; round < 100; ++round) {
    write_all(*file, {"a line of some length\n"});
    std::uint64_t total = 0;
    for (const auto& [name, text] : all()) total += text.size();
    most = std::max(most, total);
  }
  EXPECT_LE(most, 200u);
  EXPECT_GT(most, 150u);
}

TEST_F(RotatedFile, AnOldOneIsRenamedAtALookIfThereIsAnythingInIt) {
  settings_.max_age = 1ms;
  const auto file = open();
  const auto until_old = [&] {
    for (const auto born = std::chrono::system_clock::now(); std::chrono::system_clock::now() - born < 2ms;) std::this_thread::yield();
  };
  until_old();
  file->look(false, settings_);
  EXPECT_EQ(all(), (All{{"log", ""}})) << "an empty one is as good as new";
  write_all(*file, {"one\n"});
  file->look(false, settings_);
  write_all(*file, {"two\n"});
  EXPECT_EQ(all(), (All{{"log", "two\n"}, {"log.1", "one\n"}}));
  until_old();
  file->look(false, settings_);
  EXPECT_EQ(all(), (All{{"log", ""}, {"log.1", "two\n"}, {"log.2", "one\n"}}));
}

TEST_F(RotatedFile, AYoungOneStays) {
  settings_.max_age = std::chrono::hours{1};
  const auto file = open();
  write_all(*file, {"one\n"});
  file->look(false, settings_);
  EXPECT_EQ(all(), (All{{"log", "one\n"}}));
}

TEST_F(RotatedFile, AReloadChangesItsLimits) {
  const auto file = open();
  write_all(*file, {"one\n", "two\n"});
  settings_.max_size = 4;
  file->look(false, settings_);
  write_all(*file, {"three\n"});
  EXPECT_EQ(all(), (All{{"log", "three\n"}, {"log.1", "one\ntwo\n"}}));
  settings_.max_size = 0;
  file->look(false, settings_);
  write_all(*file, {"four\n"});
  EXPECT_EQ(all().at("log"), "three\nfour\n");
  EXPECT_EQ(events_.text(), "") << "the file is the same";
}

TEST_F(RotatedFile, ALowerTotalHoldsAtOnce) {
  settings_.max_size = 10;
  const auto file = open();
  write_all(*file, {"line one\n", "line two\n", "line 3\n", "line 4\n"});
  settings_.max_total = 20;
  file->look(false, settings_);
  EXPECT_EQ(all(), (All{{"log", "line 4\n"}, {"log.1", "line 3\n"}}));
  settings_.keep = 0;
  file->look(false, settings_);
  EXPECT_EQ(all(), (All{{"log", "line 4\n"}}));
}

TEST_F(RotatedFile, OneThatCanNotBeRotatedGrowsAndSaysSoOnce) {
  settings_.max_size = 4;
  settings_.keep = 1;
  fs::create_directories(path("log.1/in-the-way"));
  const auto file = open();
  write_all(*file, {"one\n", "two\n", "three\n"});
  EXPECT_EQ(all().at("log"), "one\ntwo\nthree\n");
  EXPECT_EQ(failed_, 1u) << "not for each block of lines";
  file->look(false, settings_);
  write_all(*file, {"four\n"});
  EXPECT_EQ(failed_, 2u);
  EXPECT_EQ(events_.count("access log cannot be rotated and grows"), 1);
  EXPECT_TRUE(events_.says("cannot rename " + path() + ": Is a directory")) << events_.text();

  fs::remove_all(path("log.1"));
  file->look(false, settings_);
  write_all(*file, {"five\n"});
  EXPECT_EQ(all(), (All{{"log", "five\n"}, {"log.1", "one\ntwo\nthree\nfour\n"}}));
  EXPECT_TRUE(events_.says(R"("event":"access log is rotated again","file":")" + path() + R"(","failed_tries":2)")) << events_.text();
}

// Two processes write it while one takes over from the other: whoever comes second must not rename what the first has begun.
TEST_F(RotatedFile, OneThatSomebodyElseHasRotatedIsOnlyOpenedAgain) {
  settings_.max_size = 10;
  const auto mine = open(), another = open();
  write_all(*mine, {"of mine\n"});
  write_all(*another, {"of them\n", "a\n"});
  write_all(*mine, {"more\n"});
  EXPECT_EQ(all(), (All{{"log", "a\nmore\n"}, {"log.1", "of mine\nof them\n"}}));
  write_all(*mine, {"and more\n"});
  EXPECT_EQ(all(), (All{{"log", "and more\n"}, {"log.1", "a\nmore\n"}, {"log.2", "of mine\nof them\n"}}));
}

TEST_F(RotatedFile, ALinkIsNotRenamed) {
  put("real", "");
  fs::create_symlink(path("real"), path());
  settings_.max_size = 4;
  const auto file = open();
  write_all(*file, {"one\n", "two\n"});
  EXPECT_EQ(all(), (All{{"log", "one\ntwo\n"}, {"real", "one\ntwo\n"}}));
  EXPECT_TRUE(events_.says(path() + " is a symbolic link")) << events_.text();
}

TEST_F(RotatedFile, WhatIsNoFileIsNotRotated) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  settings_.max_size = 4;
  settings_.max_age = 1ms;
  settings_.min_free = std::uint64_t{1} << 60;
  {
    const auto file = open();
    write_all(*file, {"one\n", "two\n"});
    file->look(false, settings_);
  }
  char got[16] = {};
  EXPECT_EQ(::read(reader, got, sizeof got), 8);
  EXPECT_STREQ(got, "one\ntwo\n");
  ::close(reader);
  EXPECT_EQ(all(), (All{{"log", ""}}));
}

TEST_F(RotatedFile, BelowTheFloorOfTheDiskNothingIsWrittenAndAboveItAgain) {
  settings_.min_free = std::uint64_t{1} << 60;
  const auto file = open();
  EXPECT_EQ(file->write("one\ntwo\n"), 2u);
  EXPECT_EQ(file->write("three\n"), 1u);
  EXPECT_EQ(file->last_error(), "less than min_free (1099511627776MiB) of the disk is free");
  EXPECT_EQ(events_.count("access log is not written"), 1);
  settings_.min_free = 1;
  file->look(false, settings_);
  write_all(*file, {"four\n"});
  EXPECT_EQ(all(), (All{{"log", "four\n"}}));
  EXPECT_EQ(events_.count("access log is written again"), 1);
}

// The whole of it, with its thread: no line is lost or torn where one file ends.
TEST_F(RotatedFile, NoLineIsLostBetweenTwoFiles) {
  settings_.max_size = 20'000;
  settings_.keep = 1'000;
  constexpr int lines = 3'000;
  {
    std::string error;
    AccessLog log(settings_, error, &events_.log(), Millis{5});
    ASSERT_EQ(error, "");
    AccessLogBuffer buffer(log);
    for (int i = 0; i < lines; ++i) {
      const std::string id = std::to_string(i);
      AccessRecord record;
      record.request_id = id;
      buffer.append(record);
      if (i % 50 == 0) buffer.flush();
    }
    buffer.flush();
    EXPECT_EQ(log.lost_lines(), 0u);
  }
  const auto found = all();
  EXPECT_GT(found.size(), 20u);
  int next = 0;
  for (std::size_t generation = found.size() - 1;; --generation) {
    std::istringstream text(found.at(generation == 0 ? "log" : "log." + std::to_string(generation)));
    for (std::string line; std::getline(text, line); ++next)
      ASSERT_NE(line.find("\"request_id\":\"" + std::to_string(next) + "\"}"), std::string::npos) << line;
    if (generation == 0) break;
  }
  EXPECT_EQ(next, lines);
  for (const auto& [name, text] : found) EXPECT_LE(text.size(), 20'000u) << name;
}

}  // namespace
}  // namespace frontdoor
