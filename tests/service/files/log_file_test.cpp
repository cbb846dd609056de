// What is in the way of a log file, in a directory of the test's own.

#include "service/files/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

using ::testing::HasSubstr;

// Root may write everywhere: it takes another's rights meanwhile.
template <typename Look>
std::string as_an_ordinary_user(const Look& look) {
  const uid_t self = ::geteuid();
  EXPECT_TRUE(self != 0 || ::seteuid(65'534) == 0);
  const std::string seen = look();
  EXPECT_TRUE(self != 0 || ::seteuid(0) == 0);
  return seen;
}

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
  std::ofstream(in("there")) << "";
  ::chmod(in("there").c_str(), 0400);
  ::chmod(directory_.c_str(), 0511);
  EXPECT_THAT(as_an_ordinary_user([&] { return log_file_problem(in("access.log")); }),
              HasSubstr(" may not create a file in \"" + directory_));
  EXPECT_THAT(as_an_ordinary_user([&] { return log_file_problem(in("there")); }),
              HasSubstr(" may not write to \"" + in("there")));
  ::chmod(directory_.c_str(), 0700);
}

}  // namespace
}  // namespace frontdoor
