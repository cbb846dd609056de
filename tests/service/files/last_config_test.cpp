// The files of a config on their way to another process, by way of the launcher.

#include "service/files/last_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {
namespace {

const config::FilesRead kFiles{.text = "include = \"*.toml\"\n",
                               .texts = {{"/etc/a.toml", std::string("\0\n", 2)}, {"/etc/app.env", ""}},
                               .matches = {{"/etc/*.toml", {"/etc/a.toml"}}, {"/etc/none*", {}}}};

TEST(LastConfig, IsReadAsItWasWritten) {
  EXPECT_EQ(parse_files_read(to_text({})), config::FilesRead{});
  EXPECT_EQ(parse_files_read(to_text(kFiles)), kFiles);
}

TEST(LastConfig, WhatIsNotWholeIsNone) {
  const std::string text = to_text(kFiles);
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_EQ(parse_files_read(text.substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(parse_files_read(text + 'x'), std::nullopt);
}

TEST(LastConfig, IsTakenOnceAndOfALauncherAlone) {
  const OwnedFd file = to_memory_file(to_text(kFiles));
  const auto leave = [&] { ::setenv(kLastConfigVariable, std::to_string(::dup(file.get())).c_str(), 1); };
  leave();
  EXPECT_EQ(take_last_config(), std::nullopt);
  leave();
  ::setenv(kLauncherVariable, "3", 1);
  EXPECT_EQ(take_last_config(), kFiles);
  EXPECT_EQ(take_last_config(), std::nullopt);
  ::unsetenv(kLauncherVariable);
}

}  // namespace
}  // namespace frontdoor
