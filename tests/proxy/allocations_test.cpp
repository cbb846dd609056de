// A keep-alive request in the steady state allocates nothing. The operator new of this binary counts (failing_memory.h);
// only the worker's turns are looked at, not what the scripted ends do.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "balancer/containment.h"
#include "balancer/hold_queue.h"
#include "failing_memory.h"
#include "support/test_proxy.h"
#include "support/tunnel_talk.h"

// AddressSanitizer keeps its own, and frames are not recycled under it.
#ifndef __SANITIZE_ADDRESS__

namespace frontdoor::testing {
namespace {

constexpr int kWarmUp = 20;
constexpr int kRequests = 60;  // their lines fit into the access log's buffer

const std::string kGetOfABrowser =
    "GET /assets/app.js?v=3 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux "
    "x86_64)\r\n"
    "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nReferer: https://www.example.com/\r\nCookie: "
    "session=abc\r\n\r\n";
const std::string kReply =
    "HTTP/1.1 200 OK\r\nServer: app\r\nContent-Type: text/javascript\r\nContent-Length: 5\r\n\r\nhello";

// One client connection through a whole worker, and what the worker's turns allocated for its requests.
class KeptConnection {
 public:
  explicit KeptConnection(std::string_view extra = "") : proxy_({&upstream_}, extra) {
    upstream_.always_reply(kReply);
  }

  std::uint64_t allocations_of(const std::string& request, int times) {
    std::uint64_t counted = 0;
    for (int i = 0; i < times; ++i) {
      client_->forget();
      client_->send(request);
      for (int turn = 0; turn < kTurns && !complete_response(client_->received()); ++turn) {
        const std::uint64_t before = heap.allocations;
        proxy_.worker().run_once(Millis{1});
        counted += heap.allocations - before;
        upstream_.poll();
        client_->poll();
      }
      EXPECT_TRUE(complete_response(client_->received())) << "request " << i << ": " << client_->received();
    }
    return counted;
  }

  std::uint64_t in_the_steady_state(const std::string& request) {
    allocations_of(request, kWarmUp);
    EXPECT_NE(proxy_.log(),
              "");  // handed over: the buffer is empty again. It lets time pass, and parks the connection
    allocations_of(request, kWarmUp);
    return allocations_of(request, kRequests);
  }

 private:
  static constexpr int kTurns = 5'000;  // a millisecond each at most

