// Misfortune and a client that leaves: it ends, closes or resets its connection at some stage of its request,
// and the n-th socket operation of that conversation goes wrong. Nothing goes on working for a client that has left.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/misfortune.h"

namespace frontdoor::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHalfAPost = "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 6\r\n\r\nabc";
constexpr const char* kHalfAChunkedPost =
    "POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabc";
constexpr const char* kHalfAHead = "GET / HTTP/1.1\r\nHo";

// ---- Before the request

void as_it_is(Scene&) {}
void reused(Scene& scene) { scene.warm_up(); }
void all_down(Scene& scene) {
  for (std::size_t i = 0; i < 2; ++i) scene.take_down(i, DownCause::Dead);
}
void connects_hang(Scene& scene) { scene.let_connects_hang(); }
void slots_are_taken(Scene& scene) {
  for (std::size_t i = 0; i < 2; ++i) {
    scene.upstream(i).plan({Deed::Hang});
    scene.ask(kGet);
  }
  scene.settle();
}

// ---- Where it is when it leaves; nobody else counts

bool nowhere(const Scene& scene) { return scene.in_flight() == 0 && scene.held() == 0; }
bool connecting(const Scene& scene) { return scene.in_flight() == 1 && scene.still_waiting() == 0; }
bool held(const Scene& scene) { return scene.held() == 1; }
bool with_an_upstream(const Scene& scene) { return scene.in_flight() == 1 && scene.still_waiting() == 1; }
bool answered_in_part(const Scene& scene) {
  return with_an_upstream(scene) && scene.client(0).peer->saw("hel");
}

struct Scenario {
  const char* name;
  const char* request;
  bool (*stage)(const Scene&);
  std::vector<Deed> first;  // what the first upstream does; the second leaves everything unanswered
  void (*before)(Scene&) = as_it_is;
  const char* pool = "";
};

const Scenario kScenarios[] = {
    {"leaves within its head", kHalfAHead, nowhere, {Deed::Hang}},
    {"leaves while we connect", kGet, connecting, {Deed::Hang}, connects_hang},
    {"POST leaves while we connect", kPost, connecting, {Deed::Hang}, connects_hang},
    {"leaves while held", kGet, held, {Deed::Hang}, all_down},
    {"POST leaves while held", kPost, held, {Deed::Hang}, all_down},
    {"leaves while it waits for a slot",
     kGet,
     held,
     {Deed::Hang},
     slots_are_taken,
     "max_in_flight = 1\nretry.attempts = 0"},
    {"leaves before its answer", kGet, with_an_upstream, {Deed::Hang}},
    {"POST leaves before its answer", kPost, with_an_upstream, {Deed::Hang}, as_it_is, "max_in_flight = 1"},
    {"leaves before its answer, reused", kGet, with_an_upstream, {Deed::Hang}, reused},
    {"leaves within its answer", kGet, answered_in_part, {Deed::Begin}},
    {"leaves within its chunked answer", kGet, answered_in_part, {Deed::BeginChunked}},
    {"leaves within its body", kHalfAPost, with_an_upstream, {Deed::Hang}},
    {"leaves within its chunked body", kHalfAChunkedPost, with_an_upstream, {Deed::Hang}},
    {"leaves within its body, reused", kHalfAPost, with_an_upstream, {Deed::Hang}, reused},
    {"leaves when it is retried", kGet, with_an_upstream, {Deed::Reset}},
    {"leaves when a stale connection was replaced",
     kGet,
     with_an_upstream,
     {Deed::Finish, Deed::Hang},
     reused},
};

enum class Way { Finish, Close, Reset };
struct Leaving {
  Way way;
  Fault fault;
  std::string name;
};

void leave(Scene::Client& client, Way way) {
  switch (way) {
    case Way::Finish:
      client.peer->finish();
      return;
    case Way::Close:
      client.peer->close();
      break;
    case Way::Reset:
      client.peer->reset();
      break;
  }
  client.left = true;
}

template <Over over>
bool survives(const Scenario& scenario, const Leaving& leaving, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, leaving.name, over);
  Scene scene({.pool = scenario.pool, .over = over});
  scenario.before(scene);
  scene.upstream(0).plan(scenario.first);
  scene.upstream(1).plan({Deed::Hang});
  scene.ops().arm_vulnerable(n, leaving.fault);
  const std::size_t others = scene.clients();
  scene.ask(scenario.request);
  scene.settle();
  if (!scene.ops().struck()) {
    EXPECT_TRUE(scenario.stage(scene)) << what << ": it is not where it should be";
  }
  leave(scene.client(others), leaving.way);
  scene.settle();

  if (leaving.way == Way::Reset) {
    EXPECT_EQ(scene.in_flight(), others) << what << ": an upstream still works for a client that has gone";
    EXPECT_EQ(scene.still_waiting(), others) << what << ": its upstream has not heard of it";
    EXPECT_EQ(scene.held(), 0u) << what << ": still held";
  }
  scene.play([](Scene&) {}, 12s);
  EXPECT_TRUE(scene.over()) << what << ": it goes on for too long";
  scene.expect_answered_or_closed(what);
  scene.expect_posts_sent_once(what);
  const bool struck = scene.ops().struck();
  EXPECT_TRUE(struck || others != 0 || scene.passed() <= 5s) << what << ": who left was waited for";
  scene.expect_nothing_left(what);
  return struck;
}

std::vector<Leaving> ways_and_faults() {
  std::vector<Leaving> misfortunes;
  for (const auto& [fault, name] : kFaults) {
    misfortunes.push_back({Way::Finish, fault, std::string(name) + ", the client finishes"});
    misfortunes.push_back({Way::Close, fault, std::string(name) + ", the client closes"});
    misfortunes.push_back({Way::Reset, fault, std::string(name) + ", the client resets"});
  }
  return misfortunes;
}

TEST(MisfortuneOfCancels, EveryOperationMayFailInEveryWay) {
  EXPECT_GE(at_every_operation(kScenarios, ways_and_faults(), survives<Over::Plain>), 845u);  // may only grow
}

TEST(MisfortuneOfCancels, OverTlsToo) {
  EXPECT_GE(at_every_operation(some_of(kScenarios), ways_and_faults(), survives<Over::Tls>), 370u);  // may only grow
}

}  // namespace
}  // namespace frontdoor::testing
