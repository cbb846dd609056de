// Responses: the upstream is not the enemy, but a response split in two reaches somebody else's request.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string with_status_line(const std::string& line) { return line + "\r\nContent-Length: 0\r\n\r\n"; }

TEST(Response, StatusLine) {
  const auto rule = "RFC 9112 §4: status-line = HTTP-version SP status-code SP [ reason-phrase ]";
  const auto code = "RFC 9110 §15: status codes are three digits, 100 to 599";
  const auto odd = "RFC 9110 §15: a client SHOULD process an invalid code as if it had a 5xx";
  check_responses({
      {rule, with_status_line("HTTP/1.1 200 OK"), "200 OK 1.1 length:0 keep"},
      {rule, with_status_line("HTTP/1.1 200 "), "200  1.1 length:0 keep"},
      {rule, with_status_line("HTTP/1.1 200"), "200  1.1 length:0 keep"},
      {rule, with_status_line("HTTP/1.1 404 Not\tFound \xc3\xa9"),
       "404 Not\tFound \xc3\xa9 1.1 length:0 keep"},
      {rule, with_status_line("HTTP/1.0 200 OK"), "200 OK 1.0 length:0 close"},
      {code, with_status_line("HTTP/1.1 599 x"), "599 x 1.1 length:0 keep"},
      {code, with_status_line("HTTP/1.1 299 x"), "299 x 1.1 length:0 keep"},
      {odd, with_status_line("HTTP/1.1 600 x"), "600 x 1.1 length:0 keep"},
      {odd, with_status_line("HTTP/1.1 999"), "999  1.1 length:0 keep"},
      {odd, "HTTP/1.1 999 x\r\n\r\n", "999 x 1.1 until-close close"},
      {code, with_status_line("HTTP/1.1 099 x"), "502"},
      {code, with_status_line("HTTP/1.1 000 x"), "502"},
      {code, with_status_line("HTTP/1.1 20 OK"), "502"},
      {code, with_status_line("HTTP/1.1 2000 OK"), "502"},
      {code, with_status_line("HTTP/1.1 20x OK"), "502"},
      {code, with_status_line("HTTP/1.1 +20 OK"), "502"},
      {code, with_status_line("HTTP/1.1 200\tOK"), "502"},
      {code, with_status_line("HTTP/1.1 200OK"), "502"},
      {code, with_status_line("HTTP/1.1"), "502"},
      {code, with_status_line("HTTP/1.1 "), "502"},
      {rule, with_status_line("HTTP/1.1  200 OK"), "502"},
      {rule, with_status_line("HTTP/1.1\t200 OK"), "502"},
      {rule, with_status_line(" HTTP/1.1 200 OK"), "502"},
      {rule, with_status_line("\r\nHTTP/1.1 200 OK"), "502"},
      {rule, with_status_line("HTTP/1.2 200 OK"), "502"},
      {rule, with_status_line("HTTP/2.0 200 OK"), "502"},
      {rule, with_status_line("HTTP/2 200 OK"), "502"},
      {rule, with_status_line("HTTP/0.9 200 OK"), "502"},
      {rule, with_status_line("http/1.1 200 OK"), "502"},
      {rule, with_status_line("ICY 200 OK"), "502"},
      {rule, with_status_line("HTTP/1.1 200 O\x00K"s), "502"},
      {rule, with_status_line("HTTP/1.1 200 O\rK"), "502"},
      {rule, with_status_line("HTTP/1.1 200 OK\n"), "502"},
      {rule, "<html>", "502"},
      {rule, "SSH-2.0-x\r\n", "502"},
      {rule, "\x15\x03\x01\x00\x02\x02\x0a"s, "502"},  // a TLS alert
      {rule, "HTTP/1.1 2", "incomplete"},
      {rule, "H", "incomplete"},
  });
}

