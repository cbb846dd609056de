// The ready file is there only while it is true, and a file is removed only by whom it belongs to.

#include "service/files/ready_file.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

struct ReadyFiles : ::testing::Test {
  const test::TemporaryDirectory temporary;
  const std::string& directory = temporary.path();
  const std::string path = temporary / "ready";

  bool there() const {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0;
  }
  std::string text() const {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
  }
};

const std::vector<Endpoint> kEndpoints{*Endpoint::numeric("127.0.0.1", 81), *Endpoint::numeric("::1", 82)};

TEST_F(ReadyFiles, HasALineForEachListener) {
  ReadyFile file(path);
  EXPECT_EQ(file.write({{.name = "web"}, {}}, kEndpoints), "");
  EXPECT_EQ(text(), "web 127.0.0.1:81\n- [::1]:82\n");
}

TEST_F(ReadyFiles, WithFewerNamesThanListenersNothingIsReadThatIsNotThere) {
  ReadyFile file(path);
  EXPECT_EQ(file.write({{.name = "web"}}, kEndpoints), "");
  EXPECT_EQ(text(), "web 127.0.0.1:81\n- [::1]:82\n");
}

// Where others may write, too.
TEST_F(ReadyFiles, FollowsNoLinkAndWaitsForNoPipe) {
  const std::string draft = path + ".new";
  const std::string target = directory + "/target";
  std::ofstream(target) << "theirs";
  ASSERT_EQ(::symlink(target.c_str(), draft.c_str()), 0);
  ReadyFile file(path);
  EXPECT_NE(file.write({}, kEndpoints), "");
  ::unlink(draft.c_str());
  std::ostringstream left;
  left << std::ifstream(target).rdbuf();
  EXPECT_EQ(left.str(), "theirs");
  ::unlink(target.c_str());

  ASSERT_EQ(::mkfifo(draft.c_str(), 0600), 0);
  EXPECT_NE(file.write({}, kEndpoints), "");  // nobody reads it
  const int reader = ::open(draft.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_EQ(file.write({}, kEndpoints), draft + " is no regular file");
  ::close(reader);
  ::unlink(draft.c_str());
  EXPECT_FALSE(file.written());
  EXPECT_EQ(file.write({}, kEndpoints), "");
}

// Whoever polls for it never finds it gone.
TEST_F(ReadyFiles, IsReplacedWhenListenersHaveChanged) {
  ReadyFile file(path);
  EXPECT_EQ(file.write({{.name = "web"}, {}}, kEndpoints), "");
  EXPECT_TRUE(file.written());
  EXPECT_EQ(file.write({{}, {.name = "new"}}, kEndpoints), "");
  EXPECT_EQ(text(), "- 127.0.0.1:81\nnew [::1]:82\n");
  const int reader = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_NE(::flock(reader, LOCK_SH | LOCK_NB), 0) << "it is a living one's";
  ::close(reader);
  ASSERT_EQ(::mkdir((path + ".new").c_str(), 0700), 0);
  EXPECT_NE(file.write({{}, {}}, kEndpoints), "");
  EXPECT_EQ(text(), "- 127.0.0.1:81\nnew [::1]:82\n") << "better than none";
  ::rmdir((path + ".new").c_str());
  file.remove();
  EXPECT_FALSE(there());
}

TEST_F(ReadyFiles, AnotherProcessThatIsWritingTheSameKeepsWhatItWrites) {
  const std::string draft = path + ".new";
  const int other = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  ASSERT_EQ(::write(other, "theirs\n", 7), 7);
  ReadyFile file(path);
  EXPECT_NE(file.write({}, kEndpoints), "");
  struct stat info {};
  ASSERT_EQ(::fstat(other, &info), 0);
  EXPECT_EQ(info.st_size, 7);
  ::close(other);
  ::unlink(draft.c_str());
}

TEST_F(ReadyFiles, GoesWhenItIsNotTrueAnyMore) {
  ReadyFile file(path);
  file.write({}, kEndpoints);
  file.remove();
  EXPECT_FALSE(there());
  file.remove();
  file.write({}, kEndpoints);
  EXPECT_TRUE(there());
}

TEST_F(ReadyFiles, ASuccessorsStays) {
  ReadyFile old(path);
  old.write({}, kEndpoints);
  ReadyFile successor(path);
  successor.write({{.name = "new"}}, {kEndpoints.front()});
  old.remove();
  EXPECT_EQ(text(), "new 127.0.0.1:81\n");
}

TEST_F(ReadyFiles, OneThatAKilledProcessLeftGoesAtTheNextStart) {
  std::ofstream(path) << "- 127.0.0.1:1\n";
  remove_stale_ready_file(path);
  EXPECT_FALSE(there());
}

TEST_F(ReadyFiles, ALivingProcesssStaysWhenASecondOneIsStartedByMistake) {
  ReadyFile living(path);
  living.write({}, kEndpoints);
  remove_stale_ready_file(path);
  EXPECT_TRUE(there());
}

TEST_F(ReadyFiles, WhatIsNoFileIsLeftAlone) {
  remove_stale_ready_file("");
  remove_stale_ready_file(path);
  remove_stale_ready_file(directory);
  EXPECT_EQ(::access(directory.c_str(), F_OK), 0);
}

TEST_F(ReadyFiles, ADirectoryThatIsMissingIsSaid) {
  ReadyFile file(path + "/no/such");
  EXPECT_EQ(file.write({}, kEndpoints), "No such file or directory");
}

}  // namespace
}  // namespace frontdoor
