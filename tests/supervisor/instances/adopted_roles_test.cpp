// Who serves in a place where a crash of the front door has left several.

#include "supervisor/instances/adopted_roles.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

// "c": started as the config says now, "o": as something else; the first one first. What becomes of each: serves, proves, leaves.
std::string roles_of(const std::string& found, bool wanted = true) {
  std::vector<bool> as_config;
  for (const char each : found) as_config.push_back(each == 'c');
  std::string text;
  for (const AdoptedRole role : adopted_roles(as_config, wanted))
    text += role == AdoptedRole::Serves ? 's' : role == AdoptedRole::Proves ? 'p' : 'l';
  return text;
}

TEST(AdoptedRoles, TheOneThatIsThereServes) {
  EXPECT_EQ(roles_of(""), "");
  EXPECT_EQ(roles_of("c"), "s");
  EXPECT_EQ(roles_of("o"), "s");
}

TEST(AdoptedRoles, InTheMiddleOfARollTheOldOneServesUntilTheNewOneIsProved) {
  EXPECT_EQ(roles_of("oc"), "sp");
  EXPECT_EQ(roles_of("cc"), "sp") << "a restart";
  EXPECT_EQ(roles_of("co"), "ps") << "the old one has ended meanwhile, and was started again as it was";
}

TEST(AdoptedRoles, WhatIsNeitherOldNorAsTheConfigSaysLeaves) {
  EXPECT_EQ(roles_of("oo"), "sl");
  EXPECT_EQ(roles_of("ooc"), "slp");
  EXPECT_EQ(roles_of("occ"), "slp");
  EXPECT_EQ(roles_of("ccc"), "slp");
}

TEST(AdoptedRoles, InAPlaceThatIsToHaveNoneNobodyHasToProveAnything) {
  EXPECT_EQ(roles_of("oc", false), "sl");
  EXPECT_EQ(roles_of("cc", false), "sl");
}

}  // namespace
}  // namespace frontdoor
