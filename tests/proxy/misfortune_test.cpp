// Misfortune: the n-th socket operation of a conversation goes wrong, for n = 1, 2, 3 … until a run completes
// untouched, in each of the ways a socket can fail. Whatever happens, the client gets one whole answer or a closed
// connection, a GET gets its 200 when only an upstream failed, and nothing is left behind.

#include <gtest/gtest.h>

#include "loop/task.h"
#include "support/messages.h"
#include "support/misfortune.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kChunkedHello = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

constexpr const char* kGetWithBody = "GET / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc";

struct Scenario {
  const char* name;
  const char* request;
  bool idempotent;
  bool reused;  // the upstream connection has served a request before
  const char* reply;
};

constexpr Scenario kScenarios[] = {
    {"GET on a fresh connection", kGet, true, false, kHello},
    {"GET on a reused connection", kGet, true, true, kHello},
    {"GET of a chunked response", kGet, true, false, kChunkedHello},
    {"GET with a body on a fresh connection", kGetWithBody, true, false, kHello},
    {"GET with a body on a reused connection", kGetWithBody, true, true, kHello},
    {"POST on a fresh connection", "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc", false, false, kHello},
    {"POST on a reused connection", "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc", false, true, kHello},
    {"POST without a body on a fresh connection", kEmptyPost, false, false, kHello},
    {"POST without a body on a reused connection", kEmptyPost, false, true, kHello},
    {"chunked POST", "POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false, false, kHello},
    {"PUT with a body", "PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc", true, true, kChunkedHello},
};

// Turns until the client has its answer or its end; when all stand still, time passes.
void run_to_the_end(TestProxy& proxy, Peer& client) {
  const auto over = [&] { return client.ended() || complete_response(client.received()); };
  for (int hour = 0; hour < 24 && !over(); ++hour) {
    for (int turn = 0; turn < 3 && !over(); ++turn) proxy.settle({&client});
    if (!over()) proxy.time().advance(std::chrono::seconds{7});
  }
}

// One run; false when the conversation was over before the n-th operation.
template <Over over>
bool survives(const Scenario& scenario, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, fault.name, over);
  const std::size_t frames_before = live_frames();
  std::uint64_t opened = 0;
  bool struck = false;
  {
    ScriptedUpstream first;
    ScriptedUpstream second;
    first.always_reply(scenario.reply);
    second.always_reply(scenario.reply);
    if (over == Over::Tls) first.encrypt(), second.encrypt();
    TestProxy proxy({&first, &second}, over == Over::Tls ? "tls = \"self-signed\"" : "", "", &unread_log());
    auto client = proxy.client();
    if (scenario.reused) {  // both upstreams get an idle connection
      for (int i = 0; i < 2; ++i) {
        client->forget();
        client->send(kGet);
        EXPECT_TRUE(proxy.until({client.get()}, [&] { return complete_response(client->received()); })) << what;
      }
      client->forget();
    }
    proxy.ops().arm(n, fault.fault);
    client->send(scenario.request);
    run_to_the_end(proxy, *client);
    struck = proxy.ops().struck();

    EXPECT_TRUE(client->ended() || complete_response(client->received())) << what << ": the client was left hanging";
    // A silent upstream (would block) is waited for; only a safe method is then sent elsewhere.
    const bool forgivable = scenario.idempotent &&
                            (fault.fault != Fault::WouldBlock || std::string_view(scenario.request).starts_with("GET"));
    if (forgivable && proxy.ops().struck_upstream()) {
      // Once a head was passed on there is no way back: only then may the connection end early.
      const bool committed = client->saw("HTTP/1.1 200");
      EXPECT_TRUE(committed) << what << ": lost a request that need not be lost\n" << client->received();
    }

    proxy.ops().disarm();
    client->close();
    proxy.settle({});
    for (int i = 0; i < 8; ++i) {  // lingering ends, idle connections are dropped
      proxy.time().advance(std::chrono::seconds{61});
      proxy.settle({});
    }
    EXPECT_EQ(proxy.upstream(0).in_flight() + proxy.upstream(1).in_flight(), 0u) << what << ": a lease is left";
    EXPECT_EQ(proxy.worker().buffers_in_use(), 0u) << what << ": a buffer is left";
    EXPECT_EQ(proxy.worker().open_connections(), 0u) << what << ": a client connection is left";
    opened = proxy.ops().opened();
    EXPECT_EQ(proxy.ops().closed(), opened) << what << ": a descriptor is left";
    EXPECT_EQ(live_frames(), frames_before) << what << ": a coroutine is left";
  }
  return struck;
}

TEST(Misfortune, EveryOperationMayFailInEveryWay) {
  // May only grow: fewer pairs would mean that operations have slipped past the seam.
  EXPECT_GE(at_every_operation(kScenarios, kFaults, survives<Over::Plain>), 365u);
}

