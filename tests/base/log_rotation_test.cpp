// When a log's file is opened again.

#include "base/log_rotation.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(LogRotation, OpensWhenAskedWhenMovedTwiceAndUntilItWorks) {
  using Open = LogRotation::Open;
  LogRotation rotation;
  EXPECT_EQ(rotation.look(false, false), Open::No);
  EXPECT_EQ(rotation.look(false, true), Open::No) << "logrotate may be about to make the new file";
  EXPECT_EQ(rotation.look(false, false), Open::No);
  EXPECT_EQ(rotation.look(false, true), Open::No);
  EXPECT_EQ(rotation.look(false, true), Open::Moved);
  rotation.opened();
  EXPECT_EQ(rotation.look(false, true), Open::No);
  EXPECT_EQ(rotation.look(true, true), Open::Asked);
  EXPECT_TRUE(rotation.failed("no permission", Open::Asked));
  EXPECT_EQ(rotation.look(false, false), Open::Again);
  EXPECT_FALSE(rotation.failed("no permission", Open::Again)) << "said already";
  EXPECT_TRUE(rotation.failed("disk full", Open::Again));
  EXPECT_EQ(rotation.look(true, false), Open::Asked);
  EXPECT_TRUE(rotation.failed("disk full", Open::Asked)) << "a question is answered";
  rotation.opened();
  EXPECT_EQ(rotation.look(false, false), Open::No);
}

}  // namespace
}  // namespace frontdoor
