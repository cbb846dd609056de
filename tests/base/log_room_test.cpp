// How much log files may hold, which of them make room, and where a block of lines is cut.

#include "base/log_room.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(LogRoom, WhatOneFileMayHold) {
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 0}.size_of_one(100)), 10u);
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 1'000}.size_of_one(4)), 10u);
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 40}.size_of_one(4)), 5u) << "half of the room is for those that are open";
  EXPECT_EQ((LogRoom{.max_size = 0, .max_total = 40}.size_of_one(1)), 20u);
  EXPECT_EQ((LogRoom{.max_size = 0, .max_total = 0}.size_of_one(1)), 0u) << "without bound";
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 1}.size_of_one(100)), 1u);
}

TEST(LogRoom, TheOldestMakeRoom) {
  const std::vector<LogFile> files{{"a.log", 10, 1, true}, {"a.log.1", 10, 2}, {"b.log.2", 10, 3}, {"b.log.1", 10, 4}};
  using Paths = std::vector<std::string>;
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 40}.to_delete(files)), Paths{});
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 39}.to_delete(files)), (Paths{"a.log.1"}));
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 20}.to_delete(files)), (Paths{"a.log.1", "b.log.2"}));
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 1}.to_delete(files)).size(), 3u) << "never the one that is open";
  EXPECT_EQ((LogRoom{.max_size = 10, .max_total = 0}.to_delete(files)), Paths{});
  EXPECT_EQ((LogRoom{.max_size = 12, .max_total = 41}.to_delete(files)), (Paths{"a.log.1"})) << "an open one may still fill";
}

TEST(LogRoom, WholeLinesGoIntoAFileAsFarAsItHasRoom) {
  const struct {
    const char* what;
    const char* lines;
    std::uint64_t size, most;
    std::size_t fitting;
  } rows[] = {
      {"any number", "aaa\nbbb\n", 100, 0, 8},
      {"all of them", "aaa\nbbb\n", 0, 8, 8},
      {"all of them, to the last byte", "aaa\nbbb\n", 4, 12, 8},
      {"one of two", "aaa\nbbb\n", 4, 11, 4},
      {"one of two, to the last byte", "aaa\nbbb\n", 4, 8, 4},
      {"none: the next file's turn", "aaa\nbbb\n", 5, 8, 0},
      {"it is full", "aaa\n", 8, 8, 0},
      {"it is more than full: the limit was larger before", "aaa\n", 9, 8, 0},
      {"a line that is larger than a file gets one of its own", "a long line\nb\n", 0, 8, 12},
      {"but not behind others", "a long line\nb\n", 2, 8, 0},
      {"without a newline at its end", "a long line", 0, 8, 11},
  };
  for (const auto& row : rows) EXPECT_EQ(fitting_lines(row.lines, row.size, row.most), row.fitting) << row.what;
}

}  // namespace
}  // namespace frontdoor
