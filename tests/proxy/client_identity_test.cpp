// Who the client is: PROXY headers, what trusted proxies say, and limits for each client.

#include <gtest/gtest.h>

#include "support/messages.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::string_literals;

constexpr const char* kFromClient = "PROXY TCP4 203.0.113.7 10.0.0.1 4711 80\r\n";

// The tests' clients come from 127.0.0.1.
std::string listener_with(const std::string& keys) {
  return "[[listener]]\naddress = \"127.0.0.1:0\"\n" + keys + "\n";
}
const std::string kProxied = listener_with("proxy_protocol = true\ntrusted_proxies = [\"127.0.0.0/8\"]");
const std::string kTrusting = listener_with("trusted_proxies = [\"127.0.0.0/8\", \"10.0.0.0/8\"]");

std::string get_with(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

struct IdentityStage {
  ScriptedUpstream upstream;
  TestProxy proxy;

  explicit IdentityStage(const std::string& extra, const std::string& pool = "") : proxy({&upstream}, extra, pool) {
    upstream.always_reply(kHello);
  }

  std::string received(Peer& client) {
    proxy.until({&client}, [&] { return client.ended() || complete_response(client.received()); });
    return client.received();
  }
  bool closed(Peer& client) {
    return proxy.until({&client}, [&] { return client.ended(); });
  }
  std::string seen() { return upstream.last_request(); }
  std::uint64_t turned_away(Unwelcome why) { return proxy.worker().turned_away(why); }
  std::uint64_t turned_away() {
    return turned_away(Unwelcome::UntrustedProxy) + turned_away(Unwelcome::NoProxyHeader) +
           turned_away(Unwelcome::TooManyOfClient);
  }
};

TEST(ProxyProtocol, NamesTheClientForUpstreamAndLog) {
  IdentityStage stage(kProxied);
  EXPECT_EQ(body_of(stage.proxy.converse(kFromClient + std::string(kGet))), "hello");
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 203.0.113.7\r\n"));
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"client\":\"203.0.113.7\""));
  EXPECT_EQ(stage.turned_away(), 0u);
}

TEST(ProxyProtocol, OfVersion2IsReadToo) {
  IdentityStage stage(kProxied);
  const std::string header =
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + "\xc6\x33\x64\x09\x0a\0\0\x01\x12\x67\0\x50"s;
  EXPECT_EQ(body_of(stage.proxy.converse(header + kGet)), "hello");
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 198.51.100.9\r\n"));
}

TEST(ProxyProtocol, MayArriveByteByByte) {
  IdentityStage stage(kProxied);
  const auto client = stage.proxy.client();
  for (const char c : std::string(kFromClient) + kGet) {
    client->send({&c, 1});
    stage.proxy.settle({client.get()});
  }
  EXPECT_EQ(body_of(stage.received(*client)), "hello");
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 203.0.113.7\r\n"));
}

TEST(ProxyProtocol, MayBeSplitFromTheRequestAnywhere) {
  const std::string all = std::string(kFromClient) + kGet;
  IdentityStage stage(kProxied);
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    const auto client = stage.proxy.client();
    client->send(all.substr(0, cut));
    stage.proxy.settle({client.get()});
    client->send(all.substr(cut));
    ASSERT_EQ(body_of(stage.received(*client)), "hello") << "cut at " << cut;
    ASSERT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 203.0.113.7\r\n")) << "cut at " << cut;
  }
}

TEST(ProxyProtocol, HoldsForTheWholeConnectionAlsoAfterParking) {
  IdentityStage stage(kProxied);
  const auto client = stage.proxy.client();
  client->send(kFromClient + std::string(kGet));
  ASSERT_TRUE(complete_response(stage.received(*client)));
  stage.proxy.time().advance(Millis{500});
  stage.proxy.settle({client.get()});
  EXPECT_EQ(stage.proxy.worker().buffers_in_use(), 0u) << "parked";
  client->forget();
  client->send(kGet);
  ASSERT_TRUE(complete_response(stage.received(*client)));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 203.0.113.7\r\n"));
}

TEST(ProxyProtocol, OfTheProxyItselfNamesTheProxy) {
  for (const std::string& header : {"PROXY UNKNOWN\r\n"s, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s}) {
    IdentityStage stage(kProxied);
    EXPECT_EQ(body_of(stage.proxy.converse(header + kGet)), "hello");
    EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 127.0.0.1\r\n"));
  }
}

// The header's word counts, that of the client it names does not.
TEST(ProxyProtocol, DoesNotMakeTheClientTrusted) {
  IdentityStage stage(kProxied);
  stage.proxy.converse(kFromClient + "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.66\r\n\r\n"s);
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 203.0.113.7\r\n"));
  EXPECT_THAT(stage.seen(), Not(HasSubstr("192.0.2.66")));
}

