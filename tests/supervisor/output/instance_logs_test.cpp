// The lines of all instances together, and following them.

#include "supervisor/output/instance_logs.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "supervisor/output/line_follower.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;
using Texts = std::vector<std::string>;

Texts texts(const std::vector<LogEntry>& entries) {
  Texts found;
  for (const LogEntry& entry : entries) found.push_back(entry.instance + ' ' + entry.line.text);
  return found;
}

struct Apps {
  void write(const std::string& pool, unsigned number, const std::string& text) {
    logs.add(*logs.of(pool, number), {.pid = 7, .stream = OutputStream::Output}, text);
  }
  InstanceLogs logs;
};

TEST(InstanceLogs, GivesTheLastLinesOfOneOrManyInTheOrderInWhichTheyCame) {
  Apps apps;
  for (int i = 0; i < 3; ++i) {
    apps.write("app", 1, std::to_string(i));
    apps.write("app", 2, std::to_string(i));
    apps.write("web", 1, std::to_string(i));
  }
  EXPECT_EQ(texts(apps.logs.last({.pool = "app", .number = 2}, 2)), (Texts{"app.2 1", "app.2 2"}));
  EXPECT_EQ(texts(apps.logs.last({.pool = "app"}, 3)), (Texts{"app.2 1", "app.1 2", "app.2 2"}));
  EXPECT_EQ(texts(apps.logs.last({}, 2)), (Texts{"app.2 2", "web.1 2"}));
  EXPECT_EQ(apps.logs.last({}, 100).size(), 9u);
  EXPECT_EQ(texts(apps.logs.last({.pool = "none"}, 2)), Texts{});
  EXPECT_EQ(texts(apps.logs.last({}, 0)), Texts{});
}

TEST(InstanceLogs, ForgetsPoolsThatAreNamedNoLongerOnceNobodyWrites) {
  Apps apps;
  apps.write("app", 1, "a");
  const auto writer = apps.logs.of("old", 1);
  apps.write("old", 1, "b");
  const auto named = [](const std::string& pool) { return pool == "app"; };
  apps.logs.forget(named);
  EXPECT_EQ(apps.logs.last({}, 9).size(), 2u);
}

TEST(InstanceLogs, ForgetsThePoolWhenItsInstanceHasGone) {
  Apps apps;
  apps.write("app", 1, "a");
  apps.write("old", 1, "b");
  apps.logs.forget([](const std::string& pool) { return pool == "app"; });
  EXPECT_EQ(texts(apps.logs.last({}, 9)), (Texts{"app.1 a"}));
}

class Following : public ::testing::Test {
 protected:
  LogBatch next(LineFollower& follower, std::size_t most, Millis patience) {
    LogBatch batch;
    asio::co_spawn(control_, take(follower, most, patience, batch), asio::detached);
    control_.restart();
    control_.run();
    return batch;
  }
  static asio::awaitable<void> take(LineFollower& follower, std::size_t most, Millis patience, LogBatch& batch) {
    batch = co_await follower.next(most, patience);
  }
  asio::io_context control_{1};
  Apps apps_;
};

TEST_F(Following, BeginsWhereItIsTold) {
  apps_.write("app", 1, "before");
  const std::uint64_t now = apps_.logs.last_sequence();
  apps_.write("app", 1, "after");
  LineFollower later(control_, apps_.logs, {}, now);
  EXPECT_EQ(texts(later.take(9).lines), (Texts{"app.1 after"}));
  LineFollower from_the_first(control_, apps_.logs, {}, 0);
  EXPECT_EQ(texts(from_the_first.take(9).lines), (Texts{"app.1 before", "app.1 after"}));
}

TEST_F(Following, TakesEachLineOnceAndTheOldestFirst) {
  LineFollower follower(control_, apps_.logs, {.pool = "app"}, 0);
  apps_.write("app", 2, "a");
  apps_.write("web", 1, "not asked for");
  apps_.write("app", 1, "b");
  apps_.write("app", 2, "c");
  EXPECT_EQ(texts(follower.take(2).lines), (Texts{"app.2 a", "app.1 b"}));
  EXPECT_EQ(texts(follower.take(2).lines), (Texts{"app.2 c"}));
  EXPECT_EQ(texts(follower.take(2).lines), Texts{});
}

TEST_F(Following, WaitsForALine) {
  LineFollower follower(control_, apps_.logs, {}, 0);
  asio::post(control_, [this] { apps_.write("app", 1, "there"); });
  EXPECT_EQ(texts(next(follower, 9, Millis{60'000}).lines), (Texts{"app.1 there"}));
}

TEST_F(Following, WaitsNoLongerThanItsPatience) {
  LineFollower follower(control_, apps_.logs, {}, 0);
  EXPECT_TRUE(next(follower, 9, Millis{1}).lines.empty());
  apps_.write("app", 1, "late");
  EXPECT_EQ(texts(next(follower, 9, Millis{60'000}).lines), (Texts{"app.1 late"}));
}

TEST_F(Following, IsNotWokenForGoodByLinesOfOthers) {
  LineFollower follower(control_, apps_.logs, {.pool = "app"}, 0);
  asio::post(control_, [this] {
    apps_.write("web", 1, "not asked for");
    asio::post(control_, [this] { asio::post(control_, [this] { apps_.write("app", 1, "there"); }); });
  });
  EXPECT_EQ(texts(next(follower, 9, Millis{60'000}).lines), (Texts{"app.1 there"}));
}

TEST_F(Following, SkipsWhatWasForgottenAndSaysHowMuch) {
  LineFollower follower(control_, apps_.logs, {}, 0);
  apps_.write("app", 1, "seen");
  apps_.write("app", 2, "kept");
  EXPECT_EQ(follower.take(1).lines.size(), 1u);
  for (std::size_t i = 0; i < InstanceLog::kMostLines + 5; ++i) apps_.write("app", 1, std::to_string(i));
  const LogBatch batch = follower.take(3);
  EXPECT_EQ(batch.skipped, 5u);
  EXPECT_EQ(texts(batch.lines), (Texts{"app.2 kept", "app.1 5", "app.1 6"}));
  EXPECT_EQ(follower.take(10'000).skipped, 0u);
}

TEST_F(Following, APoolThatComesAgainBeginsAgain) {
  LineFollower follower(control_, apps_.logs, {}, 0);
  for (const char* text : {"a", "b"}) apps_.write("app", 1, text);
  EXPECT_EQ(follower.take(9).lines.size(), 2u);
  apps_.logs.forget([](const std::string&) { return false; });
  apps_.write("app", 1, "anew");
  EXPECT_EQ(texts(follower.take(9).lines), (Texts{"app.1 anew"}));
}

}  // namespace
}  // namespace frontdoor
