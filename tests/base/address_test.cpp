// Addresses as written in fd.toml, and the kernel's form of them.

#include "base/address.h"

#include <cstddef>
#include <cstring>

namespace frontdoor {
namespace {

std::string problem_of(std::string_view text) {
  AddressError error;
  return parse_address(text, error) ? "no error" : error.what;
}

TEST(Address, ParsesWhatPeopleWriteAndWritesItBack) {
  struct {
    const char* text;
    Address::Kind kind;
    const char* host;
    int port;
  } cases[] = {
      {"localhost:8080", Address::Kind::Tcp, "localhost", 8080},
      {"10.0.0.11:80", Address::Kind::Tcp, "10.0.0.11", 80},
      {"app_1.internal.:65535", Address::Kind::Tcp, "app_1.internal.", 65535},
      {":443", Address::Kind::Tcp, "", 443},
      {":0", Address::Kind::Tcp, "", 0},
      {"[::1]:80", Address::Kind::Tcp, "::1", 80},
      {"unix:/run/fd.sock", Address::Kind::Unix, "/run/fd.sock", 0},
      {"fd:https", Address::Kind::Fd, "https", 0},
  };
  for (const auto& c : cases) {
    AddressError error;
    const auto address = parse_address(c.text, error);
    ASSERT_TRUE(address) << c.text << ": " << error.what;
    EXPECT_EQ(*address, (Address{c.kind, c.host, static_cast<std::uint16_t>(c.port)})) << c.text;
    EXPECT_EQ(address->to_string(), c.text);
  }
}

TEST(Address, SaysWhatIsWrong) {
  const std::string too_long(254, 'a');
  struct {
    std::string text, problem;
  } cases[] = {
      {"", "the address is empty, write \"host:port\""},
      {"8080", "a port alone is written \":8080\""},
      {"localhost", "the port is missing, as in \"localhost:80\""},
      {"/run/app.sock", "the port is missing; a unix socket is written \"unix:/path\""},
      {"localhost:", "the port behind the colon is missing"},
      {"x:70000", "port 70000 is out of range (0 to 65535)"},
      {"x:99999999999999999999", "port 99999999999999999999 is out of range (0 to 65535)"},
      {"x:80/path", "port \"80/path\" is not a number"},
      {"x:-1", "port \"-1\" is not a number"},
      {"::1:80", "an IPv6 address needs brackets, as in \"[::1]:80\""},
      {"[::1", "the closing bracket is missing, as in \"[::1]:80\""},
      {"[::1]", "the port is missing, as in \"[::1]:80\""},
      {"[::g]:80", "\"::g\" is not an IPv6 address"},
      {"[10.0.0.1]:80", "\"10.0.0.1\" is not an IPv6 address"},
      {"10.0.0.300:80", "\"10.0.0.300\" is not an IPv4 address"},
      {"a b:80", "\" \" is not allowed in a host name"},
      {"a..b:80", "the host name \"a..b\" has an empty part"},
      {"http://a:80", "an address has no scheme and no path, only host:port"},
      {too_long + ":80", "the host is longer than 253 characters"},
      {"unix:", "a unix socket needs an absolute path, as in \"unix:/run/app.sock\""},
      {"unix:app.sock", "a unix socket needs an absolute path, as in \"unix:/run/app.sock\""},
      {"unix:/" + std::string(107, 'a'),
       "the path of a unix socket is at most 107 bytes long, this one has 108"},
      {std::string("unix:/a\0b", 9), "the path contains a NUL byte"},
      {"fd:", "the name of the passed socket is missing, as in \"fd:http\""},
  };
  for (const auto& c : cases) EXPECT_EQ(problem_of(c.text), c.problem) << c.text;
}

TEST(Endpoint, NumericAddressesOnly) {
  EXPECT_EQ(Endpoint::numeric("127.0.0.1", 80)->to_string(), "127.0.0.1:80");
  EXPECT_EQ(Endpoint::numeric("::1", 80)->to_string(), "[::1]:80");
  EXPECT_EQ(Endpoint::numeric("::1", 80)->ip(), "::1");
  EXPECT_TRUE(Endpoint::numeric("fe80::1%1", 80));
  EXPECT_FALSE(Endpoint::numeric("fe80::1%no-such-link", 80));
  EXPECT_FALSE(Endpoint::numeric("localhost", 80));
  EXPECT_FALSE(Endpoint::numeric("", 80));
}

TEST(Endpoint, KnowsItsPort) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    auto endpoint = *Endpoint::numeric(host, 80);
    endpoint.set_port(8080);
    EXPECT_EQ(endpoint.port(), 8080);
  }
  auto local = Endpoint::unix_path("/run/a.sock");
  local.set_port(8080);
  EXPECT_EQ(local.port(), 0);
}

TEST(Endpoint, UnixPaths) {
  const auto endpoint = Endpoint::unix_path("/run/a.sock");
  EXPECT_TRUE(endpoint.is_unix());
  EXPECT_EQ(endpoint.to_string(), "unix:/run/a.sock");
  EXPECT_EQ(endpoint.ip(), "unix");
  const std::string longest = "/" + std::string(106, 'a');
  EXPECT_EQ(Endpoint::unix_path(longest).to_string(), "unix:" + longest);
  EXPECT_LE(Endpoint::unix_path(longest).size(), Endpoint::capacity());
}

TEST(Endpoint, CopiesWhatTheKernelReports) {
  const auto v4 = *Endpoint::numeric("127.0.0.1", 80);
  EXPECT_EQ(Endpoint::from(v4.data(), v4.size()), v4);

  sockaddr_un unnamed{};  // as accept() reports most clients of a unix socket
  unnamed.sun_family = AF_UNIX;
  const auto client =
      Endpoint::from(reinterpret_cast<const sockaddr*>(&unnamed), offsetof(sockaddr_un, sun_path));
  EXPECT_EQ(client.to_string(), "unix:");

  sockaddr_un full{};  // not ended by NUL
  full.sun_family = AF_UNIX;
  std::memset(full.sun_path, 'a', sizeof full.sun_path);
  EXPECT_EQ(Endpoint::from(reinterpret_cast<const sockaddr*>(&full), sizeof full).to_string(),
            "unix:" + std::string(108, 'a'));
}

TEST(Endpoint, EqualityIgnoresPadding) {
  auto a = *Endpoint::numeric("127.0.0.1", 80), b = a;
  reinterpret_cast<sockaddr_in*>(b.data())->sin_zero[0] = 1;
  EXPECT_EQ(a, b);
  EXPECT_NE(a, *Endpoint::numeric("127.0.0.1", 81));
  EXPECT_NE(a, *Endpoint::numeric("::1", 80));
  EXPECT_NE(Endpoint::unix_path("/a"), Endpoint::unix_path("/b"));
  EXPECT_EQ(Endpoint(), Endpoint());
}

}  // namespace
}  // namespace frontdoor
