// How many connections a client may have, whichever worker accepts them.

#include "proxy/server/client_counts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace frontdoor {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(ClientCounts, AreOfEachClient) {
  ClientCounts counts(2);
  EXPECT_TRUE(counts.enter(ip("192.0.2.1")));
  EXPECT_TRUE(counts.enter(ip("::ffff:192.0.2.1")));
  EXPECT_FALSE(counts.enter(ip("192.0.2.1")));
  EXPECT_TRUE(counts.enter(ip("192.0.2.2")));
  counts.leave(ip("192.0.2.1"));
  EXPECT_TRUE(counts.enter(ip("192.0.2.1")));
  EXPECT_FALSE(counts.enter(ip("192.0.2.1")));
}

TEST(ClientCounts, TakeAnIpv6NetworkForOneClient) {
  ClientCounts counts(1);
  EXPECT_TRUE(counts.enter(ip("2001:db8:0:1::1")));
  EXPECT_FALSE(counts.enter(ip("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(counts.enter(ip("2001:db8:0:2::1")));
  counts.leave(ip("2001:db8:0:1:ffff::2"));
  EXPECT_TRUE(counts.enter(ip("2001:db8:0:1::3")));
}

TEST(ClientCounts, HoldAcrossThreads) {
  ClientCounts counts(1'000);
  std::atomic<int> entered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) entered += counts.enter(ip("192.0.2.1")) ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(entered, 1'000);
}

}  // namespace
}  // namespace frontdoor
