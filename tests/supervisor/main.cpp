// This program is also what the launcher's tests start as a front door, since a launcher executes its own
// program.

#include <gtest/gtest.h>

#include <string_view>

#include "tests/supervisor/front_door_role.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]).starts_with("role:")) return frontdoor::play_front_door(argv[1]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
