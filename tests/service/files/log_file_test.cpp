// What is in the way of a log file, in a directory of the test's own.

#include "service/files/log_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

class LogFile : public ::testing::Test {
 protected:
  std::string in(const std::string& name) const { return directory_ + "/" + name; }
  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

TEST_F(LogFile, ThatCouldBeWrittenIsNoProblemAndIsNotMade) {
  EXPECT_EQ(log_file_problem(in("access.log")), "");
  EXPECT_FALSE(std::filesystem::exists(in("access.log")));
  std::ofstream(in("there")) << "a line";
  EXPECT_EQ(log_file_problem(in("there")), "");
  EXPECT_EQ(log_file_problem("/dev/null"), "");
}

TEST_F(LogFile, ThatHasNoPlace) {
  EXPECT_EQ(log_file_problem(in("no/access.log")), "the directory \"" + in("no") + "\" does not exist");
  EXPECT_EQ(log_file_problem(directory_), "\"" + directory_ + "\" is a directory");
  std::ofstream(in("file")) << "";
  EXPECT_EQ(log_file_problem(in("file/access.log")), "\"" + in("file") + "\" is no directory");
}

TEST_F(LogFile, ThatThisUserMayNotWrite) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ::chmod(directory_.c_str(), 0500);
  EXPECT_NE(log_file_problem(in("access.log")).find(" may not create a file in \"" + directory_),
            std::string::npos);
  ::chmod(directory_.c_str(), 0700);
  std::ofstream(in("there")) << "";
  ::chmod(in("there").c_str(), 0400);
  EXPECT_NE(log_file_problem(in("there")).find(" may not write to \"" + in("there")), std::string::npos);
}

}  // namespace
}  // namespace frontdoor
