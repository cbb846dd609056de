// Whose end is taken for the end of the service.

#include "service/process/main_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using ::testing::HasSubstr;

TEST(MainProcess, IsNotReplacedWhereItsEndIsTheEndOfTheService) {
  struct {
    const char* what;
    MainProcess main;
    const char* reason;  // "" = it may leave
  } const cases[] = {
      {"by hand", {42, nullptr, false, "bash"}, ""},
      {"by systemd, which is told", {42, "42", true, "systemd"}, ""},
      {"by systemd, which is not", {42, "42", false, "systemd"}, "set Type=notify"},
      {"by hand in a session that systemd has started", {42, "7", false, "bash"}, ""},
      {"a number that only begins so", {42, "421", false, "bash"}, ""},
      {"in a container with an init", {7, nullptr, false, "docker-init"}, "replace its container"},
      {"the same, and systemd outside is told", {7, nullptr, true, "catatonit"}, "catatonit takes the end"},
      {"by runit", {42, nullptr, false, "runsv"}, "runsv takes the end"},
      {"a successor, whoever its parent is by now", {42, nullptr, false, ""}, ""},
  };
  for (const auto& c : cases) {
    const std::string reason = why_it_cannot_leave(c.main);
    if (*c.reason == '\0') EXPECT_EQ(reason, "") << c.what;
    else EXPECT_THAT(reason, HasSubstr(c.reason)) << c.what;
  }
}

TEST(MainProcess, KnowsItsParentsName) { EXPECT_NE(name_of_parent(), ""); }

}  // namespace
}  // namespace frontdoor