  ScriptedUpstream upstream_;
  TestProxy proxy_;
  std::unique_ptr<Peer> client_ = proxy_.client();
};

// An enemy chooses what it has to remember.
TEST(Allocations, NoneForAnyNumberOfDeaths) {
  Containment containment;
  const std::uint64_t before = heap.allocations;
  for (std::uint64_t i = 1; i <= 10'000; ++i) containment.died({i, 100'000 + i}, 1, TimePoint{} + Millis{i});
  EXPECT_EQ(heap.allocations, before);
}

TEST(Allocations, NoneForAKeepAliveRequest) {
  const struct {
    const char* what;
    std::string request;
  } cases[] = {
      {"GET", kGetOfABrowser},
      {"no field but Host", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a long path", "GET /" + std::string(200, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"dot segments, escapes and capitals",
       "GET /a/../%7Euser/and/a/path/that/is/longer/than/sixteen HTTP/1.1\r\nHost: "
       "WWW.A-Long-Name.Example.COM\r\n\r\n"},
      {"POST", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
      {"PUT, whose body is kept for a replay",
       "PUT /it HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
      {"chunked",
       "POST /form HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
  };
  for (const auto& [what, request] : cases) {
    KeptConnection connection;
    EXPECT_EQ(connection.in_the_steady_state(request), 0u) << what;
  }
}

// The count must be able to fail: a first request makes a session, a connection to the upstream and their
// frames.
TEST(Allocations, OfAFirstRequestAreCounted) {
  KeptConnection connection;
  EXPECT_GT(connection.allocations_of(kGetOfABrowser, 1), 3u);
}

// ---- Without memory a connection or a request is refused, and nothing else ends

enum class Failing { One, AllFromThen };

// A worker whose n-th allocation fails while a client comes, sends `request` and is answered.
struct Scarce {
  ScriptedUpstream upstream;
  TestProxy proxy;

  explicit Scarce(std::string_view extra) : proxy({&upstream}, extra) { upstream.always_reply(kReply); }

  void turn(std::uint64_t n, Failing failing) {
    heap.fails_in = left_ == 0 ? n : left_;
    heap.fails_from_then = failing == Failing::AllFromThen;
    proxy.worker().run_once(Millis{1});
    left_ = heap.fails_in;
    heap.fails_in = 0;
    upstream.poll();
  }
  // Whether the n-th came at all.
  bool conversation(const std::string& request, std::uint64_t n, Failing failing) {
    heap.failed = false;
    const auto client = proxy.client();
    client->send(request);
    for (int i = 0; i < 60 && !client->ended() && !complete_response(client->received()); ++i) {
      client->poll();
      if (heap.failed && failing == Failing::One)
        proxy.worker().run_once(Millis{1}), upstream.poll();
      else
        turn(n, failing);
      client->poll();
    }
    // Housekeeping too.
    proxy.time().advance(Millis{300});
    if (!heap.failed || failing == Failing::AllFromThen) turn(n, failing);
    heap.fails_in = 0;
    const std::string answer = client->received();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 503"))
        << answer;
    const bool refused = answer.starts_with("HTTP/1.1 503");
    EXPECT_TRUE(!refused || answer.find("local_resources") != answer.npos) << answer;
    if (refused && !heap.fails_from_then) {
      EXPECT_THAT(proxy.log(), ::testing::HasSubstr("\"target\":\"/")) << "and it is told what was refused";
    }
    return heap.failed;
  }

 private:
  std::uint64_t left_ = 0;
};

constexpr const char* kProxyHeader =
    "[[listener]]\naddress = \"127.0.0.1:0\"\nproxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\n"
    "max_connections_per_client = 5\n";

TEST(ScarceMemory, RefusesAConnectionOrARequestAndNothingElse) {
  const std::string post =
      "POST /form HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const struct {
    std::string extra, before, request;
  } cases[] = {{"", "", kGetOfABrowser},
               {"", "", post},
               {"", "", "BAD\r\n\r\n"},
               {kProxyHeader, "PROXY TCP4 203.0.113.7 10.0.0.1 4711 80\r\n", kGetOfABrowser}};
  for (const auto& c : cases)
    for (const Failing failing : {Failing::One, Failing::AllFromThen}) {
      std::uint64_t n = 1;
      for (bool struck = true; struck && n < 200; ++n) {
        Scarce scarce(c.extra);
        if (c.request.starts_with("BAD")) {
          const auto client = scarce.proxy.client();
          client->send(c.request);
          client->poll();
          heap.failed = false;
          for (int i = 0; i < 10; ++i) scarce.turn(n, failing), client->poll();
          struck = heap.failed;
        } else {
          struck = scarce.conversation(c.before + c.request, n, failing);
        }
        scarce.proxy.time().advance(Millis{300});  // whoever accepts may pause
        scarce.proxy.settle({});
        ASSERT_THAT(scarce.proxy.converse(c.before + kGetOfABrowser), ::testing::StartsWith("HTTP/1.1 200"))
            << "after the " << n << "th allocation had failed: " << c.request;
        scarce.proxy.time().advance(Millis{61'000});
        ASSERT_TRUE(scarce.proxy.until({}, [&] { return scarce.proxy.worker().open_connections() == 0; }))
            << n;
        ASSERT_EQ(scarce.proxy.worker().buffers_in_use(), 0u) << n;
      }
      EXPECT_GT(n, 5u) << "the allocations of a first request fail one after the other";
      EXPECT_LT(n, 200u);
    }
}

// Every block of the pool is lent out, so that a message needs a new slab. Once without one, it passes all the same;
// without any, its tunnel ends, and nobody else.
TEST(ScarceMemory, ATunnelWithoutABlockEndsAlone) {
  for (const Failing failing : {Failing::One, Failing::AllFromThen}) {
    TunnelTalk talk;
    talk.open();
    talk.settle();
    std::vector<std::unique_ptr<Peer>> others;
    std::vector<Peer*> all{talk.client.get()};
    while (others.size() < BufferPool::kSlabBlocks) {
      others.push_back(talk.proxy.client());
      others.back()->send("GET / HT");
      all.push_back(others.back().get());
    }
    talk.proxy.settle(all);
    ASSERT_EQ(talk.proxy.worker().buffers_in_use(), BufferPool::kSlabBlocks);

    const std::string question = client_frame("question");
    talk.client->send(question);
    talk.client->poll();
    heap.failed = false;
    heap.fails_in = 1;
    heap.fails_from_then = failing == Failing::AllFromThen;
    talk.proxy.worker().run_once(Millis{1'000});
    heap.fails_in = 0;
    EXPECT_TRUE(heap.failed);
    if (failing == Failing::One) {
      EXPECT_TRUE(talk.server_gets(question));
    } else {
      EXPECT_TRUE(talk.until([&] { return talk.client->ended() && talk.server().ended(); }));
    }
    EXPECT_EQ(talk.proxy.worker().open_connections(), others.size() + (failing == Failing::One ? 1 : 0));
  }
}

struct SomebodyWaiting final : HoldQueue::Waiter {
  void called(std::size_t) override {}
};

// What has got no memory for its place must not be counted as somebody who has one.
TEST(ScarceMemory, AHoldQueueKeepsNoPlaceForNobody) {
  SomebodyWaiting waiter;
  const HoldQueue::Limits roomy{10, 1'000};
  heap.fails_from_then = true;
  HoldQueue queue;
  heap.fails_in = 1;
  EXPECT_THROW(queue.enter(waiter, 100, roomy), std::bad_alloc);
  heap.fails_in = 0;
  EXPECT_FALSE(queue.occupied());
  EXPECT_EQ(queue.bytes(), 0u);

  const auto ticket = queue.enter(waiter, 100, roomy);
  heap.fails_in = 1;
  queue.call(1);
  EXPECT_EQ(queue.enter(waiter, 0, {}, ticket), ticket) << "a place that it has needs no memory";
  queue.leave(ticket, HoldQueue::Left::Empty);
  heap.fails_in = 0;
  EXPECT_FALSE(queue.occupied());
}

// Whichever allocation fails: the board and the room know no listener that there is not, and the order is carried out when
// there is memory again.
TEST(ScarceMemory, AListenerIsChangedWhenThereIsMemoryAgain) {
  config::Listener changed;
  changed.request_id_header = "X-Id";
  bool enough = false;
  for (std::uint64_t n = 1; n < 60 && !enough; ++n) {
    Scarce scarce("");
    const auto settings = std::make_shared<const Listener::Settings>(Listener::Settings::of(changed, 1'000));
    scarce.proxy.worker().order({.kind = ListenerOrder::Kind::Change, .id = TestProxy::kListener, .settings = settings});
    heap.failed = false;
    scarce.turn(n, Failing::AllFromThen);
    enough = !heap.failed;
    settings->places->board().await();
    settings->places->board().freed();  // asks all that it knows
    scarce.proxy.time().advance(Millis{300});
    scarce.proxy.worker().run_once(Millis{0});
    EXPECT_THAT(scarce.proxy.converse("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ::testing::HasSubstr("\r\nX-Id: ")) << n;
  }
  EXPECT_TRUE(enough);
}

TEST(ScarceMemory, AReloadOfListenersChangesAllOrNothing) {
  config::Listener kept, removed, added;
  AddressError error;
  kept.address = removed.address = added.address = *parse_address("127.0.0.1:0", error);
  kept.name = "kept";
  removed.name = "removed";
  added.name = "added";
  const auto close = [](const std::vector<OpenListener>& listeners) {
    for (const OpenListener& listener : listeners)
      for (const int fd : listener.fds) ::close(fd);
  };
  bool enough = false;
  std::uint64_t refused = 0;
  for (std::uint64_t n = 1; n < 200 && !enough; ++n) {
    OpenListeners open(100);
    kept.via = true;
    kept.max_connections = 7;
    kept.max_connections_per_client = 1;
    open.take(open.prepare({kept, removed}, 2, {}, {}), {});
    const std::vector<OpenListener> before = open.all();
    kept.via = false;
    kept.max_connections = 8;
    kept.max_connections_per_client = 2;
    auto prepared = open.prepare({added, kept}, 2, {}, {});
    ASSERT_TRUE(prepared.failures().empty());
    OpenListeners::Taken taken;
    heap.failed = false;
    heap.fails_from_then = true;
    heap.fails_in = n;
    try {
      taken = open.take(std::move(prepared), {});
      heap.fails_in = 0;
      enough = true;
    } catch (const std::bad_alloc&) {
      heap.fails_in = 0;
      ++refused;
    }
    ASSERT_EQ(open.all().size(), 2u) << n;
    EXPECT_EQ(open.all()[0].config.name, enough ? "added" : "kept") << n;
    EXPECT_EQ(open.all()[1].config.name, enough ? "kept" : "removed") << n;
    if (!enough) {
      EXPECT_EQ(open.all()[0].settings, before[0].settings) << n;
      EXPECT_EQ(open.all()[1].fds, before[1].fds) << n;
    }
    const Listener::Settings& shared = *open.all()[enough ? 1 : 0].settings;
    EXPECT_EQ(shared.places->limit(), enough ? 8u : 7u) << n;
    const IpAddress client = *IpAddress::parse("192.0.2.1");
    EXPECT_TRUE(shared.clients->enter(client));
    EXPECT_EQ(shared.clients->enter(client), enough) << n << ": of a client, too";
    EXPECT_EQ(taken.closed.size(), enough ? 1u : 0u);
    close(open.all());
    close(taken.closed);
  }
  EXPECT_TRUE(enough);
  EXPECT_GT(refused, 5u);
}

TEST(ScarceMemory, ASnapshotIsTakenOverWhenThereIsMemoryAgain) {
  for (std::uint64_t n = 1; n < 4; ++n) {
    Scarce scarce("");
    scarce.proxy.publish(
        "listen = \"127.0.0.1:0\"\n[[route]]\npath = \"/new/*\"\npool = \"app\"\n[pool.app]\nupstreams = "
        "[\"" +
        scarce.upstream.address() + "\"]\n");
    heap.failed = false;
    scarce.turn(n, Failing::AllFromThen);
    ASSERT_TRUE(heap.failed);
    EXPECT_THAT(scarce.proxy.converse("GET /old HTTP/1.1\r\nHost: a\r\n\r\n"),
                ::testing::StartsWith("HTTP/1.1 200"));
    scarce.proxy.time().advance(Millis{300});
    scarce.proxy.settle({});
    EXPECT_THAT(scarce.proxy.converse("GET /old HTTP/1.1\r\nHost: a\r\n\r\n"),
                ::testing::StartsWith("HTTP/1.1 404"));
  }
}

}  // namespace
}  // namespace frontdoor::testing

#endif