TEST(Response, BodyFraming) {
  const auto rule = "RFC 9112 §6.3: Message Body Length";
  check_responses({
      {rule, ok("Content-Length: 5\r\n"), "200 OK 1.1 length:5 keep"},
      {rule, ok("Content-Length: 0\r\n"), "200 OK 1.1 length:0 keep"},
      {rule, ok("Transfer-Encoding: chunked\r\n"), "200 OK 1.1 chunked keep"},
      {rule, ok(""), "200 OK 1.1 until-close close"},
      {rule, ok("Connection: keep-alive\r\n"), "200 OK 1.1 until-close close"},
      {rule, "HTTP/1.0 200 OK\r\n\r\n", "200 OK 1.0 until-close close"},
      {rule, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
       "200 OK 1.0 length:5 keep"},
      {rule, ok("Content-Length: 5\r\nConnection: close\r\n"), "200 OK 1.1 length:5 close"},
      {rule, ok("Content-Length: 5\r\nConnection: X-A\r\n"), "200 OK 1.1 length:5 keep options"},
  });
}

TEST(Response, AmbiguousFramingIsRefused) {
  const auto rule = "RFC 9112 §6.3 rules 3 to 5: the proxy MUST discard the response and send a 502";
  check_responses({
      {rule, ok("Content-Length: 5, 5\r\n"), "502"},
      {rule, ok("Content-Length: 5\r\nContent-Length: 5\r\n"), "502"},
      {rule, ok("Content-Length: 5\r\nContent-Length: 6\r\n"), "502"},
      {rule, ok("Content-Length: -5\r\n"), "502"},
      {rule, ok("Content-Length: +5\r\n"), "502"},
      {rule, ok("Content-Length: 5 5\r\n"), "502"},
      {rule, ok("Content-Length: x\r\n"), "502"},
      {rule, ok("Content-Length:\r\n"), "502"},
      {rule, ok("Content-Length: 9223372036854775808\r\n"), "502"},
      {rule, ok("Content-Length: 18446744073709551616\r\n"), "502"},
      {rule, ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "502"},
      {rule, ok("Transfer-Encoding: gzip\r\n"), "502"},
      {rule, ok("Transfer-Encoding: gzip, chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked, identity\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked, chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: xchunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: \r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked, chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked, chunked\r\nTransfer-Encoding: chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: \r\n"), "502"},
      {rule, ok("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: gzip, chunked\r\nTransfer-Encoding: chunked\r\n"), "502"},
      {rule, ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "502"},
      {rule, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "502"},
      {rule, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "502"},
      {rule, ok("Content_Length: 5\r\n"), "502"},
      {rule, ok("Transfer_Encoding: chunked\r\n"), "502"},
  });
}

TEST(Response, TheSameChunkedLineAgainIsForgiven) {
  const auto ours = "docs/adr/0013: two layers of an app that each write the line mean one coding";
  check_responses({
      {ours, ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "200 OK 1.1 chunked keep"},
      {ours, ok("transfer-encoding: Chunked\r\nA: b\r\nTransfer-Encoding: chunked\r\n"), "200 OK 1.1 chunked keep"},
      {ours, ok("Transfer-Encoding : chunked\r\nTransfer-Encoding: chunked\r\n"), "200 OK 1.1 chunked keep"},
  });
}

