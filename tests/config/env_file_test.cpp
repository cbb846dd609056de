#include "config/env_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frontdoor::config {
namespace {

TEST(EnvFile, IsReadAsMostToolsWriteIt) {
  const struct {
    std::string text;
    Variables variables;
  } cases[] = {
      {"", {}},
      {"\n  \n# a comment\n   # another\n", {}},
      {"A=1\nB=2", {{"A", "1"}, {"B", "2"}}},
      {"A=1\r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}},
      {"\xEF\xBB\xBF" "A=1", {{"A", "1"}}},
      {"A=", {{"A", ""}}},
      {"A=   # nothing", {{"A", ""}}},
      {"  A  =  some words  ", {{"A", "some words"}}},
      {"A=a#b c # d", {{"A", "a#b c"}}},
      {"A=postgres://u:p@h/db?x=1&y=2", {{"A", "postgres://u:p@h/db?x=1&y=2"}}},
      {"export A=1\nexport\tB=2\nexportC=3\nexport=4", {{"A", "1"}, {"B", "2"}, {"exportC", "3"}, {"export", "4"}}},
      {"A=1\nB=2\nA=3", {{"A", "3"}, {"B", "2"}}},
      {"A='it is $literal \\n \" # all'", {{"A", "it is $literal \\n \" # all"}}},
      {"A=\"a\\nb\\tc\\rd \\\"e\\\" \\\\ \\$f $G\" # comment", {{"A", "a\nb\tc\rd \"e\" \\ $f $G"}}},
      {"A=\"C:\\dir \\. \"", {{"A", "C:\\dir \\. "}}},
      {"A=\"one\ntwo\"\nB='three\nfour'\nC=5", {{"A", "one\ntwo"}, {"B", "three\nfour"}, {"C", "5"}}},
      {"A=say \"hello\"", {{"A", "say \"hello\""}}},
      {"A='\u00fc'", {{"A", "\u00fc"}}},
      {"_a.b-c1=x", {{"_a.b-c1", "x"}}},
      {"A=\"a\"", {{"A", "a"}}},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_env_file(c.text);
    ASSERT_TRUE(parsed) << c.text << ": " << parsed.error().what;
    EXPECT_EQ(*parsed, c.variables) << c.text;
  }
}

// A value may be a secret: no message has one.
TEST(EnvFile, WhatIsWrongIsSaidWithItsLineAndWithoutItsValue) {
  const std::string name = "the name before the = has letters, digits, \"_\", \".\" and \"-\", and no digit first";
  const struct {
    std::string text;
    std::size_t line;
    std::string what;
  } cases[] = {
      {"A=1\n\nsecret", 3, "a line is NAME=value, and this one has no ="},
      {"1A=secret", 1, name},
      {"=secret", 1, name},
      {"A B=secret", 1, name},
      {"X=0\nA=\"secret\nsecret", 2, "the quote \" of A is not closed"},
      {"A='secret", 1, "the quote ' of A is not closed"},
      {"A=\"secret\\", 1, "the quote \" of A is not closed"},
      {"A=\"secret\nsecret\" secret", 2, "there is something behind the closing \" of A"},
      {std::string("A=sec\0ret", 9), 1, "A has a NUL in its value"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_env_file(c.text);
    ASSERT_FALSE(parsed) << c.text;
    EXPECT_EQ(parsed.error().line, c.line) << c.text;
    EXPECT_EQ(parsed.error().what, c.what) << c.text;
  }
}

}  // namespace
}  // namespace frontdoor::config
