// Misfortune on top of misfortune: a request that one upstream fails goes to another, and the n-th socket
// operation of that conversation goes wrong as well.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/misfortune.h"

namespace frontdoor::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kChunkedPut =
    "PUT / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

constexpr const char* kExpectingPut =
    "PUT / HTTP/1.1\r\nHost: e\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
constexpr const char* kExpectingPost =
    "POST / HTTP/1.1\r\nHost: e\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

constexpr const char* kRetry503 =
    "retry.on = [\"connect_failure\", \"reset\", \"timeout\", \"evicted\", \"503\"]";

// ---- What happens besides

// An upstream that was found refusing is probed, and found well again.
void is_probed(Scene& scene) {
  if (scene.passed() >= 1s) scene.bring_all_up();
}

// The client sends its body once it is asked to.
void body_is_asked_for(Scene& scene) {
  Scene::Client& client = scene.client(0);
  if (client.peer->saw(" 100 Continue\r\n") && client.request.ends_with("\r\n\r\n")) {
    client.request += "abc";
    client.peer->send("abc");
  }
  is_probed(scene);
}

// The upstream that a request waits on is taken out for good.
template <DownCause cause>
void is_evicted(Scene& scene) {
  if (scene.upstream(0).delivered() > 0) scene.take_down(0, cause);
  if (scene.passed() >= 1s) scene.bring_up(1);
}

// The only upstream is taken out and comes up again: its request waits in between.
void is_restarted(Scene& scene) {
  if (scene.still_waiting() > 0)
    scene.take_down(0, DownCause::Dead);
  else if (scene.passed() >= 1s)
    scene.bring_up(0);
}

void nobody_listens_at_first(Scene& scene) { scene.upstream(0).socket().stop_listening(); }
void reused(Scene& scene) { scene.warm_up(); }
void fresh(Scene&) {}

struct Scenario {
  const char* name;
  const char* request;
  Deed deed;  // of the first upstream with its first request; all others are answered
  int status;
  void (*before)(Scene&) = fresh;
  void (*course)(Scene&) = is_probed;
  std::size_t upstreams = 2;
  const char* pool = "";
};

