// Whom a request comes from, when those who passed it on are trusted or not.

#include "http/client_chain.h"

#include <gtest/gtest.h>

namespace frontdoor::http {
namespace {

const IpAddress kLastHop = *IpAddress::parse("10.0.0.9");

Cidrs trusted() {
  std::string problem;
  return {*Cidr::parse("10.0.0.0/8", problem), *Cidr::parse("fd00::/8", problem)};
}

std::string client(const Fields& fields) {
  return std::string(client_behind(fields, kLastHop, trusted()).text().view());
}

Field x_forwarded_for(std::string_view value) { return {"X-Forwarded-For", value, FieldId::XForwardedFor}; }
Field forwarded(std::string_view value) { return {"Forwarded", value, FieldId::Forwarded}; }

std::string passed_on(FieldId id, const Fields& fields) {
  const SoundChain chain(fields, id);
  std::string out;
  for (const auto& field : fields)
    if (!chain.of(field).empty()) out.append(chain.of(field)).append("|");
  return out;
}

TEST(ClientBehind, IsTheRightMostUntrustedHop) {
  struct {
    const char *chain, *client;
  } cases[] = {
      {"", "10.0.0.9"},
      {"203.0.113.7", "203.0.113.7"},
      {"203.0.113.7, 10.1.1.1", "203.0.113.7"},
      {"203.0.113.7,10.1.1.1 ,\tfd00::1", "203.0.113.7"},
      {"192.0.2.66, 203.0.113.7, 10.1.1.1",
       "203.0.113.7"},  // what a client claims of itself stands further left
      {"10.6.6.6, 203.0.113.7", "203.0.113.7"},
      {"10.1.1.1, 10.2.2.2", "10.1.1.1"},  // all trusted: a request from inside
      {"2001:db8::1", "2001:db8::1"},
      {"[2001:db8::1]", "2001:db8::1"},
      {"[2001:db8::1]:4711, 10.1.1.1:80", "2001:db8::1"},
      {"203.0.113.7:4711", "203.0.113.7"},
      {"::ffff:203.0.113.7", "203.0.113.7"},
      {"unknown", "10.0.0.9"},
      {"unknown, 10.1.1.1", "10.1.1.1"},
      {"203.0.113.7, unknown, 10.2.2.2, 10.1.1.1", "10.2.2.2"},
      {"unknown, 203.0.113.7", "203.0.113.7"},
      {"203.0.113.7, unknown", "10.0.0.9"},
      {"nonsense, 203.0.113.7", "203.0.113.7"},  // no way to hide
      {"192.0.2.66, nonsense, 203.0.113.7, 10.1.1.1", "203.0.113.7"},
      {",203.0.113.7", "203.0.113.7"},
      {"203.0.113.7,,10.1.1.1", "10.1.1.1"},
  };
  for (const auto& c : cases) EXPECT_EQ(client({x_forwarded_for(c.chain)}), c.client) << c.chain;
}

TEST(ClientBehind, ReadsForwardedTheSameWay) {
  struct {
    const char *chain, *client;
  } cases[] = {
      {"for=203.0.113.7", "203.0.113.7"},
      {"For=203.0.113.7;proto=https;by=10.0.0.9", "203.0.113.7"},
      {"proto=https; for=203.0.113.7", "203.0.113.7"},
      {"for=192.0.2.66, for=203.0.113.7, for=10.1.1.1;host=\"a,b;c\"", "203.0.113.7"},
      {"for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"},
      {"for=\"203.0.113.7:4711\"", "203.0.113.7"},
      {"for=\"203.0.113.7:_port\"", "203.0.113.7"},
      {"for=unknown", "10.0.0.9"},
      {"for=203.0.113.7, for=_hidden, for=10.1.1.1", "10.1.1.1"},
      {"for=203.0.113.7, proto=http, for=10.1.1.1", "10.1.1.1"},
      {"host=example.com", "10.0.0.9"},
  };
  for (const auto& c : cases) EXPECT_EQ(client({forwarded(c.chain)}), c.client) << c.chain;
}

TEST(ClientBehind, TakesAllLinesAsOneList) {
  EXPECT_EQ(
      client({x_forwarded_for("192.0.2.66"), x_forwarded_for("203.0.113.7"), x_forwarded_for("10.1.1.1")}),
      "203.0.113.7");
  EXPECT_EQ(client({forwarded("for=192.0.2.66"), forwarded("for=203.0.113.7,for=10.1.1.1")}), "203.0.113.7");
}

TEST(ClientBehind, PrefersXForwardedFor) {
  EXPECT_EQ(client({forwarded("for=192.0.2.66"), x_forwarded_for("203.0.113.7")}), "203.0.113.7");
  EXPECT_EQ(client({forwarded("for=203.0.113.7"), x_forwarded_for("")}), "203.0.113.7");
  EXPECT_EQ(client({forwarded("for=203.0.113.7"), x_forwarded_for("nonsense")}), "10.0.0.9");
}

TEST(ClientBehind, BelievesNothingLeftOfAMalformedElement) {
  for (const char* chain : {",",
                            "203.0.113.7,",
                            "203.0.113.7 10.1.1.1",
                            "example.com",
                            "unix",
                            "203.0.113.256",
                            "203.0.113.07",
                            "203.0.113",
                            "203.0.113.7:",
                            "203.0.113.7:x",
                            "203.0.113.7:123456",
                            "[203.0.113.7]",
                            "[2001:db8::1",
                            "2001:db8::1]",
                            "[]",
                            "[2001:db8::1]:",
                            "[2001:db8::1]80",
                            "fe80::1%eth0",
                            "::",
                            "2001:db8::1::",
                            "\"203.0.113.7\"",
                            "for=203.0.113.7",
                            "203.0.113.7/32",
                            "-",
                            "_"}) {
    EXPECT_EQ(client({x_forwarded_for(chain)}), "10.0.0.9") << chain;
    EXPECT_EQ(client({x_forwarded_for("203.0.113.7"), x_forwarded_for(chain)}), "10.0.0.9") << chain;
    EXPECT_EQ(client({x_forwarded_for(chain), x_forwarded_for("203.0.113.7, 10.1.1.1")}), "203.0.113.7")
        << chain;
    EXPECT_EQ(client({x_forwarded_for(std::string(chain) + ", 10.1.1.1")}), "10.1.1.1") << chain;
    EXPECT_EQ(passed_on(FieldId::XForwardedFor, {x_forwarded_for("192.0.2.66"), x_forwarded_for(chain)}), "");
    EXPECT_EQ(
        passed_on(FieldId::XForwardedFor, {x_forwarded_for("192.0.2.66"),
                                           x_forwarded_for(std::string(chain) + ", 203.0.113.7,10.1.1.1"),
                                           x_forwarded_for("10.2.2.2")}),
        "203.0.113.7,10.1.1.1|10.2.2.2|")
        << chain;
  }
  for (const char* chain : {",",
                            ";",
                            "=",
                            "for",
                            "for=",
                            "for=203.0.113.7,",
                            "for=203.0.113.7;",
                            "for=203.0.113.7,,",
                            "for = 203.0.113.7",
                            "for=203.0.113.7 for=1.1.1.1",
                            "for=203.0.113.7;for=1.1.1.1",
                            "for=example.com",
                            "for=[2001:db8::1]",
                            "for=2001:db8::1",
                            "for=\"2001:db8::1\"",
                            "for=\"[2001:db8::1]",
                            "for=\"203.0.113.7\\\"\"",
                            "for=\"203.0.113.7\"x",
                            "for=203.0.113.7:80",
                            "for=\"[203.0.113.7]\"",
                            "for=_",
                            "for=\"_a b\"",
                            "203.0.113.7",
                            "for=203.0.113.7;=x",
                            "for=203.0.113.7;proto"}) {
    EXPECT_EQ(client({forwarded(chain)}), "10.0.0.9") << chain;
    EXPECT_EQ(client({forwarded(chain), forwarded("for=203.0.113.7, for=10.1.1.1")}), "203.0.113.7") << chain;
    EXPECT_EQ(client({forwarded(std::string(chain) + ", for=10.1.1.1")}), "10.1.1.1") << chain;
    EXPECT_EQ(passed_on(FieldId::Forwarded, {forwarded("for=192.0.2.66"), forwarded(chain)}), "") << chain;
    EXPECT_EQ(passed_on(FieldId::Forwarded,
                        {forwarded("for=192.0.2.66"), forwarded(std::string(chain) + " , for=203.0.113.7"),
                         forwarded("for=10.1.1.1")}),
              "for=203.0.113.7|for=10.1.1.1|")
        << chain;
  }
}

// What a client sends must not swallow what a proxy puts behind it.
TEST(ClientBehind, FindsWhatStandsBehindAnOpenQuote) {
  for (const char* nonsense :
       {"for=\"", "for=192.0.2.66;host=\"", "for=192.0.2.66;host=\"a\\", "for=\"a\", for=192.0.2.66;x=\""})
    for (const char* added :
         {"for=203.0.113.7", "for=\"203.0.113.7:80\"", "for=203.0.113.7;host=\"a\";by=\"_b\""}) {
      EXPECT_EQ(client({forwarded(nonsense + std::string(", ") + added)}), "203.0.113.7")
          << nonsense << ", " << added;
      EXPECT_EQ(passed_on(FieldId::Forwarded, {forwarded(nonsense + std::string(",") + added)}),
                added + std::string("|"));
    }
}

TEST(ClientBehind, ALastHopWithoutAddressMayBeTrustedToo) {
  EXPECT_FALSE(client_behind({}, IpAddress(), trusted()).known());
  EXPECT_EQ(client_behind({x_forwarded_for("203.0.113.7")}, IpAddress(), trusted()).text().view(),
            "203.0.113.7");
}

}  // namespace
}  // namespace frontdoor::http
