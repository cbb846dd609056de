// Look-ups over the wire, against a DNS server that says what the test wants.

#include "discovery/name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/discovery/scripted_dns.h"
#include "tests/support/run_until.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
using test::run_until;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Endpoint ip(const char* text) { return *Endpoint::numeric(text, 0); }

class NameLookupTest : public ::testing::Test {
 protected:
  std::optional<NameAnswer> look_up(const std::string& host) {
    std::optional<NameAnswer> answer;
    lookups_.start(host, [&](const NameAnswer& told) { answer = told; });
    EXPECT_FALSE(answer) << "not from within";
    run_until(io_, [&] { return answer.has_value(); });
    return answer;
  }

  boost::asio::io_context io_;
  test::ScriptedDns dns_{io_};
  NameLookups lookups_{io_, dns_.address()};
};

TEST_F(NameLookupTest, BothFamiliesAndTheShortestTtl) {
  dns_.zone["app.test"] = {.addresses = {"10.0.0.1", "10.0.0.2", "fd00::1"}, .ttl = 7};
  const auto answer = look_up("app.test.");
  EXPECT_THAT(answer->endpoints, UnorderedElementsAre(ip("10.0.0.1"), ip("10.0.0.2"), ip("fd00::1")));
  EXPECT_EQ(answer->ttl, 7s);
  EXPECT_EQ(answer->error, "");
}

TEST_F(NameLookupTest, ANameWithoutAnAddressSaysWhy) {
  dns_.zone["empty.test"] = {};
  for (const char* host : {"missing.test.", "empty.test."}) {
    const auto answer = look_up(host);
    EXPECT_THAT(answer->endpoints, IsEmpty()) << host;
    EXPECT_NE(answer->error, "") << host;
  }
}

TEST_F(NameLookupTest, ASilentNameDelaysNoOther) {
  bool silence_broken = false;
  for (int n = 0; n < 24; ++n) {
    const std::string name = "silent" + std::to_string(n) + ".test";
    dns_.zone[name] = {.silent = true};
    lookups_.start(name + ".", [&](const NameAnswer&) { silence_broken = true; });
  }
  dns_.zone["app.test"] = {.addresses = {"10.0.0.1"}};
  EXPECT_THAT(look_up("app.test.")->endpoints, UnorderedElementsAre(ip("10.0.0.1")));
  EXPECT_FALSE(silence_broken);
}

TEST_F(NameLookupTest, OtherServersAreAskedWhileEarlierLookupsGoOn) {
  dns_.zone["app.test"] = {.addresses = {"10.0.0.1"}};
  std::optional<NameAnswer> early;
  lookups_.start("app.test.", [&](const NameAnswer& told) { early = told; });
  test::ScriptedDns other(io_);
  other.zone["app.test"] = {.addresses = {"10.0.0.9"}};
  lookups_.set_servers(other.address());
  EXPECT_THAT(look_up("app.test.")->endpoints, UnorderedElementsAre(ip("10.0.0.9")));
  ASSERT_TRUE(run_until(io_, [&] { return early.has_value(); }));
  EXPECT_THAT(early->endpoints, UnorderedElementsAre(ip("10.0.0.1")));
}

TEST(NameLookup, EndsWithoutWaiting) {
  boost::asio::io_context io;
  test::ScriptedDns dns(io);
  dns.zone["app.test"] = {.silent = true};
  bool answered = false;
  {
    NameLookups lookups(io, dns.address());
    lookups.start("app.test.", [&](const NameAnswer&) { answered = true; });
    ASSERT_TRUE(run_until(io, [&] { return dns.questions > 0; }));
  }
  io.poll();
  EXPECT_FALSE(answered);
}

TEST(NameLookup, TheHostsFileComesFirst) {
  boost::asio::io_context io;
  test::ScriptedDns dns(io);
  NameLookups lookups(io, dns.address());
  std::optional<NameAnswer> answer;
  lookups.start("localhost", [&](const NameAnswer& told) { answer = told; });
  ASSERT_TRUE(run_until(io, [&] { return answer.has_value(); }));
  EXPECT_FALSE(answer->endpoints.empty()) << answer->error;
  EXPECT_EQ(dns.questions, 0);
}

TEST(HasRoute, OurselvesButNotEverybody) {
  EXPECT_TRUE(has_route(ip("127.0.0.1")));
  EXPECT_FALSE(has_route(ip("255.255.255.255")));
}

}  // namespace
}  // namespace frontdoor
