// Destinations that are slow, shared or gone.

#include "base/log_destination.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>
#include <utility>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

struct Ends {
  int reader = -1, writer = -1;
  ~Ends() {
    if (reader >= 0) ::close(reader);
    if (writer >= 0) ::close(writer);
  }
};

void make_pipe(Ends& ends) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  ends.reader = fds[0], ends.writer = fds[1];
}

void make_socket(Ends& ends) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  ends.reader = fds[0], ends.writer = fds[1];
}

std::string many_lines(std::size_t bytes) {
  std::string lines;
  for (int i = 0; lines.size() < bytes; ++i) lines += std::to_string(i) + std::string(300, 'x') + "\n";
  return lines;
}

std::string read_all(int fd) {
  std::string all;
  char bytes[10'000];
  for (ssize_t n; (n = ::read(fd, bytes, sizeof bytes)) > 0;) all.append(bytes, static_cast<std::size_t>(n));
  return all;
}

struct Case {
  const char* name;
  void (*make)(Ends&);
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Stream : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { GetParam().make(ends_); }
  Ends ends_;
};

TEST_P(Stream, EverythingArrivesThroughAReaderThatIsSlowerThanTheWriter) {
  const auto lines = many_lines(3'000'000);
  std::string received;
  std::thread reader([&] { received = read_all(ends_.reader); });
  {
    LogDestination destination;
    ASSERT_EQ(destination.borrow(ends_.writer), "");
    EXPECT_EQ(destination.write(lines), 0u);
  }
  ::close(std::exchange(ends_.writer, -1));
  reader.join();
  EXPECT_TRUE(received == lines);
}

TEST_P(Stream, FlagsOfABorrowedDescriptorStayAsTheyAre) {
  const int before = ::fcntl(ends_.writer, F_GETFL);
  LogDestination destination;
  ASSERT_EQ(destination.borrow(ends_.writer), "");
  EXPECT_EQ(::fcntl(ends_.writer, F_GETFL), before);
}

TEST_P(Stream, OneThatNobodyReadsIsGivenUpAtTheDeadlineAndTheLinesAreCounted) {
  LogDestination destination;
  ASSERT_EQ(destination.borrow(ends_.writer), "");
  const auto lines = many_lines(3'000'000);
  const auto total = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  std::thread end([&] { destination.finish_by(Clock::now() + 50ms); });
  const auto lost = destination.write(lines);
  end.join();
  EXPECT_GT(lost, total / 2);
  EXPECT_LT(lost, total);
  EXPECT_GT(destination.write(lines), total - 2) << "and at once from then on";
}

INSTANTIATE_TEST_SUITE_P(All, Stream, ::testing::Values(Case{"pipe", make_pipe}, Case{"socket", make_socket}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(LogDestination, TakesWholeLinesOnlyWhenAPipeIsShared) {
  Ends ends;
  make_pipe(ends);
  const auto ours = many_lines(400'000);
  std::string received;
  std::thread reader([&] { received = read_all(ends.reader); });
  std::thread other([&] {
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(::write(ends.writer, "event\n", 6), 6);
  });
  {
    LogDestination destination;
    ASSERT_EQ(destination.borrow(ends.writer), "");
    EXPECT_EQ(destination.write(ours), 0u);
  }
  other.join();
  ::close(std::exchange(ends.writer, -1));
  reader.join();

  std::string rest;
  for (std::size_t at = 0, end; at < received.size(); at = end + 1) {
    end = received.find('\n', at);
    if (received.compare(at, end + 1 - at, "event\n") != 0) rest += received.substr(at, end + 1 - at);
  }
  EXPECT_TRUE(rest == ours) << "a line of the other writer landed inside one of ours";
}

TEST(LogDestination, ALineLongerThanAPipeTakesAtOnceIsWrittenInPieces) {
  Ends ends;
  make_pipe(ends);
  const std::string line = std::string(20'000, 'x') + "\n";
  LogDestination destination;
  ASSERT_EQ(destination.borrow(ends.writer), "");
  EXPECT_EQ(destination.write(line), 0u);
  ::close(std::exchange(ends.writer, -1));
}

TEST(LogDestination, AFifoWithoutReaderIsAnErrorAndNotAStartThatHangs) {
  const test::TemporaryDirectory temporary;
  const std::string fifo = temporary / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  LogDestination destination;
  EXPECT_NE(destination.open(fifo), "");
}

TEST(LogDestination, AFailedOpenKeepsTheOldFile) {
  Ends ends;
  make_pipe(ends);
  LogDestination destination;
  ASSERT_EQ(destination.borrow(ends.writer), "");
  EXPECT_NE(destination.open("/no/such/file"), "");
  EXPECT_EQ(destination.write("still here\n"), 0u);
  char bytes[64];
  EXPECT_EQ(::read(ends.reader, bytes, sizeof bytes), 11);
}

TEST(RenameTurn, IsOnesAtATimeAndNobodyHoldsItForEver) {
  char name[] = "/tmp/frontdoor-turn-XXXXXX";
  const int made = ::mkstemp(name);
  ASSERT_GE(made, 0);
  LogDestination first, second;
  ASSERT_EQ(first.open(name), "");
  ASSERT_EQ(second.open(name), "");
  {
    const RenameTurn turn(first);
    EXPECT_NE(::flock(made, LOCK_EX | LOCK_NB), 0);
    const RenameTurn in_vain(second);  // returns all the same
  }
  EXPECT_EQ(::flock(made, LOCK_EX | LOCK_NB), 0);
  const LogDestination none;
  const RenameTurn nothing(none);
  ::close(made);
  ::unlink(name);
}

}  // namespace
}  // namespace frontdoor
