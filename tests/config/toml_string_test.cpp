#include <gtest/gtest.h>

#include "config/values.h"

namespace frontdoor::config {
namespace {

TEST(TomlString, Escapes) {
  EXPECT_EQ(toml_string("plain"), "\"plain\"");
  EXPECT_EQ(toml_string("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(toml_string("a\x01" "b\x7f"), "\"a\\u0001b\\u007f\"");
  EXPECT_EQ(toml_string("grün"), "\"grün\"");
  EXPECT_EQ(toml_string("${HOME}"), "\"$${HOME}\"");
}

}  // namespace
}  // namespace frontdoor::config
