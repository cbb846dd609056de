// Method, target and version: RFC 9112 §3.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string line(const std::string& text) { return text + "\r\nHost: a\r\n\r\n"; }
std::string target(const std::string& text) { return line("GET " + text + " HTTP/1.1"); }

TEST(RequestLine, HasThreePartsAndTwoSpaces) {
  const auto rule = "RFC 9112 §3: request-line = method SP request-target SP HTTP-version";
  check_requests({
      {rule, line("GET / HTTP/1.1"), "GET / a 1.1 none keep"},
      {rule, line("GET  / HTTP/1.1"), "400"},
      {rule, line("GET /  HTTP/1.1"), "400"},
      {rule, line("GET\t/ HTTP/1.1"), "400"},
      {rule, line("GET /\tHTTP/1.1"), "400"},
      {rule, line(" GET / HTTP/1.1"), "400"},
      {rule, line("GET / HTTP/1.1 "), "400"},
      {rule, line("GET / HTTP/1.1\t"), "400"},
      {rule, line("GET /a b HTTP/1.1"), "400"},
      {rule, line("GET / HTTP/1.1 HTTP/1.1"), "400"},
      {rule, line("GET HTTP/1.1"), "400"},
      {rule, line("GET /"), "400"},  // HTTP/0.9
      {rule, line("GET"), "400"},
      {rule, line("GET  HTTP/1.1"), "400"},
      {rule, line("/ HTTP/1.1"), "400"},
  });
}

TEST(RequestLine, MethodIsAToken) {
  const auto rule = "RFC 9110 §9.1: method = token";
  const auto unknown = "RFC 9110 §9.1: methods are case-sensitive and extensible";
  const auto too_long = "RFC 9112 §3: method longer than any implemented: 501";
  const std::string long_method(64, 'A');
  check_requests({
      {unknown, line("get / HTTP/1.1"), "get / a 1.1 none keep"},
      {unknown, line("PURGE / HTTP/1.1"), "PURGE / a 1.1 none keep"},
      {unknown, line("M-SEARCH / HTTP/1.1"), "M-SEARCH / a 1.1 none keep"},
      {unknown, line("VERSION-CONTROL / HTTP/1.1"), "VERSION-CONTROL / a 1.1 none keep"},
      {rule, line("G@T / HTTP/1.1"), "400"},
      {rule, line("G(T / HTTP/1.1"), "400"},
      {rule, line("GET, / HTTP/1.1"), "400"},
      {rule, line("\"GET\" / HTTP/1.1"), "400"},
      {rule, line("GET: / HTTP/1.1"), "400"},
      {rule, line("G\xc3\x89T / HTTP/1.1"), "400"},
      {rule, line("GE\x00T / HTTP/1.1"s), "400"},
      {too_long, line(long_method + " / HTTP/1.1"), long_method + " / a 1.1 none keep"},
      {too_long, line(long_method + "A / HTTP/1.1"), "501"},
      {too_long, long_method + "A", "501"},
      {too_long, long_method, "incomplete"},
  });
}

