#include "supervisor/launcher/launch_request.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

LaunchRequest full() {
  LaunchRequest request;
  request.id = 1ULL << 40;
  request.command = {"node", "server.js", ""};
  request.environment = {"PATH=/bin", "WITH NEWLINE=a\nb", std::string("NUL=\0", 5)};
  request.directory = "/srv/app";
  request.identity = ProcessIdentity{1000, 1001, {1, 2, 3}};
  request.umask = 022;
  request.limits = {{7, 100, ~0ULL}};
  request.brief = true;
  request.parent_death_signal = 15;
  request.passed_sockets = 2;
  request.memo = "app.1";
  return request;
}

TEST(LaunchRequest, ComesBackAsItWas) {
  EXPECT_EQ(decode_launch_request(encode(full())), full());
  LaunchRequest least;
  least.command = {"true"};
  EXPECT_EQ(decode_launch_request(encode(least)), least);
}

TEST(LaunchRequest, WhatIsCutOrLongerIsNone) {
  const std::string bytes = encode(full());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_launch_request(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode_launch_request(bytes + "x"));
}

TEST(LaunchRequest, AWrongCountTakesNoMemory) {
  std::string bytes = encode(full());
  bytes.replace(8, 4, "\xff\xff\xff\xff");  // how many words the command has
  EXPECT_FALSE(decode_launch_request(bytes));
}

TEST(LaunchRequest, NeedsACommand) { EXPECT_FALSE(decode_launch_request(encode(LaunchRequest{}))); }

}  // namespace
}  // namespace frontdoor
