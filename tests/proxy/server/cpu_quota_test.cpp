#include "proxy/server/cpu_quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using ::testing::ElementsAre;

TEST(CpuQuota, IsRoundedUpToWholeCpus) {
  struct { const char* cpu_max; unsigned cpus; } cases[] = {
      {"100000 100000\n", 1}, {"150000 100000\n", 2}, {"200000 100000", 2}, {"50000 100000\n", 1}, {"1000 100000\n", 1},
      {"400000 50000\n", 8}};
  for (const auto& c : cases) EXPECT_EQ(cpus_of_quota(c.cpu_max), c.cpus) << c.cpu_max;
}

TEST(CpuQuota, IsNoneWhereThereIsNoNumber) {
  for (const char* text : {"max 100000\n", "", "\n", "100000", "0 100000", "-1 100000", "100000 0", "many 1"})
    EXPECT_EQ(cpus_of_quota(text), std::nullopt) << text;
}

TEST(CpuQuota, OfAUnitIsItsOwnAndThatOfEachSlice) {
  EXPECT_THAT(quota_files("0::/system.slice/frontdoor.service\n"),
              ElementsAre("/sys/fs/cgroup/system.slice/frontdoor.service/cpu.max", "/sys/fs/cgroup/system.slice/cpu.max",
                          "/sys/fs/cgroup/cpu.max"));
}

TEST(CpuQuota, OfAContainerIsThatOfTheRootThatItSees) {
  for (const char* text : {"0::/\n", "", "12:cpu:/docker/1\n0::/\n", "0::/../other\n", "4:cpu:/a\n", "0::nonsense\n"})
    EXPECT_THAT(quota_files(text), ElementsAre("/sys/fs/cgroup/cpu.max")) << text;
}

}  // namespace
}  // namespace frontdoor
