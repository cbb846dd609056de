#include "cli/help.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/commands.h"

namespace frontdoor::cli {
namespace {

TEST(Help, HasOneScreenForEachTopic) {
  std::vector<std::string> topics = {"", "config", "pm2", "upstream"};
  for (const CommandInfo& command : commands()) topics.emplace_back(command.name);
  for (const std::string& topic : topics) {
    const std::string text = help_text(topic, Style(false));
    EXPECT_TRUE(text.starts_with("frontdoor" + (topic.empty() ? "" : " " + topic) + ":")) << text;
    EXPECT_NE(text.find("\nUsage:\n"), text.npos) << topic;
    EXPECT_EQ(text.find_first_of("`\033"), text.npos) << "marks are for colours only: " << text;

    std::istringstream in(text);
    int lines = 0;
    for (std::string line; std::getline(in, line); ++lines) EXPECT_LE(line.size(), 100u) << line;
    EXPECT_LE(lines, topic.empty() ? 50 : 34) << topic;
  }
}

TEST(Help, IsTheSameTextInColour) {
  std::string coloured = help_text("proxy", Style(true));
  EXPECT_NE(coloured.find("\033[1mUsage:\033[0m"), coloured.npos);
  for (auto at = coloured.find('\033'); at != coloured.npos; at = coloured.find('\033')) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, help_text("proxy", Style(false)));
}

}  // namespace
}  // namespace frontdoor::cli
