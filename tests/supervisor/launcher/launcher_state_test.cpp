// What a launcher leaves to the one that takes its place in the same process.

#include "supervisor/launcher/launcher_state.h"

#include <gtest/gtest.h>

#include <limits>

namespace frontdoor {
namespace {

LauncherState full_state() {
  LauncherState state{.front_door = {412, 7, 123'456'789'000, std::numeric_limits<std::int64_t>::max()},
                      .draining = {{400, 8, 1, 2}, {401, -1, 3, 4}},
                      .processes = {{.id = 9, .pid = 500, .pidfd = 10, .memo = 11, .output = 12, .errors = 13, .stop_signal = 15},
                                    {.id = 10, .pid = 501, .brief = 1, .ended = 1, .told = 1, .code = 2, .status = 9}},
                      .kept = {{"listener 0 127.0.0.1:80", {14}}, {"ready", {}}, {"two\nlines", {15, 16}}},
                      .program = 5,
                      .pause = 100,
                      .stop_within = 40'000,
                      .stop_timeout = 10'000,
                      .files_soft = 1024,
                      .files_hard = 20'000,
                      .crashed_before = 1};
  return state;
}

TEST(LauncherState, ComesOutAsItWentIn) {
  for (const LauncherState& state : {full_state(), LauncherState{}}) {
    const auto back = decode_launcher_state(encode(state));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, state);
  }
}

TEST(LauncherState, NamesEachDescriptorOnce) {
  const std::vector<int> expected{5, 7, 8, 10, 11, 12, 13, 14, 15, 16};
  EXPECT_EQ(descriptors_of(full_state()), expected);
}

TEST(LauncherState, AnotherLayoutAndEveryCutAreRefused) {
  const std::string bytes = encode(full_state());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_launcher_state(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode_launcher_state(bytes + '\0'));
  std::string another = bytes;
  ++another[0];
  EXPECT_FALSE(decode_launcher_state(another));
}

}  // namespace
}  // namespace frontdoor
