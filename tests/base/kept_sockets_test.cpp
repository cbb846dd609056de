// How listening sockets come through an exec.

#include "base/kept_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace frontdoor {
namespace {

TEST(KeptSockets, TheVariableSaysWhichIsWhich) {
  const std::vector<KeptSocket> sockets{{"listener 0 127.0.0.1:80", 7}, {"listener 0 unix:/a b", 12}, {"", 9}};
  EXPECT_EQ(decode_kept_sockets(encode_kept_sockets(sockets)), sockets);
  EXPECT_EQ(encode_kept_sockets({}), "");
  EXPECT_EQ(encode_kept_sockets({{"two\nlines", 7}}), "") << "it could not be told from two";
}

TEST(KeptSockets, WhatMakesNoSenseIsLeftOut) {
  for (const char* text : {"", "\n\n", "x name\n", "7\n", "7name\n", "-1 name\n", "2 standard error\n", "99999999999 name\n"})
    EXPECT_TRUE(decode_kept_sockets(text).empty()) << text;
  EXPECT_EQ(decode_kept_sockets("junk\n7 name").size(), 1u);
}

TEST(KeptSockets, OneVariableHasAnEnd) {
  std::vector<KeptSocket> many;
  for (int fd = 3; fd < 3'003; ++fd) many.push_back({std::string(100, 'n'), fd});
  const std::string text = encode_kept_sockets(many);
  EXPECT_LE(text.size(), 100'000u);
  EXPECT_GT(decode_kept_sockets(text).size(), 900u);
}

TEST(KeptSockets, AreTakenOnceAndGoNoFurther) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  hand_on(std::vector<KeptSocket>{{"a", ends[0]}, {"gone", 9'999}});
  EXPECT_EQ(fcntl(ends[0], F_GETFD) & FD_CLOEXEC, 0) << "it survives the exec";
  const auto taken = take_kept_sockets();
  ASSERT_EQ(taken.size(), 1u) << "what is not open is not there";
  EXPECT_EQ(taken.front(), (KeptSocket{"a", ends[0]}));
  EXPECT_NE(fcntl(ends[0], F_GETFD) & FD_CLOEXEC, 0) << "no child of ours gets it";
  EXPECT_TRUE(take_kept_sockets().empty());
  hand_on(std::vector<KeptSocket>{{"a", ends[0]}});
  hand_on(std::vector<KeptSocket>{});
  EXPECT_TRUE(take_kept_sockets().empty()) << "a variable of before would name other descriptors";
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace frontdoor
