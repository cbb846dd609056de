// What the access log can say of a request that was refused.

#include "http/request_sketch.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor::http {
namespace {

TEST(RequestSketch, TellsWhatHasCome) {
  struct {
    std::string bytes;
    std::string method, target, host;
  } const cases[] = {
      {"GET /a?b HTTP/1.1\r\nHost: e\r\nBad Field: 1\r\n\r\n", "GET", "/a?b", "e"},
      {"\r\nPOST / HTTP/1.1\nhost:  e:81 \n", "POST", "/", "e:81"},
      {"GET /slow HTTP/1.1\r\nX-A: 1\r\nHo", "GET", "/slow", ""},  // 408: the rest did not come
      {"GET /slo", "GET", "/slo", ""},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET", "/", "a"},
      {"GET  /two  blanks HTTP/1.1\r\n", "GET", "/two", ""},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI", "*", ""},
      // No request line, so nothing is said: a TLS hello, a blank first, a method as long as a book, nothing.
      {std::string("\x16\x03\x01\x02\x00\x01 /", 8), "", "", ""},
      {" GET / HTTP/1.1\r\n", "", "", ""},
      {std::string(200, 'A') + " / HTTP/1.1\r\n", "", "", ""},
      {"GET", "", "", ""},
      {"GET \r\n", "", "", ""},
      {"\r\n\r\n", "", "", ""},
      {"", "", "", ""},
  };
  for (const auto& c : cases) {
    const RequestSketch sketch = sketch_request(c.bytes);
    EXPECT_EQ(sketch.method, c.method) << c.bytes;
    EXPECT_EQ(sketch.target, c.target) << c.bytes;
    EXPECT_EQ(sketch.host, c.host) << c.bytes;
  }
}

TEST(RequestSketch, IsBounded) {
  const std::string long_target = "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: e\r\n";
  EXPECT_EQ(sketch_request(long_target).target.size(), 1024u);
  EXPECT_EQ(sketch_request(long_target).host, "e");
}

TEST(RequestSketch, KnowsTheVersion) {
  EXPECT_EQ(sketch_request("GET / HTTP/1.0\r\n").version, Version::Http10);
  EXPECT_EQ(sketch_request("GET / HTTP/1.1\r\n").version, Version::Http11);
  EXPECT_EQ(sketch_request("PRI * HTTP/2.0\r\n").version, Version::Http2);
}

}  // namespace
}  // namespace frontdoor::http