// A client that the proxy does not know is not the proxy.
TEST(ProxyProtocol, DoesNotMakeAnUnknownClientTrusted) {
  const std::string request = get_with("X-Forwarded-For: 192.0.2.66\r\n");
  for (const std::string& header : {"PROXY UNKNOWN\r\n"s, "\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"s,
                                    "\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8"s + std::string(216, '\0')}) {
    IdentityStage stage(kProxied);
    stage.proxy.converse(header + request);
    EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 127.0.0.1\r\n"));
  }
  IdentityStage stage(kProxied);
  stage.proxy.converse("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s + request);  // LOCAL
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 192.0.2.66, 127.0.0.1\r\n"));
}

TEST(ProxyProtocol, MissingOrMalformedClosesWithoutAnAnswer) {
  for (const std::string& begin :
       {std::string(kGet), "PROXY TCP4 203.0.113.7 10.0.0.1 4711\r\n"s, "\r\n\r\n\r\n"s,
        "PROXY TCP4 203.0.113.7 10.0.0.1 4711 99999\r\n"s + kGet, "\x16\x03\x01"s}) {
    IdentityStage stage(kProxied);
    const auto client = stage.proxy.client();
    client->send(begin);
    EXPECT_TRUE(stage.closed(*client)) << begin;
    EXPECT_EQ(client->received(), "") << begin;
    EXPECT_EQ(stage.upstream.connections(), 0u);
    EXPECT_EQ(stage.turned_away(Unwelcome::NoProxyHeader), 1u);
    EXPECT_EQ(stage.proxy.worker().open_connections(), 0u);
    EXPECT_EQ(stage.proxy.worker().buffers_in_use(), 0u);
  }
}

TEST(ProxyProtocol, MustArriveWithinClientHeader) {
  for (const char* begin : {"", "PROXY TCP4 203."}) {
    IdentityStage stage(kProxied + "[timeouts]\nclient_header = \"2s\"\n");
    const auto client = stage.proxy.client();
    client->send(begin);
    stage.proxy.settle({client.get()});
    stage.proxy.time().advance(Millis{1'900});
    stage.proxy.settle({client.get()});
    EXPECT_FALSE(client->ended());
    stage.proxy.time().advance(Millis{300});
    EXPECT_TRUE(stage.closed(*client)) << begin;
    EXPECT_EQ(client->received(), "");
  }
}

TEST(ProxyProtocol, ATrustedProxyMayLookWhetherWeListen) {
  IdentityStage stage(kProxied);
  const auto client = stage.proxy.client();
  stage.proxy.settle({client.get()});
  client->finish();
  EXPECT_TRUE(stage.closed(*client));
  EXPECT_EQ(stage.turned_away(), 0u);
}

TEST(ProxyProtocol, IsTakenFromNobodyElse) {
  IdentityStage stage(listener_with("proxy_protocol = true\ntrusted_proxies = [\"192.0.2.0/24\"]"));
  const auto client = stage.proxy.client();
  client->send(kFromClient + std::string(kGet));
  EXPECT_TRUE(stage.closed(*client));
  EXPECT_EQ(client->received(), "");
  EXPECT_EQ(stage.turned_away(Unwelcome::UntrustedProxy), 1u);
}

TEST(ProxyProtocol, IsNoHttpOnOtherListeners) {
  IdentityStage stage("");
  EXPECT_THAT(stage.proxy.converse(kFromClient + std::string(kGet)), StartsWith("HTTP/1.1 400 "));
}

TEST(ProxyProtocol, AWorkerThatEndsWaitsForNoHeader) {
  ScriptedUpstream upstream;
  std::unique_ptr<Peer> client;
  {
    TestProxy proxy({&upstream}, kProxied);
    client = proxy.client();
    client->send("PROXY TCP4 ");
    proxy.settle({client.get()});
    EXPECT_EQ(proxy.worker().open_connections(), 1u);
  }
  while (!client->ended()) client->poll();
}

// ---- What trusted proxies say

TEST(TrustedProxies, SayWhoTheClientIs) {
  struct {
    const char *fields, *client, *chain;
  } cases[] = {
      {"X-Forwarded-For: 192.0.2.66, 203.0.113.7, 10.1.1.1\r\n", "203.0.113.7",
       "192.0.2.66, 203.0.113.7, 10.1.1.1, 127.0.0.1"},
      {"X-Forwarded-For: evil, 203.0.113.7\r\n", "203.0.113.7", "203.0.113.7, 127.0.0.1"},
      {"X-Forwarded-For: 203.0.113.7, evil\r\n", "127.0.0.1", "127.0.0.1"},
      {"Forwarded: for=203.0.113.7\r\n", "203.0.113.7", "127.0.0.1"},
      {"", "127.0.0.1", "127.0.0.1"},
  };
  for (const auto& c : cases) {
    IdentityStage stage(kTrusting);
    stage.proxy.converse(get_with(c.fields));
    EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: "s + c.chain + "\r\n"));
    EXPECT_THAT(stage.proxy.log(), HasSubstr("\"client\":\""s + c.client + "\"")) << c.fields;
  }
}

TEST(TrustedProxies, SpeakForAnotherClientWithEachRequest) {
  IdentityStage stage(kTrusting);
  const auto client = stage.proxy.client();
  for (const char* fields : {"X-Forwarded-For: 203.0.113.7\r\n", "", "X-Forwarded-For: 203.0.113.8\r\n"}) {
    client->forget();
    client->send(get_with(fields));
    ASSERT_TRUE(complete_response(stage.received(*client)));
  }
  const std::string log = stage.proxy.log();
  const auto first = log.find("\"client\":\"203.0.113.7\"");
  const auto second = log.find("\"client\":\"127.0.0.1\"");
  const auto third = log.find("\"client\":\"203.0.113.8\"");
  EXPECT_TRUE(first < second && second < third && third != log.npos) << log;
}

TEST(TrustedProxies, AreBelievedAboutHostSchemeAndForwarded) {
  IdentityStage stage(kTrusting);
  stage.proxy.converse(get_with(
      "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nForwarded: for=203.0.113.7;proto=https\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-Proto: https\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-Host: b\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nForwarded: for=203.0.113.7;proto=https\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nForwarded: for=127.0.0.1;proto=http\r\n"));
}

TEST(TrustedProxies, GiveARequestItsName) {
  IdentityStage stage(kTrusting);
  stage.proxy.converse(get_with("X-Request-Id: abc-123\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Request-Id: abc-123\r\n"));
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"request_id\":\"abc-123\""));
}

TEST(TrustedProxies, GiveNoNameThatALogCanNotHold) {
  IdentityStage stage(kTrusting);
  stage.proxy.converse(get_with("X-Request-Id: \"xyz\" 123\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Request-Id: "));
  EXPECT_THAT(stage.seen(), Not(HasSubstr("xyz")));
}

TEST(TrustedProxies, NameTheRequestInOurOwnAnswersToo) {
  IdentityStage stage(kTrusting + "[[route]]\npath = \"/elsewhere\"\n");
  EXPECT_THAT(stage.proxy.converse(get_with("X-Request-Id: abc-123\r\n")), HasSubstr("abc-123"));
}

TEST(TrustedProxies, AreThoseOfTheListOnly) {
  IdentityStage stage(listener_with("trusted_proxies = [\"10.0.0.0/8\", \"::1\", \"unix\"]"));
  stage.proxy.converse(
      get_with("X-Forwarded-For: 203.0.113.7\r\nForwarded: for=203.0.113.7\r\nX-Request-Id: xyz\r\n"));
  EXPECT_THAT(stage.seen(), HasSubstr("\r\nX-Forwarded-For: 127.0.0.1\r\n"));
  EXPECT_THAT(stage.seen(), Not(HasSubstr("203.0.113.7")));
  EXPECT_THAT(stage.seen(), Not(HasSubstr("xyz")));
  EXPECT_THAT(stage.proxy.log(), HasSubstr("\"client\":\"127.0.0.1\""));
}

// ---- Told to upstreams

// The test's upstream answers by itself, and a header of version 2 has the end of a head in it.
struct Introduced {
  ScriptedUpstream upstream;
  TestProxy proxy;

  Introduced(const std::string& extra, const std::string& version)
      : proxy({&upstream}, extra, "send_proxy = \"" + version + "\"") {}

  // What the upstream sees of one request on a connection of its own.
  std::string exchange(Peer& client, const std::string& request) {
    const std::size_t before = upstream.connections();
    client.send(request);
    EXPECT_TRUE(proxy.until({&client},
                            [&] { return upstream.connections() > before && upstream.last().saw("Via: "); }));
    client.forget();
    upstream.last().send(kHello);
    EXPECT_TRUE(proxy.until({&client}, [&] { return complete_response(client.received()); }));
    return upstream.last().received();
  }
};

TEST(SendProxy, NamesTheClientBeforeTheFirstByte) {
  Introduced stage(kProxied, "v1");
  const auto client = stage.proxy.client();
  const std::string port = std::to_string(stage.proxy.endpoint().port());
  const std::string introduction = "PROXY TCP4 203.0.113.7 127.0.0.1 4711 " + port + "\r\n";
  EXPECT_THAT(stage.exchange(*client, kFromClient + std::string(kGet)),
              StartsWith(introduction + "GET / HTTP/1.1\r\n"));
}

TEST(SendProxy, NamesItInVersion2) {
  Introduced stage(kProxied, "v2");
  const auto client = stage.proxy.client();
  const auto seen = stage.exchange(*client, kFromClient + std::string(kGet));
  const auto header = parse_proxy_header(seen);
  ASSERT_EQ(header.status, ProxyHeader::Status::Complete);
  EXPECT_EQ(header.source, (IpEndpoint{*IpAddress::parse("203.0.113.7"), 4711}));
  EXPECT_THAT(seen.substr(header.size), StartsWith("GET / HTTP/1.1\r\n"));
}

TEST(SendProxy, TakesAConnectionForEachRequest) {
  Introduced stage(kTrusting, "v1");
  const auto client = stage.proxy.client();
  const auto first = stage.exchange(*client, get_with("X-Forwarded-For: 203.0.113.7\r\n"));
  EXPECT_THAT(first, StartsWith("PROXY TCP4 203.0.113.7 127.0.0.1 0 "));
  EXPECT_THAT(first, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(stage.exchange(*client, get_with("X-Forwarded-For: 203.0.113.8\r\n")),
              StartsWith("PROXY TCP4 203.0.113.8 127.0.0.1 0 "));
  EXPECT_EQ(stage.upstream.connections(), 2u);
  EXPECT_TRUE(stage.proxy.until({client.get()}, [&] { return stage.upstream.connection(0).ended(); }));
}

TEST(SendProxy, CanBeTurnedOnAndOffByAReload) {
  Introduced stage("", "");
  const auto client = stage.proxy.client();
  const std::string upstreams = "[pool.app]\nupstreams = [\"" + stage.upstream.address() + "\"]\n";
  const std::string listen = "listen = \"127.0.0.1:0\"\n";
  EXPECT_THAT(stage.exchange(*client, kGet), StartsWith("GET "));
  stage.proxy.publish(listen + upstreams + "send_proxy = \"v1\"\n");
  EXPECT_THAT(stage.exchange(*client, kGet), StartsWith("PROXY TCP4 127.0.0.1 127.0.0.1 "))
      << "on a fresh connection";
  stage.proxy.publish(listen + upstreams);
  stage.upstream.connection(0).forget();
  client->send(kGet);
  EXPECT_TRUE(stage.proxy.until({client.get()}, [&] { return stage.upstream.connection(0).saw("Via: "); }))
      << "the connection that has named nobody still serves";
}

// ---- Limits

TEST(ConnectionsPerClient, AreLimitedUntilOneOfThemEnds) {
  IdentityStage stage(listener_with("max_connections_per_client = 2"));
  const auto first = stage.proxy.client();
  const auto second = stage.proxy.client();
  stage.proxy.settle({first.get(), second.get()});
  const auto third = stage.proxy.client();
  third->send(kGet);
  EXPECT_TRUE(stage.closed(*third));
  EXPECT_EQ(third->received(), "");
  EXPECT_EQ(stage.turned_away(Unwelcome::TooManyOfClient), 1u);

  first->close();
  stage.proxy.settle({second.get()});
  EXPECT_EQ(body_of(stage.proxy.converse(kGet)), "hello");
  second->send(kGet);
  EXPECT_EQ(body_of(stage.received(*second)), "hello") << "the others are not disturbed";
}

TEST(ConnectionsPerClient, AreThoseOfTheClientThatTheProxyNames) {
  IdentityStage stage(
      listener_with("proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\nmax_connections_per_client = 1"));
  const auto first = stage.proxy.client();
  first->send(kFromClient + std::string(kGet));
  EXPECT_EQ(body_of(stage.received(*first)), "hello");

  const auto second = stage.proxy.client();
  second->send(kFromClient + std::string(kGet));
  EXPECT_TRUE(stage.closed(*second));
  EXPECT_EQ(stage.turned_away(Unwelcome::TooManyOfClient), 1u);

  const auto other = stage.proxy.client();
  other->send("PROXY TCP4 203.0.113.8 10.0.0.1 4711 80\r\n" + std::string(kGet));
  EXPECT_EQ(body_of(stage.received(*other)), "hello");

  first->close();
  stage.proxy.settle({});
  EXPECT_EQ(body_of(stage.proxy.converse(kFromClient + std::string(kGet))), "hello");
}

TEST(ConnectionsPerClient, AreNotLimitedForProxiesThatSpeakForMany) {
  IdentityStage stage(listener_with("trusted_proxies = [\"127.0.0.1\"]\nmax_connections_per_client = 1"));
  const auto first = stage.proxy.client();
  stage.proxy.settle({first.get()});
  EXPECT_EQ(body_of(stage.proxy.converse(kGet)), "hello");
  EXPECT_EQ(stage.turned_away(), 0u);
}

}  // namespace
}  // namespace frontdoor::testing