TEST(Response, SomeStatusesHaveNoBody) {
  const auto rule = "RFC 9112 §6.3 rule 1: 1xx, 204 and 304 end with the first empty line";
  check_responses({
      {rule, "HTTP/1.1 100 Continue\r\n\r\n", "100 Continue 1.1 none keep"},
      {rule, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "103 Early Hints 1.1 none keep"},
      {rule, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
       "101 Switching Protocols 1.1 none keep options"},
      {rule, "HTTP/1.1 204 No Content\r\n\r\n", "204 No Content 1.1 none keep"},
      {rule, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 No Content 1.1 none keep"},
      {rule, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "204 No Content 1.1 none keep"},
      {rule, "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", "100 Continue 1.1 none keep"},
      {rule, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 Not Modified 1.1 none keep"},
      {rule, "HTTP/1.1 304 Not Modified\r\n\r\n", "304 Not Modified 1.1 none keep"},
      {rule, "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n", "502"},
      {rule, "HTTP/1.1 205 Reset Content\r\n\r\n", "205 Reset Content 1.1 until-close close"},
      {rule, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", "204 No Content 1.1 none close"},
  });
}

TEST(Response, AnswerToHeadHasNoBody) {
  const auto rule = "RFC 9112 §6.3 rule 1: any response to a HEAD request ends with its head";
  check_responses(
      {
          {rule, ok("Content-Length: 5\r\n"), "200 OK 1.1 none keep"},
          {rule, ok("Transfer-Encoding: chunked\r\n"), "200 OK 1.1 none keep"},
          {rule, ok(""), "200 OK 1.1 none keep"},
          {rule, ok("Content-Length: 5, 5\r\n"), "502"},
          {rule, ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "502"},
      },
      Method::Head);
}

TEST(Response, LinesAndNames) {
  const auto fold = "RFC 9112 §5.2: a proxy MUST replace an obs-fold in a response or send a 502";
  const auto line = "RFC 9112 §2.2: lines end with CRLF";
  const auto name = "RFC 9110 §5.1: field-name = token";
  check_responses({
      {fold, ok("X: a\r\n b\r\nContent-Length: 0\r\n"), "502"},
      {fold, ok(" X: a\r\nContent-Length: 0\r\n"), "502"},
      {fold, ok("Content-Length:\r\n 5\r\n"), "502"},
      {line, "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "502"},
      {line, ok("X: a\nContent-Length: 0\r\n"), "502"},
      {line, ok("X: a\rContent-Length: 0\r\n"), "502"},
      {line, ok("X: a\x00\r\n"s), "502"},
      {line, ok("X: a\x0b\r\n"), "502"},
      {line, ok("X: a\x7f\r\n"), "502"},
      {line, ok("X: a\xff\tb\r\nContent-Length: 0\r\n"), "200 OK 1.1 length:0 keep"},
      {name, ok(": a\r\n"), "502"},
      {name, ok("X\r\n"), "502"},
      {name, ok("X Y: a\r\n"), "502"},
      {name, ok("X@: a\r\n"), "502"},
      {name, ok(" : a\r\n"), "502"},
      {name, ok("X: y\r\n : a\r\n"), "502"},
  });
}

TEST(Response, WhiteSpaceBeforeTheColonIsRemoved) {
  const auto rule = "RFC 9112 §5.1: a proxy MUST remove white space between name and colon from a response";
  check_responses({
      {rule, ok("Content-Length : 5\r\n"), "200 OK 1.1 length:5 keep"},
      {rule, ok("Content-Length \t: 5\r\n"), "200 OK 1.1 length:5 keep"},
      {rule, ok("Transfer-Encoding : chunked\r\n"), "200 OK 1.1 chunked keep"},
      {rule, ok("Content-Length: 5\r\nContent-Length : 6\r\n"), "502"},
      {rule, ok("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n"), "502"},
      {rule, "HTTP/1.1 200\r\nContent-Length : 5\r\n\r\n", "200  1.1 length:5 keep"},
  });
  const auto raw = ok("X-A : b : c\r\nContent-Length: 0\r\n");
  ResponseHeadParser parser({});
  ASSERT_EQ(parser.parse(raw, Method::Get), HeadStatus::Complete);
  EXPECT_EQ(parser.head().fields.front().name, "X-A");
  EXPECT_EQ(parser.head().fields.front().value, "b : c");
  EXPECT_EQ(parser.head_size(), raw.size());  // of what was received, not of what was repaired
}

TEST(Response, ParserIsReusedForTheNextResponse) {
  ResponseHeadParser parser({});
  const std::string first = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string both = first + ok("Content-Length: 5\r\n") + "hello";
  ASSERT_EQ(parser.parse(both, Method::Post), HeadStatus::Complete);
  EXPECT_TRUE(parser.head().informational());
  EXPECT_EQ(parser.head_size(), first.size());
  parser.reset();
  const auto rest = std::string_view(both).substr(first.size());
  EXPECT_EQ(outcome(parser.parse(rest, Method::Post), parser), "200 OK 1.1 length:5 keep");
}

}  // namespace
}  // namespace frontdoor::http
