// Misfortune while requests are held: nothing can take them, then something can (or never does), and the n-th
// socket operation from there on goes wrong.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/misfortune.h"

namespace frontdoor::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kOneAtATime = "max_in_flight = 1";

// ---- Before the requests that are held

void all_down(Scene& scene) { scene.take_down(0, DownCause::Dead); }

void nobody_listens(Scene& scene) {
  all_down(scene);
  scene.upstream(0).socket().stop_listening();
}

// The only slot is taken by a request that hangs.
void occupied(Scene& scene) {
  scene.upstream(0).plan({Deed::Hang, Deed::Answer});
  scene.ask(kGet);
  scene.settle();
}

// ---- And then

void comes_up(Scene& scene) {
  if (scene.passed() >= 1s) scene.bring_all_up();
}

void never_comes_up(Scene&) {}

// Comes up too early twice, and its first requests find nobody there.
void comes_up_too_early(Scene& scene) {
  if (scene.passed() < 1s) return;
  if (scene.passed() >= 3s && !scene.upstream(0).socket().listens())
    scene.upstream(0).socket().listen_again();
  scene.bring_all_up();
}

void slot_is_given_back(Scene& scene) {
  if (scene.passed() >= 1s) scene.upstream(0).release();
  comes_up(scene);
}

void client_finishes(Scene& scene) {
  scene.client(0).peer->finish();
  comes_up(scene);
}

// The pool goes, another takes its place.
void is_rerouted(Scene& scene) {
  if (scene.passed() < 1s) return;
  if (scene.proxy().snapshot()->pools.front().name == "app")
    scene.proxy().publish("listen = \"127.0.0.1:0\"\n[pool.other]\nupstreams = [\"" +
                          scene.upstream(0).socket().address() + "\"]\n");
  scene.bring_all_up();
}

struct Scenario {
  const char* name;
  const char* request;
  int requests;  // that are held at a time
  const char* pool;
  void (*before)(Scene&);
  void (*course)(Scene&);
  int status;  // 0: closed without an answer
  bool patient = true;  // the client waits for as long as it takes
};

constexpr Scenario kScenarios[] = {
    {"held GET, comes up", kGet, 1, "", all_down, comes_up, 200},
    {"held PUT, comes up", kPut, 1, "", all_down, comes_up, 200},
    {"held POST, comes up", kPost, 1, "", all_down, comes_up, 200},
    {"held chunked POST, comes up", kChunkedPost, 1, "", all_down, comes_up, 200},
    {"three held, comes up", kGet, 3, "", all_down, comes_up, 200},
    {"held GET, comes up too early", kGet, 1, "", nobody_listens, comes_up_too_early, 200},
    {"held POST, comes up too early", kPost, 1, "", nobody_listens, comes_up_too_early, 200},
    {"held GET, never comes up", kGet, 1, "", all_down, never_comes_up, 503},
    {"held POST, never comes up", kPost, 1, "", all_down, never_comes_up, 503},
    {"held GET, half-closed", kGet, 1, "", all_down, client_finishes, 0, false},
    {"held GET, rerouted", kGet, 1, "", all_down, is_rerouted, 200},
    {"held PUT, rerouted", kPut, 1, "", all_down, is_rerouted, 200},
    {"held POST, rerouted", kPost, 1, "", all_down, is_rerouted, 200},
    {"GET waits for a slot", kGet, 1, kOneAtATime, occupied, slot_is_given_back, 200},
    {"POST waits for a slot", kPost, 1, kOneAtATime, occupied, slot_is_given_back, 200},
    {"three wait for a slot", kGet, 3, kOneAtATime, occupied, slot_is_given_back, 200},
    {"three wait for a slot that comes up", kGet, 3, kOneAtATime, all_down, comes_up, 200},
};

template <Over over>
bool survives(const Scenario& scenario, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, fault.name, over);
  Scene scene({.upstreams = 1, .pool = scenario.pool, .over = over});
  scenario.before(scene);
  scene.ops().arm_vulnerable(n, fault.fault);
  for (int i = 0; i < scenario.requests; ++i) scene.ask(scenario.request);
  scene.play(scenario.course);
  const bool struck = scene.ops().struck();

  scene.expect_answered_or_closed(what);
  std::size_t unserved = 0;
  for (std::size_t i = 0; i < scene.clients(); ++i) {
    const Scene::Client& client = scene.client(i);
    const bool forgivable =
        scenario.patient && scene.ops().struck_upstream() && may_be_repeated(client.request, fault.fault);
    if (scenario.status == 0) {
      EXPECT_EQ(client.peer->received(), "") << what;
      continue;
    }
    if (!struck || fault.fault == Fault::OneByte || forgivable)
      scene.expect_status_despite(fault.fault, client, scenario.status, what);
    if (!client.peer->saw("HTTP/1.1 " + std::to_string(scenario.status))) ++unserved;
  }
  EXPECT_LE(unserved, 1u) << what << ": others suffered from it too";
  scene.expect_posts_sent_once(what);
  scene.expect_next_request_served(what);
  scene.expect_nothing_left(what);
  return struck;
}

TEST(MisfortuneInHold, EveryOperationMayFailInEveryWay) {
  EXPECT_GE(at_every_operation(kScenarios, kFaults, survives<Over::Plain>), 525u);  // may only grow
}

TEST(MisfortuneInHold, OverTlsToo) {
  EXPECT_GE(at_every_operation(some_of(kScenarios), kFaults, survives<Over::Tls>), 200u);  // may only grow
}

}  // namespace
}  // namespace frontdoor::testing
