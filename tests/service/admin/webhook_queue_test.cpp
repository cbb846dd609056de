// What is kept for a receiver that is away, and what counts as lost.

#include "service/admin/webhook_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

std::string texts(const EventHistory::Events& events) {
  std::string all;
  for (const auto& event : events) all += event->text + ' ';
  return all;
}

// The history as the log fills it, and the queue behind it.
struct Followed {
  EventHistory history{{.events = 10}};
  WebhookQueue queue;
  std::uint64_t seen = 0;
  std::uint64_t lost = 0;

  explicit Followed(WebhookQueue::Bounds bounds = {}) : queue(bounds) {}
  void happens(LogLevel level, const std::string& text) { history.took(std::chrono::system_clock::time_point{}, level, text, {}); }
  void look(LogLevel least = LogLevel::Warn) {
    for (;;) {
      const auto batch = history.behind(seen, 50);
      if (batch.events.empty()) return;
      seen = batch.events.back()->number;
      lost += queue.take_in(batch, least);
    }
  }
};

TEST(WebhookQueue, KeepsWhatTheHistoryForgetsMeanwhile) {
  Followed all;
  all.happens(LogLevel::Warn, "first");
  for (int i = 0; i < 2'000; ++i) {
    all.happens(LogLevel::Info, "upstream up");
    all.look();
  }
  all.happens(LogLevel::Error, "last");
  all.happens(LogLevel::Warn, "webhook can not be told, it is tried again");
  all.look();
  EXPECT_EQ(texts(all.queue.take_out(50)), "first last ");
  EXPECT_EQ(all.lost, 0u) << "nobody wants to hear of the others";
  EXPECT_TRUE(all.queue.empty());
}

TEST(WebhookQueue, IsBoundedAndSaysWhatWasLost) {
  Followed few({.events = 3});
  for (const char* text : {"1", "2", "3", "4", "5"}) few.happens(LogLevel::Warn, text);
  few.look();
  EXPECT_EQ(few.lost, 2u);
  EXPECT_EQ(few.queue.size(), 3u);
  EXPECT_EQ(texts(few.queue.take_out(2)), "3 4 ");
  EXPECT_EQ(texts(few.queue.take_out(2)), "5 ");
  few.happens(LogLevel::Warn, "6");
  few.look();
  EXPECT_EQ(texts(few.queue.take_out(2)), "6 ");
  EXPECT_EQ(few.lost, 2u);

  Followed small({.bytes = 2'000});
  for (int i = 0; i < 10; ++i) {
    small.happens(LogLevel::Warn, std::string(400, 'x'));
    small.look();
  }
  EXPECT_GT(small.lost, 5u);
  EXPECT_GE(small.queue.size(), 1u);
  EXPECT_EQ(small.lost + small.queue.size(), 10u);

  Followed large({.bytes = 1});
  large.happens(LogLevel::Warn, "larger than all of it");
  large.look();
  EXPECT_EQ(large.queue.size(), 1u) << "the newest is told";
}

TEST(WebhookQueue, ABurstThatNobodyCouldFollowMayHaveBeenForIt) {
  Followed all;
  for (int i = 0; i < 25; ++i) all.happens(LogLevel::Info, "upstream up");
  all.look();
  EXPECT_EQ(all.lost, 15u);
}

TEST(WebhookQueue, FollowsTheLevel) {
  Followed all;
  all.happens(LogLevel::Info, "up");
  all.happens(LogLevel::Warn, "down");
  all.look(LogLevel::Info);
  EXPECT_EQ(all.queue.size(), 2u);
  all.queue.keep_only(LogLevel::Warn);
  EXPECT_EQ(texts(all.queue.take_out(9)), "down ");
  EXPECT_EQ(all.lost, 0u);
  all.happens(LogLevel::Warn, "again");
  all.look();
  all.queue.clear();
  EXPECT_TRUE(all.queue.empty());
}

}  // namespace
}  // namespace frontdoor