TEST(RequestLine, ConnectIsNotAllowed) {
  const auto rule = "RFC 9112 §3.2.3: authority-form is only for CONNECT, which a gateway does not implement";
  check_requests({
      {rule, line("CONNECT a:443 HTTP/1.1"), "501"},
      {rule, line("CONNECT / HTTP/1.1"), "501"},
      {rule, line("CONNECT http://a/ HTTP/1.1"), "501"},
      {rule, target("a:443"), "400"},
      {rule, target("a"), "400"},
  });
  EXPECT_STREQ(
      [] {
        static RequestHeadParser parser({});
        parser.parse("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
        return parser.refusal().outcome;
      }(),
      "connect_not_allowed");
}

TEST(RequestLine, OriginFormHoldsVisibleAscii) {
  const auto rule = "RFC 9112 §3.2: request-target is a URI without white space, controls or fragment";
  check_requests({
      {rule, target("/a/b?c=d&e"), "GET /a/b?c=d&e a 1.1 none keep"},
      {rule, target("//a"), "GET //a a 1.1 none keep"},
      {rule, target("/%00%zz"), "GET /%00%zz a 1.1 none keep"},  // escapes are judged where paths are matched
      {rule, target("/?http://b/"), "GET /?http://b/ a 1.1 none keep"},
      {rule, target("/[]{}|^`\"<>\\"), "GET /[]{}|^`\"<>\\ a 1.1 none keep"},  // browsers do send these
      {rule, target("/a#b"), "400"},
      {rule, target("/#"), "400"},
      {rule, target("#"), "400"},
      {rule, target("/caf\xc3\xa9"), "400"},
      {rule, target("/\x80"), "400"},
      {rule, target("/\xff"), "400"},
      {rule, target("/a\x00"s), "400"},
      {rule, target("/a\x7f"), "400"},
      {rule, target("/a\x1f"), "400"},
      {rule, target("/a\x0b"), "400"},
      {rule, target("a/b"), "400"},
      {rule, target("?a"), "400"},
      {rule, target("."), "400"},
      {rule, target("%2F"), "400"},
      {rule, target("\\"), "400"},
  });
}

TEST(RequestLine, AbsoluteFormIsReduced) {
  const auto rule = "RFC 9112 §3.2.2: a server MUST accept absolute-form and ignore Host in favour of it";
  check_requests({
      {rule, target("http://b/x?y"), "GET /x?y b 1.1 none keep"},
      {rule, target("https://b/x"), "GET /x b 1.1 none keep"},
      {rule, target("HTTP://B/x"), "GET /x B 1.1 none keep"},
      {rule, target("http://b:8080/"), "GET / b:8080 1.1 none keep"},
      {rule, target("http://[::1]:80/"), "GET / [::1]:80 1.1 none keep"},
      {rule, target("http://b"), "GET / b 1.1 none keep"},
      {rule, target("http://b?x"), "GET /?x b 1.1 none keep"},
      {rule, line("OPTIONS http://b HTTP/1.1"), "OPTIONS * b 1.1 none keep"},
      {rule, line("OPTIONS http://b/ HTTP/1.1"), "OPTIONS / b 1.1 none keep"},
      {rule, line("OPTIONS http://b?x HTTP/1.1"), "OPTIONS /?x b 1.1 none keep"},
      {rule, "GET http://b/ HTTP/1.0\r\n\r\n", "GET / b 1.0 none close"},
      {rule, target("http://"), "400"},
      {rule, target("http:///x"), "400"},
      {rule, target("http://?x"), "400"},
      {rule, target("http:/b/x"), "400"},
      {rule, target("http:b"), "400"},
      {rule, target("ftp://b/"), "400"},
      {rule, target("file:///etc/passwd"), "400"},
      {rule, target("httpx://b/"), "400"},
      {rule, target("ws://b/"), "400"},
      {"RFC 9110 §4.2.4: userinfo in an http URI is an error", target("http://u@b/"), "400"},
      {"RFC 9110 §4.2.4: userinfo in an http URI is an error", target("http://u:p@b/"), "400"},
      {rule, target("http://b:x/"), "400"},
      {rule, target("http://b:99999/"), "400"},
      {rule, target("http://b\\c/"), "400"},
      {rule, target("http://b/#"), "400"},
      {rule, "GET http://b/ HTTP/1.1\r\n\r\n", "400"},                        // Host is required all the same
      {rule, "GET http://b/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},  // and must be one
      {rule, "GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},           // and valid
  });
}

TEST(RequestLine, AbsoluteFormReplacesTheHostField) {
  // RFC 9112 §3.2.2: "a proxy MUST generate a new Host field value based on the received request-target".
  const std::string raw = "GET http://b:81?q HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n";
  RequestHeadParser parser({});
  ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
  EXPECT_EQ(find(parser.head().fields, FieldId::Host), "b:81");
  EXPECT_EQ(parser.head().target, "/?q");
}

TEST(RequestLine, AsteriskFormIsForOptions) {
  const auto rule = "RFC 9112 §3.2.4: asterisk-form is only used for a server-wide OPTIONS request";
  check_requests({
      {rule, line("OPTIONS * HTTP/1.1"), "OPTIONS * a 1.1 none keep"},
      {rule, line("GET * HTTP/1.1"), "400"},
      {rule, line("options * HTTP/1.1"), "400"},
      {rule, line("OPTIONS ** HTTP/1.1"), "400"},
      {rule, line("OPTIONS *?x HTTP/1.1"), "400"},
  });
}

TEST(RequestLine, VersionIsOneDotZeroOrOne) {
  const auto rule = "RFC 9112 §2.3: HTTP-version = HTTP-name \"/\" DIGIT \".\" DIGIT, case-sensitive";
  const auto other = "RFC 9110 §15.6.6: 505 for a major version that the server does not support";
  check_requests({
      {rule, "GET / HTTP/1.0\r\n\r\n", "GET /  1.0 none close"},
      {other, line("GET / HTTP/0.9"), "505"},
      {other, line("GET / HTTP/1.2"), "505"},
      {other, line("GET / HTTP/1.9"), "505"},
      {other, line("GET / HTTP/2.0"), "505"},
      {other, line("GET / HTTP/3.1"), "505"},
      {other, line("GET / HTTP/9.9"), "505"},
      {other, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {rule, line("GET / http/1.1"), "400"},
      {rule, line("GET / Http/1.1"), "400"},
      {rule, line("GET / HTTP/1"), "400"},
      {rule, line("GET / HTTP/2"), "400"},
      {rule, line("GET / HTTP/1."), "400"},
      {rule, line("GET / HTTP/.1"), "400"},
      {rule, line("GET / HTTP/1.10"), "400"},
      {rule, line("GET / HTTP/01.1"), "400"},
      {rule, line("GET / HTTP/11"), "400"},
      {rule, line("GET / HTTP/1,1"), "400"},
      {rule, line("GET / HTTP/+1.1"), "400"},
      {rule, line("GET / HTTP/-1.1"), "400"},
      {rule, line("GET / HTTP /1.1"), "400"},
      {rule, line("GET / HTTP 1.1"), "400"},
      {rule, line("GET / HTTPS/1.1"), "400"},
      {rule, line("GET / XHTTP/1.1"), "400"},
      {rule, line("GET / ICY/1.1"), "400"},
      {rule, line("GET / HTTP/1.1x"), "400"},
      {rule, line("GET / HTTP/1.\xb9"), "400"},
  });
}

TEST(RequestLine, TlsOnAPlainPortIsCalledByItsName) {
  for (const std::string_view start : {"\x16\x03\x01\x02\x00\x01"sv, "\x16"sv, "\x15\x03\x03"sv}) {
    RequestHeadParser parser{HeadLimits{}};
    ASSERT_EQ(parser.parse(start), HeadStatus::Refused);
    EXPECT_STREQ(parser.refusal().detail, "TLS where HTTP without it is spoken");
  }
  RequestHeadParser parser{HeadLimits{}};
  ASSERT_EQ(parser.parse("\x16GET / HTTP/1.1\r\n"), HeadStatus::Refused);
  EXPECT_STREQ(parser.refusal().detail, "control character");
}

TEST(RequestLine, OtherProtocolsAreToldAtOnce) {
  // Nobody should have to wait for the header timeout to learn that this port does not speak their protocol.
  const auto rule = "cannot become a request: refuse early";
  check_requests({
      {rule, "\x16\x03\x01\x02\x00\x01"s, "400"},  // TLS ClientHello
      {rule, "\x80\x2e\x01"s, "400"},              // SSLv2
      {rule, "\x00"s, "400"},
      {rule, "\n", "400"},
      {rule, "{\"a\":1}", "400"},
      {rule, "<policy-file-request/>", "400"},
      {rule, "(", "400"},
      {rule, "SSH-2.0-OpenSSH_9.2\r\n", "400"},
      {rule, "QUIT\r\n", "400"},
      {rule, "GET / SPDY/3\r\n", "400"},
      {rule, "GET / HTTP/3.0\r\n", "505"},
      {rule, "GET / HT", "incomplete"},
      {rule, "PUT", "incomplete"},
      {rule, "", "incomplete"},
  });
}

}  // namespace
}  // namespace frontdoor::http
