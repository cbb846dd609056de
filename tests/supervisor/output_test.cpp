// What an app writes: cut into lines, and the last of them remembered.

#include <gtest/gtest.h>

#include <vector>

#include "supervisor/line_splitter.h"
#include "supervisor/process_end.h"
#include "supervisor/recent_lines.h"

namespace frontdoor {
namespace {

using Lines = std::vector<std::string>;

Lines split(const std::vector<std::string>& reads) {
  LineSplitter splitter;
  Lines lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  for (const std::string& read : reads) splitter.feed(read, take);
  splitter.finish(take);
  return lines;
}

TEST(LineSplitter, CutsAtNewlinesWhereverTheReadsEnd) {
  EXPECT_EQ(split({"one\ntwo\nthree\n"}), (Lines{"one", "two", "three"}));
  EXPECT_EQ(split({"o", "ne", "\n", "t", "wo\nthr", "ee\n"}), (Lines{"one", "two", "three"}));
  EXPECT_EQ(split({"one\r\ntwo\r", "\n"}), (Lines{"one", "two"}));
  EXPECT_EQ(split({"\n\n"}), (Lines{"", ""}));
}

TEST(LineSplitter, KeepsWhatLacksItsNewline) { EXPECT_EQ(split({"last words"}), (Lines{"last words"})); }

TEST(LineSplitter, AnyByteBelongsToItsLine) {
  const std::string odd("a\0b\x1b[31m\xff", 9);
  EXPECT_EQ(split({odd + "\n"}), (Lines{odd}));
}

TEST(LineSplitter, ALineWithoutEndComesInPieces) {
  const std::string longest(LineSplitter::kLongest, 'x');
  EXPECT_EQ(split({longest + "y\n"}), (Lines{longest, "y"}));
  EXPECT_EQ(split({longest, longest, "\n"}), (Lines{longest, longest, ""}));
}

TEST(RecentLines, ForgetsTheOldestByNumberAndByBytes) {
  RecentLines by_number(2, 1'000);
  for (const char* text : {"a", "b", "c"}) by_number.add(OutputStream::Output, text, 0);
  ASSERT_EQ(by_number.lines().size(), 2u);
  EXPECT_EQ(by_number.lines().front().text, "b");
  EXPECT_EQ(by_number.lines().front().number, 2u);

  RecentLines by_bytes(100, 10);
  for (const char* text : {"123456", "123456", "12345678901234567890"})
    by_bytes.add(OutputStream::Output, text, 0);
  EXPECT_EQ(by_bytes.lines().size(), 1u) << "the newest stays, whatever its size";
}

TEST(RecentLines, LastWordsAreThoseOnStandardErrorIfThereAreAny) {
  RecentLines lines(100, 10'000);
  EXPECT_TRUE(lines.last_words(2).empty());
  for (const char* text : {"out 1", "out 2"}) lines.add(OutputStream::Output, text, 0);
  EXPECT_EQ(lines.last_words(5), (Lines{"out 1", "out 2"}));
  for (const char* text : {"error 1", "", "error 2", "error 3"}) lines.add(OutputStream::Errors, text, 0);
  EXPECT_EQ(lines.last_words(2), (Lines{"error 2", "error 3"}));
  EXPECT_EQ(lines.last_words(5, 5), (Lines{"error 3"})) << "of this life only";
}

TEST(ProcessEnd, TellsASignalFromAStatus) {
  EXPECT_EQ(to_string(ProcessEnd{false, 9}), "exit 9");
  EXPECT_EQ(to_string(ProcessEnd{true, 9}), "SIGKILL");
  EXPECT_EQ(to_string(ProcessEnd{true, 11, true}), "SIGSEGV (core dumped)");
  EXPECT_EQ(to_string(ProcessEnd{true, 63}), "signal 63");
  EXPECT_EQ(to_string(ProcessEnd{.known = false}), "unknown");
}

}  // namespace
}  // namespace frontdoor