TEST(Misfortune, OverTlsToo) {
  EXPECT_GE(at_every_operation(some_of(kScenarios), kFaults, survives<Over::Tls>), 120u);  // may only grow
}

// ---- Upgraded connections

struct TunnelScenario {
  const char* name;
  bool reused;    // the upstream connection has served a request before
  bool accepted;  // else the upgrade is refused
  bool drained;   // else both sides end by themselves
};

constexpr TunnelScenario kTunnelScenarios[] = {
    {"upgrade on a fresh connection", false, true, false},
    {"upgrade on a reused connection", true, true, false},
    {"refused upgrade", false, false, false},
    {"drained WebSocket", false, true, true},
};

// Both sides send a frame, read the other's, and end once they have it or the other side has ended.
void talk_to_the_end(TunnelTalk& talk, bool drained) {
  bool client_sent = false;
  bool draining = false;
  const auto step = [&] {
    const std::string& got = talk.client->received();
    if (!client_sent && got.find("HTTP/1.1 101 ") == 0 && talk.client->saw("\r\n\r\n")) {
      talk.client->send(client_frame("question"));
      client_sent = true;
    }
    for (std::size_t i = 0; i < talk.upstream.connections(); ++i) {
      Peer& server = talk.upstream.connection(i);
      if (server.saw("question")) {
        server.forget();
        server.send(server_frame("answer"));
        if (!drained) server.finish();
      }
      if (server.ended()) server.finish();
    }
    if (talk.client->saw("answer") && drained && !draining) {
      draining = true;
      talk.drain(25s);
    }
    if (got.ends_with(server_close(1012)) || (talk.client->saw("answer") && !drained)) {
      talk.client->send(client_close(1012));
      talk.client->finish();
    }
    return talk.client->ended() || complete_response(got);
  };
  for (int hour = 0; hour < 24; ++hour) {
    for (int turn = 0; turn < 3; ++turn) {
      if (step()) return;
      talk.settle();
    }
    talk.proxy.time().advance(std::chrono::seconds{7});
  }
}

template <Over over>
bool tunnel_survives(const TunnelScenario& scenario, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(scenario.name, n, fault.name, over);
  const std::size_t frames_before = live_frames();
  bool struck = false;
  {
    TunnelTalk talk("[timeouts]\nstream_idle = \"30s\"\n", &unread_log(), over);
    if (scenario.reused) {
      talk.upstream.always_reply(kHello);
      talk.client->send(kGet);
      EXPECT_TRUE(talk.until([&] { return complete_response(talk.client->received()); })) << what;
      talk.client->forget();
    }
    talk.upstream.always_reply(scenario.accepted ? std::string(kSwitch) : kHello);
    talk.proxy.ops().arm(n, fault.fault);
    talk.client->send(kHandshake);
    talk_to_the_end(talk, scenario.drained);
    struck = talk.proxy.ops().struck();

    EXPECT_TRUE(talk.client->ended() || complete_response(talk.client->received())) << what << ": the client was left hanging";
    if (!struck && scenario.accepted) {
      EXPECT_TRUE(talk.client->saw("answer")) << what;
    }
    if (const auto at = talk.client->received().find(server_close(1012)); at != std::string::npos) {
      EXPECT_TRUE(talk.client->received().substr(0, at).ends_with(server_frame("answer"))) << what << ": inside a frame";
    }

    talk.proxy.ops().disarm();
    talk.client->close();
    for (int i = 0; i < 8; ++i) {
      talk.proxy.settle({});
      talk.proxy.time().advance(std::chrono::seconds{61});
    }
    talk.proxy.settle({});
    EXPECT_EQ(talk.proxy.upstream(0).in_flight(), 0u) << what << ": a lease is left";
    EXPECT_EQ(talk.proxy.worker().buffers_in_use(), 0u) << what << ": a buffer is left";
    EXPECT_EQ(talk.proxy.worker().open_connections(), 0u) << what << ": a client connection is left";
    EXPECT_EQ(talk.proxy.ops().closed(), talk.proxy.ops().opened()) << what << ": a descriptor is left";
    EXPECT_EQ(live_frames(), frames_before) << what << ": a coroutine is left";
  }
  return struck;
}

TEST(Misfortune, EveryOperationOfATunnelMayFailInEveryWay) {
  EXPECT_GE(at_every_operation(kTunnelScenarios, kFaults, tunnel_survives<Over::Plain>), 200u);  // may only grow
}

TEST(Misfortune, OfATunnelOverTlsToo) {
  EXPECT_GE(at_every_operation(kTunnelScenarios, kFaults, tunnel_survives<Over::Tls>), 200u);  // may only grow
}

}  // namespace
}  // namespace frontdoor::testing
