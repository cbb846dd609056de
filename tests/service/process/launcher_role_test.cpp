// Who becomes a launcher by what is in the environment.

#include <gtest/gtest.h>

#include <cstdlib>

#include "service/process/roles.h"
#include "supervisor/launcher/launcher.h"

namespace frontdoor {
namespace {

TEST(LauncherRole, IsTakenOnce) {
  ::setenv(kRoleVariable, "launcher", 1);
  EXPECT_EQ(take_launcher_role(), Hangup::Ends);
  EXPECT_EQ(take_launcher_role(), std::nullopt);
}

TEST(LauncherRole, IsNoneOfWhatALauncherHasStarted) {
  ::setenv(kRoleVariable, "launcher", 1);
  ::setenv(kLauncherVariable, "9", 1);
  EXPECT_EQ(take_launcher_role(), std::nullopt);
  EXPECT_EQ(std::getenv(kRoleVariable), nullptr) << "nor of what that one starts";
  ::unsetenv(kLauncherVariable);
}

}  // namespace
}  // namespace frontdoor
