// One meaning of each errno for whoever connects.

#include "base/connect_failure.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace frontdoor {
namespace {

TEST(ConnectFailure, EachErrorHasOneMeaning) {
  using enum ConnectFailure;
  struct {
    int error;
    ConnectFailure tcp, unix_socket;
  } const cases[] = {
      {ECONNREFUSED, Refused, Refused},
      {ENOENT, Unreachable, Refused},
      {EAGAIN, OurFault, Full},
      {ETIMEDOUT, TimedOut, TimedOut},
      {EMFILE, OurFault, OurFault},
      {ENFILE, OurFault, OurFault},
      {EADDRNOTAVAIL, OurFault, OurFault},
      {EAFNOSUPPORT, OurFault, OurFault},
      {ENOBUFS, OurFault, OurFault},
      {ENOMEM, OurFault, OurFault},
      {ENOSPC, OurFault, OurFault},
      {EACCES, OurFault, OurFault},
      {EPERM, OurFault, OurFault},
      {EHOSTUNREACH, Unreachable, Unreachable},
      {ENETUNREACH, Unreachable, Unreachable},
      {ECONNRESET, Unreachable, Unreachable},
      {EPROTOTYPE, Unreachable, Unreachable},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(connect_failure(c.error, false), c.tcp) << c.error;
    EXPECT_EQ(connect_failure(c.error, true), c.unix_socket) << c.error;
  }
}

}  // namespace
}  // namespace frontdoor
