#include "dashboard/lately.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace frontdoor {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;  // milliseconds since 1970

Event event(std::int64_t second, const char* text, const char* upstream, const char* end = "") {
  Event event;
  event.unix_micros = (kStart + second * 1'000) * 1'000;
  event.level = LogLevel::Warn;
  event.text = text;
  event.pool = "app";
  event.upstream = upstream;
  event.fields = {{"end", end, false}};
  return event;
}

struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  std::uint64_t sent_again = 0;
  std::uint64_t held = 0;
};

Totals lately_totals(const Counts& counts) {
  Totals totals;
  PoolTotals pool;
  pool.name = "app";
  pool.requests.push_back({"web", "http/1.1", {0, 0, counts.requests - counts.failed, 0, 0, counts.failed}});
  pool.retries = {{"nothing_sent", counts.sent_again}};
  pool.hold_wait.buckets[5] = counts.held;
  totals.pools.push_back(pool);
  return totals;
}

SeenRequest failed(std::int64_t second, const char* method, const char* path) {
  return {.ended_unix_millis = kStart + second * 1'000, .method = method, .path = path, .failed = true};
}

// As people read it, without the narrow spaces in its numbers.
std::string plain(std::string text) {
  for (std::size_t at = 0; (at = text.find("\u202f", at)) != std::string::npos;) text.replace(at, 3, " ");
  return text;
}

TEST(Lately, SaysWhetherAnybodyHasLostAnything) {
  struct {
    Counts counts;
    std::vector<SeenRequest> failed;
    const char* sentence;
  } const cases[] = {
      {{}, {}, "In the last 5 minutes no request has ended."},
      {{1, 0, 0, 0}, {}, "In the last 5 minutes the only request did not fail."},
      {{1, 1, 0, 0}, {failed(9, "GET", "/")}, "In the last 5 minutes the only request failed: GET /."},
      {{12'345, 0, 0, 0}, {}, "In the last 5 minutes none of 12 345 requests failed."},
      {{1'234'567, 0, 1, 0}, {}, "In the last 5 minutes none of 1 234 567 requests failed; 1 was sent again."},
      {{900, 0, 14, 5}, {}, "In the last 5 minutes none of 900 requests failed; 14 were sent again, 5 had to wait."},
      {{900, 2, 0, 0}, {failed(1, "POST", "/crash"), failed(2, "POST", "/crash")},
       "In the last 5 minutes 2 of 900 requests failed, each of them POST /crash, and no other."},
      {{900, 1, 0, 0}, {failed(1, "POST", "/crash")}, "In the last 5 minutes 1 of 900 requests failed: POST /crash, and no other."},
      {{900, 2, 0, 0}, {failed(1, "POST", "/a"), failed(2, "GET", "/b")},
       "In the last 5 minutes 2 of 900 requests failed: POST /a, GET /b, and no other."},
      // Of which not all are known, or of too many kinds, none is named.
      {{900, 3, 0, 0}, {failed(1, "POST", "/a"), failed(2, "GET", "/b")}, "In the last 5 minutes 3 of 900 requests failed."},
      {{900, 1, 0, 0}, {failed(-900, "GET", "/long-ago")}, "In the last 5 minutes 1 of 900 requests failed."},
      {{900, 4, 0, 0}, {failed(1, "GET", "/a"), failed(1, "GET", "/b"), failed(1, "GET", "/c"), failed(1, "GET", "/d")},
       "In the last 5 minutes 4 of 900 requests failed."},
  };
  for (const auto& c : cases) {
    Lately lately;
    lately.add(1, kStart - 600'000, lately_totals({7, 3, 2, 1}));  // what was before the start of this does not count
    lately.add(400, kStart + 10'000, lately_totals({7 + c.counts.requests, 3 + c.counts.failed, 2 + c.counts.sent_again, 1 + c.counts.held}));
    EXPECT_EQ(plain(lately.sentence(c.failed)), c.sentence);
  }
}

TEST(Lately, NamesWhoWentDown) {
  const auto crash = [](std::int64_t second, const char* instance) { return event(second, "instance ended", instance, "SIGABRT"); };
  const auto down = [](std::int64_t second, const char* upstream) { return event(second, "upstream down", upstream); };
  struct {
    std::vector<Event> events;
    const char* begin;
  } const cases[] = {
      {{crash(1, "app.3")}, "app.3 crashed (SIGABRT). No"},
      {{crash(1, "app.3"), crash(9, "app.1"), crash(20, "app.3")}, "app.3 crashed twice (SIGABRT), app.1 crashed (SIGABRT). No"},
      {{crash(1, "app.3"), crash(9, "app.1"), crash(20, "app.2")}, "app.1, app.2 and app.3 crashed (SIGABRT). No"},
      {{crash(1, "app.3"), event(9, "instance ended", "app.1", "SIGKILL")}, "app.3 crashed (SIGABRT), app.1 ended (SIGKILL). No"},
      {{event(1, "instance ended", "app.1", "exit status 3")}, "app.1 ended (exit status 3). No"},
      {{event(1, "instance ended", "app.1", "SIGKILL")}, "app.1 ended (SIGKILL). No"},
      {{event(1, "instance is in a crash loop", "app.1", "SIGSEGV")}, "app.1 crashed (SIGSEGV). No"},
      {{down(1, "10.0.0.2:80"), down(50, "10.0.0.2:80"), down(90, "10.0.0.2:80")}, "10.0.0.2:80 went down 3 times. No"},
      {{down(1, "site (10.0.0.2:80)")}, "site (10.0.0.2:80) went down. No"},
      // One death that checks, traffic and the process tell of is one, whoever comes first.
      {{down(1, "app.3 (127.0.0.1:7)"), crash(1, "app.3")}, "app.3 crashed (SIGABRT). No"},
      {{crash(1, "app.3"), down(2, "app.3 (127.0.0.1:7)")}, "app.3 crashed (SIGABRT). No"},
      {{down(1, "app.3 (127.0.0.1:7)"), crash(9, "app.3")}, "app.3 crashed twice (SIGABRT). No"},
      {{crash(1, "a"), crash(1, "b"), crash(1, "c"), crash(1, "d"), crash(9, "d")}, "4 upstreams went down, 5 times in all. No"},
      // What is no fall.
      {{event(1, "instance ended with requests on it", "app.1"), event(1, "instance stopped", "app.1"), event(1, "upstream up", "app.1")},
       "no request has ended."},
      {{event(-400, "instance ended", "app.1", "SIGABRT")}, "no request has ended."},  // forgotten by now
  };
  for (const auto& c : cases) {
    Lately lately;
    for (const Event& each : c.events) lately.add(each);
    lately.add(1, kStart, lately_totals({}));
    lately.add(400, kStart + 100'000, lately_totals({}));
    const std::string sentence = lately.sentence({});
    EXPECT_TRUE(sentence.starts_with(std::string("In the last 5 minutes ") + c.begin)) << sentence;
  }
}

TEST(Lately, ForgetsAndIsBounded) {
  Lately lately;
  std::uint64_t requests = 0;
  for (std::int64_t second = 1; second <= 1'000; ++second) {
    requests += second <= 700 ? 100 : 1;
    for (int i = 0; i < 5; ++i) lately.add(event(second, "upstream down", "10.0.0.2:80"));
    lately.add(second, kStart + second * 1'000, lately_totals({requests, 0, 0, 0}));
    if (second == 41) {
      EXPECT_EQ(plain(lately.sentence({})), "In the last 40 seconds 10.0.0.2:80 went down 205 times. None of 4 000 requests failed.");
    }
  }
  EXPECT_EQ(plain(lately.sentence({})), "In the last 5 minutes 10.0.0.2:80 went down 500 times. None of 300 requests failed.");
  lately.add(1'000, kStart + 1'000'000, lately_totals({requests + 50, 0, 0, 0}));  // the same second: for the next
  lately.add(1'001, kStart + 2'000'000, lately_totals({5, 0, 0, 0}));              // counts that begin anew
  EXPECT_EQ(plain(lately.sentence({})), "In the last 5 minutes none of 299 requests failed.");
}

}  // namespace
}  // namespace frontdoor