constexpr Scenario kScenarios[] = {
    {"GET is reset", kGet, Deed::Reset, 200},
    {"GET of a connection that ends", kGet, Deed::Finish, 200},
    {"GET of a head that breaks off", kGet, Deed::BreakOffHead, 200},
    {"GET of garbage", kGet, Deed::Garbage, 502},
    {"GET of silence", kGet, Deed::Hang, 200},
    {"GET is reset by the only upstream", kGet, Deed::Reset, 200, fresh, is_probed, 1},
    {"PUT is reset", kPut, Deed::Reset, 200},
    {"chunked PUT is reset", kChunkedPut, Deed::Reset, 200},
    {"PUT of silence", kPut, Deed::Hang, 504},
    {"POST is reset", kPost, Deed::Reset, 502},
    {"POST of silence", kPost, Deed::Hang, 504},
    {"GET is refused", kGet, Deed::Answer, 200, nobody_listens_at_first, is_probed},
    {"POST is refused", kPost, Deed::Answer, 200, nobody_listens_at_first, is_probed},
    {"PUT whose body was not kept", kPut, Deed::Reset, 502, fresh, is_probed, 2, "retry.body_bytes = \"1B\""},
    {"PUT that waits for a 100", kExpectingPut, Deed::Reset, 200, fresh, body_is_asked_for},
    {"PUT that waits for a 100 on a stale connection", kExpectingPut, Deed::Finish, 200, reused,
     body_is_asked_for},
    {"POST that waits for a 100", kExpectingPost, Deed::Reset, 502, fresh, body_is_asked_for},

    {"GET on a stale connection", kGet, Deed::Finish, 200, reused},
    {"GET on a stale connection of the only upstream", kGet, Deed::Finish, 200, reused, is_probed, 1},
    {"GET on a connection that is reset", kGet, Deed::Reset, 200, reused},
    {"PUT on a stale connection", kPut, Deed::Finish, 200, reused},
    {"chunked PUT on a stale connection", kChunkedPut, Deed::Finish, 200, reused},
    {"POST on a stale connection", kPost, Deed::Finish, 502, reused},
    {"POST without a body on a stale connection", kEmptyPost, Deed::Finish, 502, reused},

    {"GET of a 503 that is retried", kGet, Deed::Unavailable, 200, fresh, is_probed, 2, kRetry503},
    {"PUT of a 503 that is retried", kPut, Deed::Unavailable, 200, fresh, is_probed, 2, kRetry503},
    {"POST of a 503 that is not retried", kPost, Deed::Unavailable, 503, fresh, is_probed, 2, kRetry503},
    {"GET of a 503 on a reused connection", kGet, Deed::Unavailable, 200, reused, is_probed, 2, kRetry503},

    {"GET is rescued from the dead", kGet, Deed::Hang, 200, fresh, is_evicted<DownCause::Dead>},
    {"GET is rescued from the hung", kGet, Deed::Hang, 200, fresh, is_evicted<DownCause::Hung>},
    {"GET is rescued, reused", kGet, Deed::Hang, 200, reused, is_evicted<DownCause::Dead>},
    {"PUT is rescued from the dead", kPut, Deed::Hang, 200, fresh, is_evicted<DownCause::Dead>},
    {"PUT is not rescued from the hung", kPut, Deed::Hang, 504, fresh, is_evicted<DownCause::Hung>},
    {"POST is not rescued", kPost, Deed::Hang, 504, fresh, is_evicted<DownCause::Dead>},
    {"GET is reset, contained", kGet, Deed::Reset, 200, fresh, is_probed, 2, "retry.containment = true"},
    {"PUT is reset, contained", kPut, Deed::Reset, 200, fresh, is_probed, 2, "retry.containment = true"},
    {"GET on a stale connection, contained", kGet, Deed::Finish, 200, reused, is_probed, 2, "retry.containment = true"},
    {"GET is rescued from the dead, contained", kGet, Deed::Hang, 200, fresh, is_evicted<DownCause::Dead>, 2,
     "retry.containment = true"},
    {"GET is rescued into the hold queue", kGet, Deed::Hang, 200, fresh, is_restarted, 1},
    {"PUT is rescued into the hold queue", kPut, Deed::Hang, 200, fresh, is_restarted, 1,
     "max_in_flight = 1"},
};

template <Over over>
bool survives(const Scenario& scenario, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, fault.name, over);
  Scene scene({.upstreams = scenario.upstreams, .pool = scenario.pool, .over = over});
  scenario.before(scene);
  scene.upstream(0).plan({scenario.deed, Deed::Answer});
  scene.ops().arm_vulnerable(n, fault.fault);
  const Scene::Client& client = scene.ask(scenario.request);
  scene.play(scenario.course);
  const bool struck = scene.ops().struck();

  scene.expect_answered_or_closed(what);
  scene.expect_posts_sent_once(what);
  const std::string& got = client.peer->received();
  EXPECT_EQ(got.find(" 100 Continue\r\n"), got.rfind(" 100 Continue\r\n"))
      << what << ": asked twice for its body";
  if (!struck || fault.fault == Fault::OneByte) scene.expect_status(client, scenario.status, what);
  const bool forgivable = scene.ops().struck_upstream() && may_be_repeated(client.request, fault.fault);
  if (forgivable && scenario.status == 200) scene.expect_status_despite(fault.fault, client, 200, what);
  scene.expect_next_request_served(what);
  scene.expect_nothing_left(what);
  return struck;
}

TEST(MisfortuneInRetries, EveryOperationMayFailInEveryWay) {
  EXPECT_GE(at_every_operation(kScenarios, kFaults, survives<Over::Plain>), 1080u);  // may only grow
}

TEST(MisfortuneInRetries, OverTlsToo) {
  EXPECT_GE(at_every_operation(some_of(kScenarios), kFaults, survives<Over::Tls>), 600u);  // may only grow
}

}  // namespace
}  // namespace frontdoor::testing
