// What a program on trial writes to standard error: what is kept of it, and where it goes.

#include "supervisor/launcher/last_words.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "supervisor/launcher/process_ops.h"
#include "tests/supervisor/faulty_process_ops.h"

namespace frontdoor {
namespace {

TEST(LastWords, AreTheLastLinesAsOneAndNothingThatOnlyATerminalWouldTake) {
  const struct {
    std::string written, words;
  } cases[] = {
      {"", ""},
      {"\n \n", ""},
      {"loader: no libssl.so.3\n", "loader: no libssl.so.3"},
      {"without an end", "without an end"},
      {"1\n2\n\n3\r\n  4\t5 \n", "2; 3; 4 5"},
      {"\x1b[31mred\x1b[0m\x1b[2Jcleared\a\n", "red^[[2Jcleared^G"},
      {std::string(100, 'a') + "\n" + std::string(100, 'b') + "\n", std::string(100, 'b')},
      {std::string(200, 'a'), std::string(157, 'a') + "…"},
      {"no admin.token=s3cret here\n", "no admin.token=…"},
      {"see http://127.0.0.1:1/#token=abc\nand \"Password\": \"abc\", x\n", "see http://127.0.0.1:1/#token=…; and \"Password\": \"…"},
      {"Authorization: Bearer abc", "Authorization: …"},
      {"the token is missing", "the token is missing"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(last_words(c.written), c.words);
    EXPECT_LE(last_words(c.written).size(), kMostLastWords);
  }
}

struct Said {
  std::string kept;
  std::string seen;  // where standard error leads
};

// `then`: in the child, which is to end.
template <class Then>
Said said_by(Then then) {
  ::testing::internal::CaptureStderr();
  ProcessOps kernel;
  LastWords words;
  EXPECT_TRUE(words.open(kernel));
  const pid_t pid = fork();
  if (pid == 0) {
    setenv(LastWords::kVariable, words.variable().c_str(), 1);
    words.become_standard_error();
    then();
    _exit(0);
  }
  words.started();
  pollfd wanted{words.fd(), POLLIN, 0};
  do poll(&wanted, 1, -1);
  while (words.hear());
  waitpid(pid, nullptr, 0);
  return {words.text(), ::testing::internal::GetCapturedStderr()};
}

void say(const char* text) { [[maybe_unused]] const auto written = write(STDERR_FILENO, text, strlen(text)); }

TEST(LastWords, AreThoseOfAProgramThatKnowsNothingOfThem) {
  const Said one = said_by([] { say("no such thing\n"); });
  EXPECT_EQ(one.kept, "no such thing");
  EXPECT_EQ(one.seen, "no such thing\n");
  constexpr std::string_view kLine = "a line of many\n";
  constexpr int kLines = 20'000;  // more than a pipe holds
  const Said many = said_by([&] {
    for (int i = 0; i < kLines; ++i) say(kLine.data());
    say("the last one\n");
  });
  EXPECT_EQ(many.kept, "a line of many; a line of many; the last one");
  EXPECT_EQ(many.seen.size(), kLine.size() * kLines + 13);
}

TEST(LastWords, EndWhereOneOfOursTakesStandardErrorBack) {
  const Said said = said_by([] {
    say("before\n");
    take_standard_error_back();
    say(getenv(LastWords::kVariable) == nullptr ? "behind\n" : "still in the environment\n");
  });
  EXPECT_EQ(said.kept, "before");
  EXPECT_NE(said.seen.find("behind\n"), std::string::npos);
}

// A wrapper that keeps a log of its own, for instance.
TEST(LastWords, WhereStandardErrorIsAnotherOneItStaysSo) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Said said = said_by([&] {
    dup2(ends[1], STDERR_FILENO);
    take_standard_error_back();
    say("elsewhere");
  });
  EXPECT_EQ(said.kept + said.seen, "");
  std::array<char, 32> text{};
  EXPECT_EQ(read(ends[0], text.data(), text.size()), 9);
  close(ends[0]);
  close(ends[1]);
}

TEST(LastWords, WithoutADescriptorForThemTheyAreUnheardAndSaidAllTheSame) {
  using Op = FaultyProcessOps::Op;
  for (const Op op : {Op::Pipe, Op::DuplicateAbove}) {
    FaultyProcessOps ops(op, EMFILE, 1);
    LastWords words;
    EXPECT_FALSE(words.open(ops));
    EXPECT_EQ(errno, EMFILE);
    EXPECT_EQ(words.fd(), -1);
    EXPECT_EQ(words.variable(), "");
    words.become_standard_error();  // changes nothing
    EXPECT_FALSE(words.hear());
  }
}

}  // namespace
}  // namespace frontdoor
