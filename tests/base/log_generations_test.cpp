// The names of a log's full files, and how one makes way for the next.

#include "base/log_generations.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/disk_floor.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;

class LogGenerations : public ::testing::Test {
 protected:
  using All = std::map<std::string, std::string>;

  std::string path(const std::string& file = "log") const { return root_ + '/' + file; }
  void write(const std::string& file, const std::string& text) const { std::ofstream(path(file)) << text; }
  All all() const {
    All found;
    for (const auto& entry : fs::directory_iterator(root_)) {
      std::ostringstream text;
      if (entry.is_regular_file()) text << std::ifstream(entry.path()).rdbuf();
      found[entry.path().filename().string()] = text.str();
    }
    return found;
  }

  const test::TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path();
};

TEST_F(LogGenerations, TheOldestGoes) {
  for (const char* text : {"1", "2", "3", "4"}) {
    write("log", text);
    EXPECT_EQ(make_way(path(), 2), "");
  }
  EXPECT_EQ(all(), (All{{"log.1", "4"}, {"log.2", "3"}}));
}

TEST_F(LogGenerations, WithoutAnyToKeepItIsRemoved) {
  write("log", "1");
  write("log.1", "of before");
  EXPECT_EQ(make_way(path(), 0), "");
  EXPECT_EQ(all(), (All{{"log.1", "of before"}}));
}

TEST_F(LogGenerations, OneThatIsGoneIsOutOfTheWay) {
  EXPECT_EQ(make_way(path(), 3), "");
  EXPECT_EQ(make_way(path(), 0), "");
  write("log", "1");
  write("log.2", "a gap before it");
  EXPECT_EQ(make_way(path(), 3), "");
  EXPECT_EQ(all(), (All{{"log.1", "1"}, {"log.3", "a gap before it"}}));
}

// Going on would write over what could not be moved.
TEST_F(LogGenerations, WhatCanNotBeMovedLosesNothing) {
  write("log", "1");
  write("log.1", "2");
  fs::create_directories(path("log.2/in-the-way"));
  EXPECT_EQ(make_way(path(), 2), "cannot rename " + path("log.1") + ": Is a directory");
  EXPECT_EQ(all(), (All{{"log", "1"}, {"log.1", "2"}, {"log.2", ""}}));
  fs::remove(path("log.1"));
  fs::create_directories(path("log.1/in-the-way"));
  EXPECT_EQ(make_way(path(), 1), "cannot rename " + path() + ": Is a directory");
  fs::remove(path());
  fs::create_directory(path());
  EXPECT_EQ(make_way(path(), 0), "cannot remove " + path() + ": Is a directory");
}

TEST(LogGeneration, IsToldByTheName) {
  const struct {
    const char* file;
    std::optional<std::uint32_t> generation;
  } rows[] = {
      {"access.log", 0},
      {"access.log.1", 1},
      {"access.log.12", 12},
      {"access.log.0", std::nullopt},
      {"access.log.01", std::nullopt},
      {"access.log.", std::nullopt},
      {"access.log.1.gz", std::nullopt},
      {"access.log.gz", std::nullopt},
      {"access.log1", std::nullopt},
      {"access.log-1", std::nullopt},
      {"access.log.-1", std::nullopt},
      {"access.log.+1", std::nullopt},
      {"access.log.99999999999", std::nullopt},
      {"access.lo", std::nullopt},
      {"other.log.1", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(generation_of(row.file, "access.log"), row.generation) << row.file;
}

TEST(DiskFloor, IsAFloor) {
  DiskFloor floor(std::uint64_t{1} << 60);
  EXPECT_EQ(floor.take_news(), DiskFloor::News::None);
  EXPECT_FALSE(floor.has_room("/", 1));
  EXPECT_EQ(floor.take_news(), DiskFloor::News::BelowFloor);
  EXPECT_FALSE(floor.has_room("/", 1));
  EXPECT_EQ(floor.take_news(), DiskFloor::News::None) << "told once";
  EXPECT_EQ(floor.why(), "less than min_free (1099511627776MiB) of the disk is free");
  EXPECT_NE(floor.state().find("less than min_free (1099511627776MiB)"), std::string::npos);
  floor.set(1);  // a reload
  EXPECT_TRUE(floor.has_room("/", 1));
  EXPECT_EQ(floor.take_news(), DiskFloor::News::RoomAgain);
  floor.set(0);
  EXPECT_TRUE(floor.has_room("/no/such/directory", std::size_t{1} << 62));
  floor.set(1);
  floor.look();
  EXPECT_TRUE(floor.has_room("/no/such/directory", 1)) << "what can not be told stops no log";
}

TEST(DiskFloor, CountsDownBetweenTwoLooks) {
  DiskFloor floor(1);
  ASSERT_TRUE(floor.has_room("/", 1));
  floor.written(std::size_t{1} << 62);
  EXPECT_FALSE(floor.has_room("/", 1));
  floor.look();
  EXPECT_TRUE(floor.has_room("/", 1));
}

}  // namespace
}  // namespace frontdoor
