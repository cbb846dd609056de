// What `top` shows of two looks, and how a page goes over the last one on a terminal.

#include "cli/top_table.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "cli/live_screen.h"

namespace frontdoor::cli {
namespace {

std::string top(const char* before, const char* after, TopOrder order) {
  return top_table(boost::json::parse(before).as_object(), boost::json::parse(after).as_object(), 2'000, order, Style(false));
}

const char* const kBefore = R"json({"pools": [{"name": "app", "upstreams": [
  {"name": "app.1", "state": "up", "requests": 100, "in_flight": 0},
  {"name": "app.2", "state": "up", "requests": 500, "in_flight": 0}]}]})json";
const char* const kAfter = R"json({"state": "running", "connections": 12, "memory_bytes": 9437184, "pools": [{"name": "app", "upstreams": [
  {"name": "app.1", "state": "up", "requests": 105, "in_flight": 7, "memory_bytes": 104857600, "cpu_percent": 3.25},
  {"name": "app.2", "state": "crash loop", "requests": 20, "in_flight": 0, "memory_bytes": null, "cpu_percent": null},
  {"name": "app.3", "state": "up", "requests": 9, "in_flight": 1, "ordered": {"order": "drain"}}]},
  {"name": "web", "upstreams": [{"name": "a:1", "state": "up", "requests": 3000, "in_flight": 2}]}]})json";

TEST(Top, HasTheBusiestFirst) {
  EXPECT_EQ(top(kBefore, kAfter, TopOrder::Requests), R"text(frontdoor  running  2.5 req/s  12 connections  2 of 4 up  9M

POOL UPSTREAM STATE      REQ/S NOW  MEM  CPU
app  app.1    up           2.5   7 100M 3.2%
app  app.2    crash loop     0   0    -    -
app  app.3    drained        0   1    -    -
web  a:1      up             0   2    -    -
)text") << "one that was started anew, or was not there before, has no rate yet";
  const struct {
    TopOrder order;
    const char* first;
  } cases[] = {{TopOrder::Now, "app  app.1"}, {TopOrder::Memory, "app  app.1"}, {TopOrder::Cpu, "app  app.1"}};
  for (const auto& c : cases) EXPECT_NE(top(kBefore, kAfter, c.order).find(std::string("CPU\n") + c.first), std::string::npos);
  EXPECT_NE(top("{}", R"({"pools": [{"name": "p", "upstreams": [{"name": "a", "in_flight": 1}, {"name": "b", "in_flight": 2}]}]})",
                TopOrder::Now)
                .find("CPU\np    b"),
            std::string::npos);
}

TEST(Top, SaysHowManyFail) {
  const char* const after = R"({"state": "running", "connections": 1, "requests_per_second": 3000, "errors_per_second": 0.1, "pools": []})";
  EXPECT_EQ(top("{}", after, TopOrder::Requests).substr(0, 52), "frontdoor  running  0 req/s  errors <0.01%  1 connec");
}

TEST(Top, TakesAnythingThatIsAnObject) {
  for (const char* text : {"{}", R"({"pools": 3})", R"({"pools": [3, {"upstreams": [1, {}]}]})"})
    EXPECT_NE(top(text, text, TopOrder::Cpu), "") << text;
}

TEST(LiveScreen, LeavesNothingOfTheLastPage) {
  EXPECT_EQ(over_the_last("a\nb\n", 24), "\033[Ha\033[K\r\nb\033[K\r\n\033[J");
  EXPECT_EQ(over_the_last("", 24), "\033[H\033[J");
  EXPECT_EQ(over_the_last("a\nb\nc\nd\n", 4), "\033[Ha\033[K\r\nb\033[K\r\n… 2 more lines\033[K\r\n\033[J");
  EXPECT_EQ(over_the_last("a\nb\nc\n", 4), "\033[Ha\033[K\r\nb\033[K\r\nc\033[K\r\n\033[J");
  EXPECT_EQ(over_the_last("a\nb\nc\n", 0), "\033[Ha\033[K\r\nb\033[K\r\nc\033[K\r\n\033[J");
}

}  // namespace
}  // namespace frontdoor::cli
