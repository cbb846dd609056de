// Events as the admin API tells them: their kind, their JSON, and how one waits for the next.

#include "admin/event.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "admin/event_feed.h"

namespace frontdoor {
namespace {

Event event_of(const char* text, std::vector<Event::Field> fields = {}) {
  Event event;
  event.text = text;
  event.fields = std::move(fields);
  event.pool = event.field("pool");
  return event;
}

TEST(EventKind, IsAWordForEachSortOfThing) {
  const Event::Field pool{"pool", "app"}, replaced{"replaced", "2", true};
  const struct {
    Event event;
    const char* kind;
  } cases[] = {
      {event_of("upstream down"), "evicted"},
      {event_of("upstream up"), "recovered"},
      {event_of("instance started"), "started"},
      {event_of("instance ended"), "ended"},
      {event_of("instance ended with requests on it"), "casualties"},
      {event_of("instance is in a crash loop"), "crash_loop"},
      {event_of("instance hangs and is replaced"), "hung"},
      {event_of("restart done", {pool, replaced}), "rolled"},
      {event_of("scale done", {pool}), "changed"},
      {event_of("restart failed", {pool}), "roll_failed"},
      {event_of("something else done"), "other"},
      {event_of("the new instance does not come up, the old ones stay"), "roll_failed"},
      {event_of("reloaded"), "reloaded"},
      {event_of("reload refused, the old config stays"), "reload_refused"},
      {event_of("listener closed"), "listening"},
      {event_of("the serving process died and was started anew"), "front_door_crashed"},
      {event_of("upgraded: a new process serves"), "upgraded"},
      {event_of("upgrade failed, this process serves on"), "upgrade_failed"},
      {event_of("upgrade"), "other"},
      {event_of("certificates taken from changed files"), "certificate"},
      {event_of("certificate can not be used"), "certificate"},
      {event_of("max_connections reached: every connection is at work, clients wait"), "limit"},
      {event_of("open files used up (ulimit -n): idle connections are closed to make room"), "limit"},
      {event_of("query of death"), "query_of_death"},
      {event_of("operator"), "operator"},
      {event_of("an operator's order holds"), "operator"},
      {event_of("webhook can not be told, it is tried again"), "webhook"},
      {event_of("stopped"), "stopping"},
      {event_of("stopping at once"), "stopping"},
      {event_of(""), "other"},
      {event_of("the sky falls"), "other"},
  };
  for (const auto& c : cases) EXPECT_EQ(event_kind(c.event), c.kind) << c.event.text;
}

TEST(EventJson, HasItsNumbersAsNumbersAndWhatIsAboutNothingAsNull) {
  Event event = event_of("upstream down", {{"pool", "app"},
                                           {"upstream", "a:1"},
                                           {"reason", "status \xff"},
                                           {"after", "3", true},
                                           {"odd", "x", true}});
  event.id = 7;
  event.unix_micros = 1'700'000'000'000'042;
  event.level = LogLevel::Warn;
  event.upstream = "a:1";
  EXPECT_EQ(boost::json::serialize(to_json(event, true)),
            R"({"id":7,"time":"2023-11-14T22:13:20.000042Z","level":"warn","kind":"evicted","pool":"app","upstream":"a:1",)"
            R"("text":"upstream down","fields":{"reason":"status �","after":3,"odd":"x"}})");
  EXPECT_EQ(boost::json::serialize(to_json(event_of("listening"), false)),
            R"({"id":0,"time":"1970-01-01T00:00:00.000000Z","level":"info","kind":"listening","pool":null,)"
            R"("upstream":null,"text":"listening","fields":{}})");
}

TEST(EventJson, LastWordsAreForWhoIsTrusted) {
  const Event event = event_of("instance ended", {{"pool", "app"}, {"end", "exit 1"}, {"last_words", "postgres://u:pw@db"}});
  EXPECT_EQ(to_json(event, true).at("fields"), boost::json::value({{"end", "exit 1"}, {"last_words", "postgres://u:pw@db"}}));
  EXPECT_EQ(to_json(event, false).at("fields"), boost::json::value({{"end", "exit 1"}}));
}

TEST(EventLevel, IsReadFromItsWord) {
  LogLevel level = LogLevel::Debug;
  EXPECT_TRUE(parse_level("warn", level));
  EXPECT_EQ(level, LogLevel::Warn);
  EXPECT_FALSE(parse_level("debug", level));
  EXPECT_FALSE(parse_level("", level));
}

TEST(EventFeed, WakesWhoWaitsAndGivesWhatIsThereAtOnce) {
  boost::asio::io_context control;
  EventHistory history;
  EventFeed feed(control, history);
  history.took({}, LogLevel::Info, "first", {});
  std::string seen;
  boost::asio::co_spawn(
      control,
      [](EventFeed& from, std::string& told) -> boost::asio::awaitable<void> {
        std::uint64_t number = 0;
        for (int i = 0; i < 3; ++i) {
          const EventHistory::Batch batch = co_await from.behind(number, 1, Millis{60'000});
          number = batch.events.back()->number;
          told += batch.events.back()->text + ' ';
        }
      }(feed, seen),
      boost::asio::detached);
  control.poll();
  EXPECT_EQ(seen, "first ");
  std::thread other([&history] {
    history.took({}, LogLevel::Info, "second", {});
    history.took({}, LogLevel::Info, "third", {});
  });
  control.restart();
  control.run();
  other.join();
  EXPECT_EQ(seen, "first second third ");
}

TEST(EventFeed, HasPatienceForSoLong) {
  boost::asio::io_context control;
  EventHistory history;
  EventFeed feed(control, history);
  bool empty = false;
  boost::asio::co_spawn(
      control,
      [](EventFeed& from, bool& nothing) -> boost::asio::awaitable<void> {
        const EventHistory::Batch batch = co_await from.behind(0, 9, Millis{1});
        nothing = batch.events.empty();
      }(feed, empty),
      boost::asio::detached);
  control.run();
  EXPECT_TRUE(empty);
}

}  // namespace
}  // namespace frontdoor
