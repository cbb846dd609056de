// What an app writes: cut into lines, and the last of them remembered.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/launcher/process_end.h"
#include "supervisor/output/line_splitter.h"
#include "supervisor/output/recent_lines.h"

namespace frontdoor {
namespace {

using Lines = std::vector<std::string>;

// Pieces that go on are shown with a '+' behind them.
class Splitting {
 public:
  Lines feed(const std::string& bytes) {
    splitter.feed(bytes, taking());
    return std::exchange(lines_, {});
  }
  Lines give_what_there_is() {
    splitter.give_what_there_is(taking());
    return std::exchange(lines_, {});
  }
  Lines finish() {
    splitter.finish(taking());
    return std::exchange(lines_, {});
  }
  LineSplitter splitter;

 private:
  std::function<void(std::string_view, bool)> taking() {
    return [this](std::string_view line, bool goes_on) { lines_.push_back(std::string(line) + (goes_on ? "+" : "")); };
  }
  Lines lines_;
};

Lines split(const std::vector<std::string>& reads) {
  Splitting splitting;
  Lines lines;
  for (const std::string& read : reads)
    for (auto& line : splitting.feed(read)) lines.push_back(std::move(line));
  for (auto& line : splitting.finish()) lines.push_back(std::move(line));
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
  const std::string odd("a\0b\rc\x1b[31m\xff", 11);
  EXPECT_EQ(split({odd + "\n"}), (Lines{odd}));
}

TEST(LineSplitter, ALineWithoutEndComesInPieces) {
  const std::string longest(LineSplitter::kLongest, 'x');
  EXPECT_EQ(split({longest + "\n"}), (Lines{longest}));
  EXPECT_EQ(split({longest + "y\n"}), (Lines{longest + "+", "y"}));
  EXPECT_EQ(split({longest, longest, "\n", "next\n"}), (Lines{longest + "+", longest, "next"}));
  EXPECT_EQ(split({longest + longest + longest + "z"}), (Lines{longest + "+", longest + "+", longest + "+", "z"}));
}

TEST(LineSplitter, NoPieceEndsWithinACharacter) {
  for (const std::string character : {"\u00e9", "\u20ac", "\U0001F600"})
    for (std::size_t before = 1; before <= character.size(); ++before) {
      const std::string filler(LineSplitter::kLongest - before, 'x');
      const Lines lines = split({filler + character + "y\n"});
      ASSERT_EQ(lines.size(), 2u);
      const bool fits = before == character.size();
      EXPECT_EQ(lines[0], filler + (fits ? character : "") + '+');
      EXPECT_EQ(lines[1], (fits ? "" : character) + std::string("y"));
    }
}

TEST(LineSplitter, GivesAPromptBeforeItsNewline) {
  Splitting app;
  EXPECT_EQ(app.give_what_there_is(), Lines{});
  EXPECT_EQ(app.feed("Name: "), Lines{});
  EXPECT_TRUE(app.splitter.waits());
  EXPECT_EQ(app.give_what_there_is(), Lines{"Name: +"});
  EXPECT_FALSE(app.splitter.waits());
  EXPECT_EQ(app.feed("Ada\n"), Lines{"Ada"});
  app.feed("\xe2\x82");  // half a character is none
  EXPECT_EQ(app.give_what_there_is(), Lines{});
  EXPECT_EQ(app.feed("\xac\n"), Lines{"\u20ac"});
}

OutputLine from(OutputStream stream, pid_t pid = 1) { return {.pid = pid, .stream = stream}; }

TEST(RecentLines, ForgetsTheOldestByNumberAndByBytes) {
  RecentLines by_number(2, 1'000);
  for (const char* text : {"a", "b", "c"}) by_number.add(from(OutputStream::Output), text);
  ASSERT_EQ(by_number.lines().size(), 2u);
  EXPECT_EQ(by_number.lines().front().text, "b");
  EXPECT_EQ(by_number.lines().front().number, 2u);

  RecentLines by_bytes(100, 2 * sizeof(OutputLine));
  by_bytes.add(from(OutputStream::Output), "12");
  EXPECT_EQ(by_bytes.bytes(), sizeof(OutputLine) + 2);
  by_bytes.add(from(OutputStream::Output), "34");
  EXPECT_EQ(by_bytes.lines().size(), 1u) << "what an entry itself takes counts";
  by_bytes.add(from(OutputStream::Output), std::string(1'000, 'x'));
  EXPECT_EQ(by_bytes.lines().size(), 1u) << "the newest stays, whatever its size";
  EXPECT_EQ(by_bytes.bytes(), sizeof(OutputLine) + 1'000);
}

TEST(RecentLines, LastWordsAreThoseOnStandardErrorIfThereAreAny) {
  RecentLines lines(100, 10'000);
  EXPECT_TRUE(lines.last_words(2).empty());
  for (const char* text : {"out 1", "out 2"}) lines.add(from(OutputStream::Output), text);
  EXPECT_EQ(lines.last_words(5), (Lines{"out 1", "out 2"}));
  for (const char* text : {"error 1", "", "error 2", "error 3"}) lines.add(from(OutputStream::Errors), text);
  EXPECT_EQ(lines.last_words(2), (Lines{"error 2", "error 3"}));
  EXPECT_EQ(lines.last_words(5, 5), (Lines{"error 3"})) << "of this life only";
  lines.add(from(OutputStream::Errors, 2), "of its successor");
  EXPECT_EQ(lines.last_words(5, 5, 1), (Lines{"error 3"})) << "of this process only";
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
