// Addresses without ports, and ranges of them.

#include "base/cidr.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value_or(IpAddress()); }

std::string range_problem_of(std::string_view text) {
  std::string problem;
  return Cidr::parse(text, problem) ? "no problem" : problem;
}

Cidr range(std::string_view text) {
  std::string problem;
  const auto parsed = Cidr::parse(text, problem);
  EXPECT_TRUE(parsed) << text << ": " << problem;
  return parsed.value_or(Cidr());
}

TEST(IpAddress, IsWrittenAsItIsRead) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "10.20.30.40", "::1", "2001:db8::1",
                           "fe80::1:2:3:4", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"})
    EXPECT_EQ(ip(text).text().view(), text);
  EXPECT_EQ(IpAddress().text().view(), "unix");
}

TEST(IpAddress, IsTheSameThroughEitherSocket) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_TRUE(ip("::ffff:192.0.2.1").is_v4());
  EXPECT_FALSE(ip("::192.0.2.1").is_v4());
  EXPECT_EQ(IpAddress::of(*Endpoint::numeric("::ffff:192.0.2.1", 80)).text().view(), "192.0.2.1");
  EXPECT_EQ(IpAddress::of(*Endpoint::numeric("192.0.2.1", 80)), ip("192.0.2.1"));
  EXPECT_EQ(IpAddress::of(*Endpoint::numeric("2001:db8::1", 80)), ip("2001:db8::1"));
  EXPECT_FALSE(IpAddress::of(Endpoint::unix_path("/run/a.sock")).known());
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "[::1]",
        "::1%1", "fe80::1%eth0", ":::", "1::2::3", "12345::", "localhost", "0x7f.1", "2130706433"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_FALSE(IpAddress::parse(std::string(100, '1')));
}

TEST(Cidr, ContainsItsNetworkOnly) {
  struct {
    const char *range, *address;
    bool inside;
  } cases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", true},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1/32", "192.0.2.1", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "203.0.113.9", false},
      {"fd00::/8", "fdab::1", true},
      {"fd00::/8", "fc00::1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1", "::1", true},
      {"::ffff:10.0.0.0/104", "10.1.1.1", true},
      {"unix", "10.0.0.1", false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(range(c.range).contains(ip(c.address)), c.inside) << c.range << ' ' << c.address;
}

TEST(Cidr, OnlyUnixContainsWhoHasNoAddress) {
  EXPECT_TRUE(range("unix").contains(IpAddress()));
  EXPECT_FALSE(range("::/0").contains(IpAddress()));
  EXPECT_FALSE(range("0.0.0.0/0").contains(IpAddress()));
}

TEST(Cidr, IsWrittenAsItIsRead) {
  for (const char* text :
       {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "::/0", "fd00::/8", "2001:db8::1", "::/96", "unix"})
    EXPECT_EQ(range(text).to_string(), text);
  EXPECT_EQ(range("192.0.2.1/32").to_string(), "192.0.2.1");
  EXPECT_EQ(range("::ffff:10.0.0.0/104").to_string(), "10.0.0.0/8");
}

TEST(Cidr, SaysWhatIsWrong) {
  const std::string form =
      "write an address or a range, as in \"10.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\" or \"unix\"";
  const std::string bits32 = "behind the \"/\" stands how many bits name the network, 0 to 32";
  const std::string bits128 = "behind the \"/\" stands how many bits name the network, 0 to 128";
  struct {
    const char* text;
    std::string problem;
  } cases[] = {
      {"", form},
      {"proxy.internal", form},
      {"/8", form},
      {"10.0.0/8", form},
      {"10.0.0.0:80", form},
      {"10.0.0.0/", bits32},
      {"10.0.0.0/33", bits32},
      {"10.0.0.0/-1", bits32},
      {"10.0.0.0/255.0.0.0", bits32},
      {"fd00::/129", bits128},
      {"10.0.0.1/8", "it has bits outside of its network, did you mean \"10.0.0.0/8\"?"},
      {"fd00::1/8", "it has bits outside of its network, did you mean \"fd00::/8\"?"},
      {"::", "no client has this address"},
      {"::/128", "no client has this address"},
  };
  for (const auto& c : cases) EXPECT_EQ(range_problem_of(c.text), c.problem) << c.text;
}

TEST(Cidrs, ContainWhatOneOfThemContains) {
  const Cidrs ranges{range("10.0.0.0/8"), range("::1")};
  EXPECT_TRUE(contains(ranges, ip("10.1.1.1")));
  EXPECT_TRUE(contains(ranges, ip("::1")));
  EXPECT_FALSE(contains(ranges, ip("192.0.2.1")));
  EXPECT_FALSE(contains({}, ip("192.0.2.1")));
}

}  // namespace
}  // namespace frontdoor
