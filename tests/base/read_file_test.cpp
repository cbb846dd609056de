// What there is to read is read, and what goes wrong has a reason.

#include "base/read_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

TEST(ReadFile, ReadsAllOfIt) {
  const std::string path = ::testing::TempDir() + "read_file_test." + std::to_string(getpid());
  const std::string text = std::string(200'000, 'x') + '\0' + "end";
  std::ofstream(path, std::ios::binary) << text;
  const auto file = read_file(path, 1 << 20);
  std::remove(path.c_str());
  EXPECT_EQ(file.error, "");
  EXPECT_EQ(file.text, text);
}

// It would be waited for without end.
TEST(ReadFile, APipeThatNobodyWritesToIsSaidSo) {
  const test::TemporaryDirectory directory;
  const std::string path = directory / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read_file(path, 1 << 20).error, "it is a pipe to which nobody writes");

  // A shell's <(…) has a writer from the start, which may take its time.
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  std::thread late([writer] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it passes without that, too
    EXPECT_EQ(::write(writer, "text", 4), 4);
    ::close(writer);
  });
  EXPECT_EQ(read_file(path, 1 << 20).text, "text");
  late.join();
  ::close(reader);
}

TEST(ReadFile, SaysWhyNot) {
  struct {
    const char *path, *error;
  } cases[] = {
      {"/nowhere/fd.toml", "No such file or directory"},
      {"/", "Is a directory"},
      {"/dev/zero", "it is larger than 1 MiB"},
      {"/proc/self/mem", "Input/output error"},  // opens, and fails when it is read
  };
  for (const auto& c : cases) {
    const auto file = read_file(c.path, 1 << 20);
    EXPECT_EQ(file.error, c.error) << c.path;
    EXPECT_EQ(file.text, "") << c.path;
  }
}

}  // namespace
}  // namespace frontdoor
