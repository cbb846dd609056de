// What there is to read is read, and what goes wrong has a reason.

#include "base/read_file.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

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
