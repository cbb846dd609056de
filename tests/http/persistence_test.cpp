// Connection, Expect and hop-by-hop: what of a head concerns only this connection.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string get10(const std::string& fields) { return "GET / HTTP/1.0\r\n" + fields + "\r\n"; }

TEST(Persistence, FollowsVersionAndConnection) {
  const auto rule = "RFC 9112 §9.3: close wins; HTTP/1.1 persists; HTTP/1.0 persists with keep-alive";
  check_requests({
      {rule, get(""), "GET / a 1.1 none keep"},
      {rule, get("Connection: close\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection: CLOSE\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection: keep-alive\r\n"), "GET / a 1.1 none keep"},
      {rule, get("Connection: keep-alive, close\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection: keep-alive\r\nConnection: close\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection: close\r\nConnection: keep-alive\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection: ,, close ,\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection:\r\n"), "GET / a 1.1 none keep"},
      {rule, get("Connection: closed\r\n"), "GET / a 1.1 none keep options"},
      {rule, get("Proxy-Connection: close\r\n"), "GET / a 1.1 none keep"},
      {rule, get10(""), "GET /  1.0 none close"},
      {rule, get10("Connection: keep-alive\r\n"), "GET /  1.0 none keep"},
      {rule, get10("Connection: Keep-Alive\r\n"), "GET /  1.0 none keep"},
      {rule, get10("Connection: x, keep-alive\r\n"), "GET /  1.0 none keep options"},
      {rule, get10("Connection: keep-alive, close\r\n"), "GET /  1.0 none close"},
      {rule, get10("Proxy-Connection: keep-alive\r\n"), "GET /  1.0 none close"},
  });
}

TEST(Persistence, ConnectionOptionsOfAllFieldsCount) {
  const auto rule = "RFC 9110 §7.6.1: Connection = #connection-option, over any number of field lines";
  check_requests({
      {rule, get("Connection: X-A\r\n"), "GET / a 1.1 none keep options"},
      {rule, get("Connection: Upgrade, HTTP2-Settings\r\n"), "GET / a 1.1 none keep options"},
      {rule, get("Connection: keep-alive\r\nConnection: X-A\r\n"), "GET / a 1.1 none keep options"},
      {rule, get("Connection: close, X-A\r\n"), "GET / a 1.1 none close options"},
      {rule, get("Connection: keep-alive, close\r\n"), "GET / a 1.1 none close"},
      {rule, get("Connection: a b\r\n"), "400"},
      {rule, get("Connection: \"close\"\r\n"), "400"},
      {"many options cost a comparison per field each",
       get("Connection: a" +
           []() {
             std::string more;
             for (int i = 0; i < 70; ++i) more += ",b";
             return more;
           }() +
           "\r\n"),
       "400"},
  });
}

TEST(Expect, OnlyContinueWithABodyIn11) {
  const auto rule =
      "RFC 9110 §10.1.1: 100-continue, case-insensitive; ignored from HTTP/1.0; only with content";
  check_requests({
      {rule, post("Content-Length: 5\r\nExpect: 100-continue\r\n"), "POST / a 1.1 length:5 keep expect"},
      {rule, post("Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n"),
       "POST / a 1.1 chunked keep expect"},
      {rule, post("Expect: 100-continue\r\n"), "POST / a 1.1 none keep"},
      {rule, post("Content-Length: 0\r\nExpect: 100-continue\r\n"), "POST / a 1.1 none keep"},
      {rule, post("Content-Length: 5\r\nExpect: 200-ok\r\n"), "POST / a 1.1 length:5 keep"},
      {rule, post("Content-Length: 5\r\nExpect: 100-continue-x\r\n"), "POST / a 1.1 length:5 keep"},
      {rule, post("Content-Length: 5\r\nExpect:\r\n"), "POST / a 1.1 length:5 keep"},
      {rule, "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
       "POST /  1.0 length:5 close"},
  });
}

}  // namespace
}  // namespace frontdoor::http
