// Misfortune from outside: at the moment of the n-th socket operation, for n = 1, 2, 3 …, the client leaves,
// an upstream is evicted or drops its connections, the configuration changes, a drain begins. A conversation
// has no moment at which that may not happen.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/misfortune.h"

namespace frontdoor::testing {
namespace {

using namespace std::chrono_literals;

// ---- The conversations

void fresh(Scene&) {}
void reused(Scene& scene) { scene.warm_up(); }
void all_down(Scene& scene) {
  for (std::size_t i = 0; i < 2; ++i) scene.take_down(i, DownCause::Dead);
}
void occupied(Scene& scene) {
  for (std::size_t i = 0; i < 2; ++i) {
    scene.upstream(i).plan({Deed::Hang, Deed::Answer});
    scene.ask(kGet);
  }
  scene.settle();
}

struct Scenario {
  const char* name;
  const char* request;
  void (*before)(Scene&) = fresh;
  std::vector<Deed> first = {Deed::Answer};  // what the first upstream does; the second answers
  const char* pool = "";
  int behind = 0;     // other clients, right behind the request that is tested
  bool slow = false;  // waits in a queue, or for longer than a client that has finished is waited for
};

const Scenario kScenarios[] = {
    {"GET", kGet},
    {"PUT", kPut},
    {"POST", kPost},
    {"GET, reused", kGet, reused},
    {"POST, reused", kPost, reused},
    {"chunked POST, reused", kChunkedPost, reused},
    {"held GET", kGet, all_down, {Deed::Answer}, "", 0, true},
    {"held POST", kPost, all_down, {Deed::Answer}, "", 0, true},
    {"GET waits for a slot", kGet, occupied, {}, "max_in_flight = 1", 0, true},
    {"POST waits for a slot", kPost, occupied, {}, "max_in_flight = 1", 0, true},
    {"GET waits for a slot before others", kGet, occupied, {}, "max_in_flight = 1", 2, true},
    {"held GET before others", kGet, all_down, {}, "max_in_flight = 1", 2, true},
    {"retried GET", kGet, fresh, {Deed::Reset, Deed::Answer}},
    {"GET on a stale connection", kGet, reused, {Deed::Finish, Deed::Answer}},
    {"GET of silence", kGet, fresh, {Deed::Hang, Deed::Answer}, "", 0, true},
};

void course(Scene& scene) {
  if (scene.passed() < 1s) return;
  scene.bring_all_up();
  scene.upstream(0).release();
  scene.upstream(1).release();
}

// ---- What happens

std::string pool_of(Scene& scene, const char* name, const char* settings = "") {
  return "listen = \"127.0.0.1:0\"\n[pool." + std::string(name) + "]\n" + settings + "\nupstreams = [\"" +
         scene.upstream(0).socket().address() + "\", \"" + scene.upstream(1).socket().address() + "\"]\n";
}

void client_finishes(Scene&, Scene::Client& client) { client.peer->finish(); }
void client_closes(Scene&, Scene::Client& client) {
  client.peer->close();
  client.left = true;
}
void client_resets(Scene&, Scene::Client& client) {
  client.peer->reset();
  client.left = true;
}
void upstream_is_dead(Scene& scene, Scene::Client&) { scene.take_down(0, DownCause::Dead); }
void upstream_is_hung(Scene& scene, Scene::Client&) { scene.take_down(0, DownCause::Hung); }
void upstream_is_unwell(Scene& scene, Scene::Client&) { scene.take_down(0, DownCause::Unwell); }
void upstream_resets(Scene& scene, Scene::Client&) { scene.upstream(0).reset_all(); }
void upstream_closes(Scene& scene, Scene::Client&) { scene.upstream(0).close_all(); }
void reload(Scene& scene, Scene::Client&) { scene.proxy().publish(pool_of(scene, "app")); }
void reload_with_a_limit(Scene& scene, Scene::Client&) {
  scene.proxy().publish(pool_of(scene, "app", "max_in_flight = 1"));
}
void reload_of_another_pool(Scene& scene, Scene::Client&) { scene.proxy().publish(pool_of(scene, "other")); }
void drain(Scene& scene, Scene::Client&) {
  const TimePoint now = scene.proxy().time().now();
  scene.proxy().worker().drain({now, now + 25s});
}

// The clients that are served whatever happens.
enum class Served {
  TheOthers,         // the client is the one who left
  Unhurried,         // it still gets an answer that comes soon
  WhoMayBeRepeated,  // idempotent requests
  Everybody,
};
struct Event {
  const char* name;
  void (*happens)(Scene&, Scene::Client&);
  Served served;
};

constexpr Event kEvents[] = {
    {"the client finishes", client_finishes, Served::Unhurried},
    {"the client closes", client_closes, Served::TheOthers},
    {"the client resets", client_resets, Served::TheOthers},
    {"the upstream is found dead", upstream_is_dead, Served::Everybody},
    {"the upstream is found hung", upstream_is_hung, Served::Everybody},
    {"the upstream is found unwell", upstream_is_unwell, Served::Everybody},
    {"the upstream resets", upstream_resets, Served::WhoMayBeRepeated},
    {"the upstream closes", upstream_closes, Served::WhoMayBeRepeated},
    {"a reload", reload, Served::Everybody},
    {"a reload with a limit", reload_with_a_limit, Served::Everybody},
    {"a reload of another pool", reload_of_another_pool, Served::Everybody},
    {"a drain", drain, Served::Everybody},
};

template <Over over>
bool survives(const Scenario& scenario, const Event& event, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, event.name, over);
  Scene scene({.pool = scenario.pool, .over = over});
  scenario.before(scene);
  if (!scenario.first.empty()) scene.upstream(0).plan(scenario.first);
  const std::size_t subject = scene.clients();
  scene.ops().arm(n, [&] { event.happens(scene, scene.client(subject)); });
  scene.ask(scenario.request);
  for (int i = 0; i < scenario.behind; ++i) scene.ask(kGet);
  scene.play([&](Scene& s) {
    if (event.happens == client_resets && s.ops().struck()) {
      EXPECT_LT(s.in_flight(), s.clients()) << what << ": an upstream still works for a client that has gone";
    }
    course(s);
  });
  const bool struck = scene.ops().struck();

  scene.expect_answered_or_closed(what);
  scene.expect_posts_sent_once(what);
  for (std::size_t i = 0; i < scene.clients(); ++i) {
    const Scene::Client& client = scene.client(i);
    const bool served = !struck || event.served == Served::Everybody ||
                        (event.served == Served::TheOthers && i != subject) ||
                        (event.served == Served::Unhurried && (i != subject || !scenario.slow)) ||
                        (event.served == Served::WhoMayBeRepeated && !is_post(client.request));
    if (served) scene.expect_status(client, 200, what);
  }
  scene.expect_next_request_served(what);
  scene.expect_nothing_left(what);
  return struck;
}

TEST(MisfortuneAtAnyMoment, IsSurvived) {
  EXPECT_GE(at_every_operation(kScenarios, kEvents, survives<Over::Plain>), 1600u);  // may only grow
}

TEST(MisfortuneAtAnyMoment, OverTlsToo) {
  EXPECT_GE(at_every_operation(some_of(kScenarios), kEvents, survives<Over::Tls>), 600u);  // may only grow
}

}  // namespace
}  // namespace frontdoor::testing
