// How nonsense is counted for the event log.

#include "proxy/exchange/malformed_messages.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(MalformedMessages, AreCountedByWhoSentThemAndWhatWasWrong) {
  MalformedMessages messages;
  messages.note("127.0.0.1:1", "invalid_response", "two lengths");
  messages.note("", "bad_request", "no Host");
  messages.note("127.0.0.1:1", "invalid_response", "two lengths");
  messages.note("127.0.0.1:2", "invalid_response", "two lengths");
  const auto kinds = messages.take();
  ASSERT_EQ(kinds.size(), 3u);
  EXPECT_EQ(kinds[0].upstream, "127.0.0.1:1");
  EXPECT_EQ(kinds[0].detail, "two lengths");
  EXPECT_EQ(kinds[0].count, 2u);
  EXPECT_EQ(kinds[1].upstream, "");
  EXPECT_EQ(kinds[1].outcome, "bad_request");
  EXPECT_EQ(kinds[2].count, 1u);
  EXPECT_TRUE(messages.take().empty()) << "each is reported once";
}

TEST(MalformedMessages, WhateverTheirNumberMemoryIsBounded) {
  MalformedMessages messages;
  for (int i = 0; i < 1'000; ++i) messages.note("upstream " + std::to_string(i), "invalid_response", "nonsense");
  const auto kinds = messages.take();
  ASSERT_EQ(kinds.size(), MalformedMessages::kMostKinds + 1);
  EXPECT_EQ(kinds.back().detail, "");
  EXPECT_EQ(kinds.back().count, 1'000 - MalformedMessages::kMostKinds);
}

}  // namespace
}  // namespace frontdoor
