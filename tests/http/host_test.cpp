// Host: RFC 9112 §3.2. Two servers that pick different hosts serve different sites.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; }
std::string accepted(const std::string& value) { return "GET / " + value + " 1.1 none keep"; }

TEST(Host, AppearsExactlyOnce) {
  const auto rule = "RFC 9112 §3.2: 400 for an HTTP/1.1 request without Host or with more than one";
  check_requests({
      {rule, "GET / HTTP/1.1\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.1\r\nX: a\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: a\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.0\r\n\r\n", "GET /  1.0 none close"},
      {rule, "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / a 1.0 none close"},
      {rule, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {rule, "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", "400"},
      {rule, "OPTIONS * HTTP/1.1\r\n\r\n", "400"},
  });
}

TEST(Host, IsAValidHostAndPort) {
  const auto rule = "RFC 9110 §7.2: Host = uri-host [ \":\" port ]; RFC 9112 §3.2: 400 for an invalid value";
  check_requests({
      {rule, host("example.org"), accepted("example.org")},
      {rule, host("Example.ORG."), accepted("Example.ORG.")},
      {rule, host("a:80"), accepted("a:80")},
      {rule, host("a:"), accepted("a:")},
      {rule, host("a:65535"), accepted("a:65535")},
      {rule, host("127.0.0.1:8080"), accepted("127.0.0.1:8080")},
      {rule, host("[::1]"), accepted("[::1]")},
      {rule, host("[2001:db8::7]:443"), accepted("[2001:db8::7]:443")},
      {rule, host("[::ffff:1.2.3.4]"), accepted("[::ffff:1.2.3.4]")},
      {rule, host("a_b-c~d"), accepted("a_b-c~d")},
      {rule, host("xn--bcher-kva.example"), accepted("xn--bcher-kva.example")},
      {rule, host("%61"), accepted("%61")},
      {rule, host(""), "400"},
      {rule, host(":80"), "400"},
      {rule, host("a b"), "400"},
      {rule, host("a/b"), "400"},
      {rule, host("a?b"), "400"},
      {rule, host("a#b"), "400"},
      {rule, host("a\\b"), "400"},
      {rule, host("u@a"), "400"},
      {rule, host("http://a"), "400"},
      {rule, host("a:b"), "400"},
      {rule, host("a:80:80"), "400"},
      {rule, host("a:-1"), "400"},
      {rule, host("a:+1"), "400"},
      {rule, host("a:65536"), "400"},
      {rule, host("a:999999"), "400"},
      {rule, host("a: 80"), "400"},
      {rule, host("::1"), "400"},
      {rule, host("[::1"), "400"},
      {rule, host("::1]"), "400"},
      {rule, host("[]"), "400"},
      {rule, host("[::1]x"), "400"},
      {rule, host("[::1]:x"), "400"},
      {rule, host("[:::1]"), "400"},
      {rule, host("[1:2:3:4:5:6:7:8:9]"), "400"},
      {rule, host("[g::1]"), "400"},
      {rule, host("[1.2.3.4]"), "400"},
      {rule, host("[fe80::1%25eth0]"), "400"},
      {rule, host("[v1.a]"), "400"},
      {rule, host("[a]"), "400"},
      {rule, host("["), "400"},
      {rule, host("caf\xc3\xa9"), "400"},
      {rule, host("a\x80"), "400"},
      {rule, host("a\tb"), "400"},
      {rule, host("<a>"), "400"},
      {rule, host("\"a\""), "400"},
      {rule, host("a|b"), "400"},
      {rule, host("a^b"), "400"},
      {rule, host("%zz"), "400"},
      {rule, host("%6"), "400"},
  });
}

}  // namespace
}  // namespace frontdoor::http
