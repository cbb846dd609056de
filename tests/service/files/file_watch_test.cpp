#include "service/files/file_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

// What a look saw, each a letter; a capital stands where a change is to be told.
TEST(Settled, TellsAChangeOnceItHasBeenLeftAloneForALook) {
  const char* cases[] = {
      "aaa",        // nothing
      "abBb",       // once
      "abcC",       // while it is being written
      "abcab",      // taken back in time: b is new again
      "aba",        // only a moment
      "abaabB",     // which does not count for the next one
      "abBcCaA",    // and back
  };
  for (const std::string looks : cases) {
    Settled settled("a");
    std::string told;
    for (const char look : looks) {
      const std::string state(1, static_cast<char>(std::tolower(look)));
      told += settled.changed(state) ? static_cast<char>(std::toupper(state[0])) : state[0];
    }
    EXPECT_EQ(told, looks);
  }
}

class FileState : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  std::string state(const std::string& name) const {
    std::string out;
    append_file_state(path(name), out);
    return out;
  }

 private:
  const test::TemporaryDirectory directory_;
};

// Which may have been all that kept it from being read.
TEST_F(FileState, IsAnotherOneWhenItsModeIsChanged) {
  write("file", "one");
  const std::string first = state("file");
  std::filesystem::permissions(path("file"), std::filesystem::perms::owner_read);
  EXPECT_NE(state("file"), first);
}

TEST_F(FileState, IsAnotherOneHoweverTheFileIsExchanged) {
  write("file", "one");
  const std::string first = state("file");
  EXPECT_EQ(state("file"), first);
  write("file", "three");  // another size: a clock need not have moved
  EXPECT_NE(state("file"), first);

  write("other", "one");
  std::filesystem::rename(path("other"), path("file"));
  EXPECT_NE(state("file"), first);

  std::filesystem::remove(path("file"));
  EXPECT_EQ(state("file"), "gone;");
}

TEST_F(FileState, FollowsALinkThatIsSwappedAboveIt) {
  std::filesystem::create_directory(path("one"));
  std::filesystem::create_directory(path("two"));
  write("one/file", "same");
  write("two/file", "same");
  std::filesystem::create_directory_symlink("one", path("..data"));
  std::filesystem::create_symlink("..data/file", path("file"));
  const std::string first = state("file");
  std::filesystem::create_directory_symlink("two", path("..next"));
  std::filesystem::rename(path("..next"), path("..data"));
  EXPECT_NE(state("file"), first);
}

}  // namespace
}  // namespace frontdoor
