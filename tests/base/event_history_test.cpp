// What is remembered of the event log, what is forgotten, and who is told.

#include "base/event_history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace frontdoor {
namespace {

using std::chrono::microseconds;

std::chrono::system_clock::time_point at_micros(std::int64_t micros) {
  return std::chrono::system_clock::time_point(microseconds(micros));
}

std::string texts(const EventHistory::Events& events) {
  std::string all;
  for (const auto& event : events) all += (all.empty() ? "" : " ") + event->text;
  return all;
}

TEST(EventHistory, RemembersWhoWhatAndWhen) {
  EventHistory history;
  history.took(at_micros(1'700'000'000'123'456), LogLevel::Warn, "upstream down",
               {{"pool", "app"}, {"upstream", "a:1"}, {"reason", "refused"}, {"after", 3}});
  history.took(at_micros(1'700'000'000'123'456), LogLevel::Info, "instance up", {{"pool", "app"}, {"instance", "app.1"}});
  const auto events = history.last(9, {});
  ASSERT_EQ(events.size(), 2u);
  const Event& first = *events[0];
  EXPECT_EQ(first.id, 1'700'000'000'123'456);
  EXPECT_EQ(first.number, 1u);
  EXPECT_EQ(first.unix_micros, 1'700'000'000'123'456);
  EXPECT_EQ(first.level, LogLevel::Warn);
  EXPECT_EQ(first.text + ' ' + first.pool + ' ' + first.upstream, "upstream down app a:1");
  EXPECT_EQ(first.field("reason"), "refused");
  EXPECT_EQ(first.field("nothing"), "");
  EXPECT_EQ(first.fields.back(), (Event::Field{"after", "3", true}));
  EXPECT_EQ(events[1]->upstream, "app.1");
  EXPECT_EQ(events[1]->id, first.id + 1) << "two in one microsecond";
}

TEST(EventHistory, IdsGrowAlsoWhenTheClockGoesBack) {
  EventHistory history;
  for (const std::int64_t micros : {100, 50, 50, 103, 200}) history.took(at_micros(micros), LogLevel::Info, "e", {});
  std::vector<std::int64_t> ids;
  for (const auto& event : history.last(9, {})) ids.push_back(event->id);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{100, 101, 102, 103, 200}));
  EXPECT_EQ(history.last_id(), 200);
}

TEST(EventHistory, IsBoundedInNumberAndBytes) {
  EventHistory few({.events = 3, .bytes = 1 << 20});
  for (const char* text : {"a", "b", "c", "d", "e"}) few.took(at_micros(0), LogLevel::Info, text, {});
  EXPECT_EQ(texts(few.last(9, {})), "c d e");
  EXPECT_EQ(few.forgotten(), 2u);
  EXPECT_EQ(few.last_number(), 5u);

  EventHistory small({.events = 1'000, .bytes = 4'000});
  const std::string value(1'000, 'x');
  for (int i = 0; i < 100; ++i) small.took(at_micros(0), LogLevel::Info, "e", {{"value", value}});
  EXPECT_EQ(small.last(999, {}).size(), 3u);
  small.took(at_micros(0), LogLevel::Info, "e", {{"a", value}, {"b", value}, {"c", value}, {"d", value}, {"e", value}});
  EXPECT_EQ(small.last(999, {}).size(), 1u) << "the newest stays, whatever it takes";
}

TEST(EventHistory, CutsWhatIsLongBetweenTwoCharacters) {
  EventHistory history;
  std::string value(1'023, 'x');
  value += "ééé";
  history.took(at_micros(0), LogLevel::Info, std::string(600, 't'), {{"value", value}});
  const auto event = history.last(1, {}).front();
  EXPECT_EQ(event->text, std::string(512, 't') + "…");
  EXPECT_EQ(event->field("value"), std::string(1'023, 'x') + "…");
}

TEST(EventHistory, GivesTheLastOnesAndThoseBehindAnId) {
  EventHistory history;
  const struct {
    std::int64_t micros;
    LogLevel level;
    const char* text;
    const char* pool;
  } all[] = {{10, LogLevel::Info, "a", "app"},  {20, LogLevel::Warn, "b", "web"}, {30, LogLevel::Error, "c", ""},
             {40, LogLevel::Warn, "d", "app.2"}, {50, LogLevel::Info, "e", "apple"}};
  for (const auto& each : all) history.took(at_micros(each.micros), each.level, each.text, {{"pool", each.pool}});
  const EventFilter any, warn{LogLevel::Warn, ""}, app{LogLevel::Info, "app"}, both{LogLevel::Warn, "app"};
  const struct {
    const char* what;
    EventHistory::Events found;
    const char* texts;
  } cases[] = {
      {"the last two", history.last(2, any), "d e"},
      {"none", history.last(0, any), ""},
      {"the last two that are bad", history.last(2, warn), "c d"},
      {"those of a pool and of an instance of it", history.last(9, app), "a d"},
      {"both", history.last(9, both), "d"},
      {"behind the second", history.since(20, 9, any), "c d e"},
      {"behind a moment that no event has", history.since(25, 9, any), "c d e"},
      {"behind the last", history.since(50, 9, any), ""},
      {"from the first on, two", history.since(0, 2, any), "a b"},
      {"behind the first, bad ones", history.since(10, 9, warn), "b c d"},
  };
  for (const auto& c : cases) EXPECT_EQ(texts(c.found), c.texts) << c.what;
}

TEST(EventHistory, KnowsWhatAnEventIsAbout) {
  const struct {
    const char* wanted;
    const char* pool;
    const char* upstream;
    bool taken;
  } cases[] = {
      {"", "app", "app.1", true},
      {"app", "app", "app.1", true},
      {"app", "app.1", "", true},  // what an operator asks of an instance
      {"app", "apple", "", false},
      {"app.1", "app", "app.1", true},
      {"app.1", "app.1", "", true},
      {"app.1", "app", "app.1 (127.0.0.1:24001)", true},
      {"app.1", "app", "app.12", false},
      {"app.1", "app", "", false},
      {"app/10.0.0.2:80", "app", "10.0.0.2:80", true},
      {"app/10.0.0.2:80", "app", "10.0.0.2:8080", false},
      {"app/10.0.0.2:80", "web", "10.0.0.2:80", false},
      {"app/app.internal:80", "app", "app.internal:80 (10.0.0.2)", true},
      {"app/app.1", "app", "app.1", true},
      {"10.0.0.2:80", "app", "10.0.0.2:80", true},
      {"app/", "app", "10.0.0.2:80", false},
  };
  for (const auto& c : cases) {
    Event event;
    event.pool = c.pool;
    event.upstream = c.upstream;
    EXPECT_EQ((EventFilter{LogLevel::Info, c.wanted}.takes(event)), c.taken) << c.wanted << " of " << c.pool << ' ' << c.upstream;
  }
}

TEST(EventHistory, TellsAFollowerWhatItHasMissed) {
  EventHistory history({.events = 3, .bytes = 1 << 20});
  for (const char* text : {"a", "b", "c", "d", "e"}) history.took(at_micros(0), LogLevel::Info, text, {});
  const struct {
    std::uint64_t behind;
    std::size_t most;
    const char* texts;
    std::uint64_t skipped;
  } cases[] = {{0, 9, "c d e", 2}, {1, 9, "c d e", 1}, {2, 9, "c d e", 0}, {3, 1, "d", 0}, {5, 9, "", 0}, {77, 9, "", 0}};
  for (const auto& c : cases) {
    const auto batch = history.behind(c.behind, c.most);
    EXPECT_EQ(texts(batch.events), c.texts) << c.behind;
    EXPECT_EQ(batch.skipped, c.skipped) << c.behind;
  }
}

TEST(EventHistory, HearsFromTheLogWhateverLevelIsWritten) {
  EventHistory history;
  int told = 0;
  history.set_listener([&told] { ++told; });
  const int nowhere = -1;  // each line is lost
  Log log(nowhere, LogLevel::Error, LogFormat::Json);
  log.info("before", {});
  log.set_sink(&history);
  log.debug("a detail", {});
  log.info("reloaded", {{"generation", 2}});
  log.error("cannot", {});
  EXPECT_EQ(texts(history.last(9, {})), "reloaded cannot");
  EXPECT_EQ(told, 2);
  EXPECT_EQ(log.lost_lines(), 1u) << "what is not written is not lost";
  history.set_listener({});
  log.info("alone", {});
  EXPECT_EQ(told, 2);
}

TEST(EventHistory, TakesEventsOfManyThreads) {
  EventHistory history({.events = 100, .bytes = 1 << 20});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&history] {
      for (int n = 0; n < 500; ++n) history.took(at_micros(n), LogLevel::Info, "e", {{"n", n}});
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(history.last_number(), 2'000u);
  EXPECT_EQ(history.forgotten(), 1'900u);
  std::int64_t last = 0;
  for (const auto& event : history.last(100, {})) EXPECT_GT(event->id, std::exchange(last, event->id));
}

}  // namespace
}  // namespace frontdoor
