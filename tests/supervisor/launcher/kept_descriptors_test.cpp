#include "supervisor/launcher/kept_descriptors.h"

#include "supervisor/launcher/front_door_crash.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(FrontDoorCrash, IsReadAsItWasLeft) {
  FrontDoorCrash crash{.end = {true, 11, true}, .away_since = TimePoint(Millis{123'456}), .lived = Millis{77}, .crashes = 3};
  for (const ProcessEnd& end : {ProcessEnd{true, 11, true}, ProcessEnd{true, 9, false}, ProcessEnd{false, 1, false}}) {
    crash.end = end;
    EXPECT_EQ(parse_crash(to_text(crash)), crash);
  }
  for (const char* text : {"", "signal", "signal 9 1 2", "crash 9 1 2 3", "signal x 1 2 3"}) EXPECT_FALSE(parse_crash(text)) << text;
}

constexpr TimePoint kNow{Duration{1'000'000}};
constexpr Millis kWait{5'000};

std::vector<OwnedFd> one() {
  std::vector<OwnedFd> fds;
  fds.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return fds;
}

std::vector<std::string> names(const std::vector<KeptSocket>& sockets) {
  std::vector<std::string> names;
  for (const KeptSocket& socket : sockets) names.push_back(socket.name);
  return names;
}

std::vector<std::string> others(const KeptDescriptors& kept) {
  std::vector<std::string> names;
  kept.for_each_other([&](const std::string& name, const std::vector<OwnedFd>&) { names.push_back(name); });
  return names;
}

using Names = std::vector<std::string>;

TEST(KeptDescriptors, ListenersAreToldFromTheRest) {
  KeptDescriptors kept(kWait);
  kept.keep("listener 0 a", one());
  kept.keep("listener 1 a", one());
  kept.keep("asked app", one());
  kept.keep("listener 0 lost", {});  // its descriptor was lost on the way
  EXPECT_EQ(names(kept.listeners()), (Names{"listener 0 a", "listener 1 a"}));
  EXPECT_EQ(others(kept), Names{"asked app"});
  kept.drop("listener 1 a");
  kept.drop("never kept");
  EXPECT_EQ(names(kept.listeners()), Names{"listener 0 a"});
  kept.close_listeners();
  EXPECT_TRUE(kept.listeners().empty());
  EXPECT_EQ(others(kept), Names{"asked app"});
}

TEST(KeptDescriptors, ClientsWaitForAFrontDoorOnlySoLong) {
  KeptDescriptors kept(kWait);
  kept.front_door_crashed(kNow);
  EXPECT_EQ(kept.refuse_at(), TimePoint::max()) << "nobody listened";
  kept.keep("listener 0 a", one());
  EXPECT_EQ(kept.refuse_at(), TimePoint::max());
  kept.front_door_crashed(kNow);
  EXPECT_EQ(kept.refuse_at(), kNow + kWait);
  kept.keep("asked app", one());
  kept.front_door_crashed(kNow + Millis{1'000});
  EXPECT_EQ(kept.refuse_at(), kNow + kWait) << "one that had not come so far gives them no more time";
  kept.keep("listener 0 a", one());
  EXPECT_EQ(kept.refuse_at(), TimePoint::max());
  kept.front_door_crashed(kNow + Millis{9'000});
  EXPECT_EQ(kept.refuse_at(), kNow + Millis{9'000} + kWait);
  kept.drop("listener 0 a");
  EXPECT_EQ(kept.refuse_at(), TimePoint::max()) << "it is configured no more, and a front door has said so";
}

}  // namespace
}  // namespace frontdoor
