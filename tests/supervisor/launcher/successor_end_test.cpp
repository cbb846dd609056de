// What is told of a new front door that has ended before it served.

#include "supervisor/launcher/successor_end.h"

#include <gtest/gtest.h>

#include <csignal>

namespace frontdoor {
namespace {

TEST(SuccessorEnd, IsToldInItsOwnWordsWhereItHadSome) {
  const auto exited = [](int status, const std::string& words = "") {
    return why_successor_ended({.by_signal = false, .value = status}, words);
  };
  EXPECT_EQ(exited(126), "the new one can not be executed");
  EXPECT_EQ(exited(78), "the new one does not take the config (exit status 78): what it has written says why");
  EXPECT_EQ(exited(78, "fd.toml:3:1: x"), "the new one does not take the config (exit status 78): fd.toml:3:1: x");
  EXPECT_EQ(exited(1, "in use"), "the new one ended before it served, with exit status 1: in use");
  EXPECT_EQ(why_successor_ended({.by_signal = true, .value = SIGSEGV}), "the new one crashed before it served (SIGSEGV)");
  EXPECT_EQ(why_successor_ended({.by_signal = true, .value = 40}), "the new one crashed before it served (signal 40)");
  EXPECT_EQ(why_successor_ended({.by_signal = true, .value = SIGABRT}, "out of luck"),
            "the new one crashed before it served (SIGABRT): out of luck");
}

}  // namespace
}  // namespace frontdoor
