// What a reload changes for what is open already, and for what comes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

using ::testing::HasSubstr;

std::string with_limits(const ScriptedUpstream& upstream, std::string_view limits) {
  return "listen = \"127.0.0.1:0\"\n[limits]\n" + std::string(limits) + "\n[pool.app]\nupstreams = [\"" +
         upstream.address() + "\"]\n";
}

TEST(Reload, LimitsOnHeadsHoldForClientsAndUpstreamsFromThenOn) {
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream});
  const std::string request = "GET / HTTP/1.1\r\nHost: e\r\n";
  const std::string long_field = "X-Long: " + std::string(2'000, 'x') + "\r\n";
  upstream.always_reply("HTTP/1.1 200 OK\r\n" + long_field + "Content-Length: 2\r\n\r\nok");
  EXPECT_THAT(proxy.converse(request + long_field + "Connection: close\r\n\r\n"), HasSubstr("200 OK"));

  proxy.publish(with_limits(upstream, "header_bytes = \"1KiB\""));
  proxy.settle({});
  EXPECT_THAT(proxy.converse(request + long_field + "\r\n"), HasSubstr("HTTP/1.1 431 "));
  upstream.connection(0).close();  // made under the old limit
  proxy.settle({});
  EXPECT_THAT(proxy.converse(request + "\r\n"), HasSubstr("HTTP/1.1 502 "))
      << "the upstream's head is as long";

  proxy.publish(with_limits(upstream, "header_bytes = \"32KiB\""));
  proxy.settle({});
  EXPECT_THAT(proxy.converse(request + long_field + "Connection: close\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(Reload, ALogThatIsSwitchedOnIsTooLateForAnOpenTunnel) {
  config::AccessLog config;
  config.output = "off";
  std::string error;
  AccessLog log(config, error);
  ScriptedUpstream upstream;
  TestProxy proxy({&upstream}, "", "", &log);
  const auto client = proxy.client();
  client->send(kHandshake);
  ASSERT_TRUE(proxy.until({client.get()},
                          [&] { return upstream.connections() == 1 && upstream.last().saw("\r\n\r\n"); }));
  upstream.last().send(kSwitch);
  ASSERT_TRUE(proxy.until({client.get()}, [&] { return client->saw("\r\n\r\n"); }));

  config.output = ::testing::TempDir() + "frontdoor-switched-on.log";
  log.apply(config);
  proxy.publish(with_limits(upstream, ""));
  proxy.settle({client.get()});
  client->close();
  upstream.last().close();
  proxy.settle({});
  EXPECT_EQ(proxy.worker().open_connections(), 0u);
  upstream.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_THAT(proxy.converse("GET / HTTP/1.1\r\nHost: e\r\n\r\n"), HasSubstr("200 OK"));
  std::remove(config.output.c_str());
}

}  // namespace
}  // namespace frontdoor::testing
