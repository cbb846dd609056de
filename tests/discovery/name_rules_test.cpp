// Which addresses of a name join, stay and leave, and when it is asked for again.

#include "discovery/name_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using namespace std::chrono_literals;

std::vector<Endpoint> ips(const std::vector<std::string>& texts) {
  std::vector<Endpoint> out;
  for (const std::string& text : texts) out.push_back(*Endpoint::numeric(text, 0));
  return out;
}
std::string text(const std::vector<Endpoint>& endpoints) {
  std::string out;
  for (const Endpoint& endpoint : endpoints) out += (out.empty() ? "" : " ") + endpoint.ip();
  return out;
}
bool everywhere(const Endpoint&) { return true; }
bool only_ipv4(const Endpoint& endpoint) { return endpoint.family() == AF_INET; }

NameState known(const std::vector<std::string>& texts) { return {.addresses = ips(texts), .tried = true}; }

TEST(NameRules, AddressesJoinStayAndLeave) {
  struct {
    std::vector<std::string> before, answer;
    const char *used, *joined, *left;
  } const cases[] = {
      {{}, {"10.0.0.2", "10.0.0.1"}, "10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2", ""},
      {{"10.0.0.1", "10.0.0.2"}, {"10.0.0.2", "10.0.0.1"}, "10.0.0.1 10.0.0.2", "", ""},  // only rotated
      {{"10.0.0.1", "10.0.0.2"}, {"10.0.0.2", "10.0.0.10"}, "10.0.0.2 10.0.0.10", "10.0.0.10", "10.0.0.1"},
      {{"10.0.0.1"}, {"10.0.0.9"}, "10.0.0.9", "10.0.0.9", "10.0.0.1"},
      {{}, {"fd00::1", "10.0.0.1"}, "10.0.0.1 fd00::1", "10.0.0.1 fd00::1", ""},
      {{}, {"10.0.0.1", "10.0.0.1"}, "10.0.0.1", "10.0.0.1", ""},
      {{"10.0.0.1"}, {}, "10.0.0.1", "", ""},  // what goes wrong takes no address away
      // Nobody's addresses.
      {{}, {"0.0.0.0", "10.0.0.1"}, "10.0.0.1", "10.0.0.1", ""},
      {{}, {"0.0.0.0"}, "", "", ""},
      {{"10.0.0.1"}, {"0.0.0.0"}, "10.0.0.1", "", ""},
      {{},
       {"::", "ff02::1", "224.0.0.1", "255.255.255.255", "::ffff:0.0.0.0", "::ffff:10.0.0.1"},
       "",
       "",
       ""},
      {{}, {"127.0.0.1", "::1"}, "127.0.0.1 ::1", "127.0.0.1 ::1", ""},
  };
  for (const auto& c : cases) {
    const NameStep step = learn(known(c.before), {.endpoints = ips(c.answer), .ttl = 5s}, {}, everywhere);
    EXPECT_EQ(text(step.state.addresses), c.used);
    EXPECT_EQ(text(step.joined), c.joined);
    EXPECT_EQ(text(step.left), c.left);
    EXPECT_TRUE(step.state.tried);
  }
}

TEST(NameRules, TheTtlSaysWhenToAskAgainWithinReason) {
  struct {
    std::vector<std::string> answer;
    Millis ttl, again;
  } const cases[] = {
      {{"10.0.0.1"}, 5s, 5s},   {{"10.0.0.1"}, 0s, 1s}, {{"10.0.0.1"}, 86'400s, 30s},
      {{"10.0.0.1"}, 30s, 30s}, {{}, 0s, 2s},           {{"0.0.0.0"}, 60s, 2s},
  };
  for (const auto& c : cases) {
    const NameStep step =
        learn(known({"10.0.0.1"}), {.endpoints = ips(c.answer), .ttl = c.ttl}, {}, everywhere);
    EXPECT_EQ(step.again, c.again);
    EXPECT_EQ(step.state.failing, c.again == 2s);
  }
}

TEST(NameRules, WhenAnAddressHasGoneDownItIsAskedForMoreOftenForAWhile) {
  const NameAnswer same{.endpoints = ips({"10.0.0.1"}), .ttl = 600s};
  NameState state = known({"10.0.0.1"});
  state.hurried = kHurriedLookUps;
  Millis asked_for{0};
  int look_ups = 0;
  for (;; ++look_ups) {
    const NameStep step = learn(state, same, {}, everywhere);
    if (step.again == 30s) break;
    asked_for += step.again;
    state = step.state;
  }
  EXPECT_EQ(look_ups, kHurriedLookUps);
  EXPECT_EQ(asked_for, 30s);
  // An answer with other addresses was what the hurry was for.
  state.hurried = kHurriedLookUps;
  const NameStep moved = learn(state, {.endpoints = ips({"10.0.0.2"}), .ttl = 600s}, {}, everywhere);
  EXPECT_EQ(moved.again, 30s);
  EXPECT_EQ(moved.state.hurried, 0);
}

TEST(NameRules, AFamilyThatIsMissingIsBelievedTheSecondTime) {
  const NameAnswer v6_only{.endpoints = ips({"fd00::1"}), .ttl = 20s};
  const NameStep first = learn(known({"10.0.0.1", "fd00::1"}), v6_only, {}, everywhere);
  EXPECT_EQ(text(first.state.addresses), "10.0.0.1 fd00::1");
  EXPECT_EQ(first.again, 2s);
  const NameStep second = learn(first.state, v6_only, {}, everywhere);
  EXPECT_EQ(text(second.state.addresses), "fd00::1");
  EXPECT_EQ(text(second.left), "10.0.0.1");
  EXPECT_EQ(second.again, 20s);
  // One that is back meanwhile was never gone, and the next doubt is a new one.
  const NameStep back =
      learn(first.state, {.endpoints = ips({"10.0.0.1", "fd00::1"}), .ttl = 20s}, {}, everywhere);
  EXPECT_TRUE(back.joined.empty() && back.left.empty());
  EXPECT_TRUE(learn(back.state, v6_only, {}, everywhere).left.empty());
}

TEST(NameRules, WhatThisMachineHasNoRouteToIsLeftOutWhileThereIsAnother) {
  EXPECT_EQ(text(learn({}, {.endpoints = ips({"10.0.0.1", "fd00::1"})}, {}, only_ipv4).state.addresses),
            "10.0.0.1");
  EXPECT_EQ(text(learn({}, {.endpoints = ips({"fd00::1", "fd00::2"})}, {}, only_ipv4).state.addresses),
            "fd00::1 fd00::2");
}

TEST(NameRules, AnAnswerIsSomebodyElsesToWriteAndBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back("10.0.0." + std::to_string(200 - i));
  const NameStep step = learn({}, {.endpoints = ips(many), .ttl = 5s}, {}, everywhere);
  EXPECT_EQ(step.state.addresses.size(), kMostAddresses);
  EXPECT_EQ(step.state.left_out, 36U);
  EXPECT_EQ(step.state.addresses.front().ip(), "10.0.0.101");
  std::reverse(many.begin(), many.end());  // another order of the same: nobody joins, nobody leaves
  const NameStep again = learn(step.state, {.endpoints = ips(many), .ttl = 5s}, {}, everywhere);
  EXPECT_TRUE(again.joined.empty() && again.left.empty());
}

}  // namespace
}  // namespace frontdoor
