#include "config/shell_words.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using Words = std::vector<std::string>;

TEST(ShellWords, AreSplitAsAShellSplitsThem) {
  const struct {
    const char* text;
    Words words;
  } cases[] = {
      {"node server.js", {"node", "server.js"}},
      {"  node\t--flag=1  ", {"node", "--flag=1"}},
      {"node 'my server.js'", {"node", "my server.js"}},
      {"node \"my server.js\"", {"node", "my server.js"}},
      {"node my\\ server.js", {"node", "my server.js"}},
      {"echo ''", {"echo", ""}},
      {"echo a''b\"c\"", {"echo", "abc"}},
      {"echo 'a\\b'", {"echo", "a\\b"}},
      {"echo \"a\\\"b\\\\c\\d\"", {"echo", "a\"b\\c\\d"}},
      {"echo '$HOME | x'", {"echo", "$HOME | x"}},
      {"echo \"\\$HOME\"", {"echo", "$HOME"}},
      {"echo a#b x~y a=b", {"echo", "a#b", "x~y", "a=b"}},
      {"node --eval=a[0]", {"node", "--eval=a[0]"}},
  };
  for (const auto& c : cases) {
    const auto words = split_shell_words(c.text);
    ASSERT_TRUE(words) << c.text << ": " << words.error().what;
    EXPECT_EQ(*words, c.words) << c.text;
  }
}

TEST(ShellWords, WhatNeedsAShellIsRefusedWithItsPlace) {
  const struct {
    const char* text;
    const char* what;
    std::size_t at;
  } cases[] = {
      {"node a.js && node b.js", "& needs a shell: [\"sh\", \"-c\", \"…\"]", 10},
      {"node a.js > out", "> needs a shell: [\"sh\", \"-c\", \"…\"]", 10},
      {"node $FILE", "$ needs a shell: [\"sh\", \"-c\", \"…\"]", 5},
      {"node \"$FILE\"", "$ needs a shell: [\"sh\", \"-c\", \"…\"]", 6},
      {"node *.js", "* needs a shell: [\"sh\", \"-c\", \"…\"]", 5},
      {"~/bin/app", "~ needs a shell: [\"sh\", \"-c\", \"…\"]", 0},
      {"node 'a.js", "the quote ' is not closed", 5},
      {"node \"a.js\\\"", "the quote \" is not closed", 5},
      {"node \\", "a \\ with nothing behind it", 5},
      {"   ", "there is no command in it", 0},
      {"", "there is no command in it", 0},
  };
  for (const auto& c : cases) {
    const auto words = split_shell_words(c.text);
    ASSERT_FALSE(words) << c.text;
    EXPECT_EQ(words.error().what, c.what) << c.text;
    EXPECT_EQ(words.error().at, c.at) << c.text;
  }
}

}  // namespace
}  // namespace frontdoor
