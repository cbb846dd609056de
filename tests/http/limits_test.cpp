// Sizes at their edges, and how a parser is used over a connection's life.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string path_of_size(std::size_t size) { return "/" + std::string(size - 1, 'a'); }

TEST(Limits, HeadBytes) {
  const auto rule = "RFC 6585 §5: 431 for a head that is too large";
  const auto exact = get("");  // 27 bytes
  HeadLimits limits{.header_bytes = exact.size(), .header_count = 100, .uri_bytes = 8};
  check_requests({{rule, exact, "GET / a 1.1 none keep"}, {rule, exact + "GET", "GET / a 1.1 none keep"}},
                 limits);
  check_requests({{rule, get("X: y\r\n"), "431"}}, limits);
  limits.header_bytes = exact.size() - 1;
  check_requests({{rule, exact, "431"}}, limits);
  check_requests({{rule, exact.substr(0, exact.size() - 1), "incomplete"}}, limits);
  // A fault inside the limit is reported as what it is; one behind it is never looked at.
  check_requests({{rule, "GET / HTTP/1.1\r\nHost: a\n\r\nxxxxx", "400"}}, limits);
  check_requests({{rule, "GET / HTTP/1.1\r\nHost: aaaaaaaa\n", "431"}}, limits);
}

TEST(Limits, FieldCount) {
  const auto rule = "RFC 6585 §5: 431 for too many fields";
  const HeadLimits limits{.header_bytes = 4096, .header_count = 3, .uri_bytes = 64};
  check_requests({{rule, get("A: 1\r\nB: 2\r\n"), "GET / a 1.1 none keep"},
                  {rule, get("A: 1\r\nB: 2\r\nC: 3\r\n"), "431"},
                  {rule, get("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n"), "431"}},
                 limits);
}

TEST(Limits, UriBytes) {
  const auto rule = "RFC 9110 §15.5.15: 414 for a target longer than the server will interpret";
  const HeadLimits limits{.header_bytes = 4096, .header_count = 100, .uri_bytes = 50};
  const auto request = [](std::size_t size) {
    return "GET " + path_of_size(size) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  check_requests({{rule, request(50), "GET " + path_of_size(50) + " a 1.1 none keep"},
                  {rule, request(51), "414"},
                  {rule, request(59), "414"},
                  {rule, request(60), "414"},
                  {rule, request(2000), "414"},
                  {rule, "GET " + path_of_size(200), "414"},
                  {rule, "GET " + path_of_size(40), "incomplete"},
                  {rule, "GET /a" + std::string(100, '\x80'), "414"}},
                 limits);
}

TEST(Limits, LongUriIsRefusedBeforeItsLineEnds) {
  RequestHeadParser parser({.header_bytes = 32768, .header_count = 100, .uri_bytes = 100});
  const std::string line = "GET " + path_of_size(200);
  EXPECT_EQ(parser.parse(line), HeadStatus::Refused);
  EXPECT_EQ(parser.refusal().status, 414);
  EXPECT_STREQ(parser.refusal().outcome, "uri_too_long");
}

TEST(Limits, ResponsesAreRefusedToo) {
  const auto rule = "limits hold for upstreams as well";
  const HeadLimits limits{.header_bytes = 64, .header_count = 2, .uri_bytes = 50};
  check_responses({{rule, ok("A: 1\r\nContent-Length: 5\r\n"), "200 OK 1.1 length:5 keep"},
                   {rule, ok("A: 1\r\nB: 2\r\nC: 3\r\n"), "502"},
                   {rule, ok("A: " + std::string(100, 'a') + "\r\n"), "502"},
                   {rule, "HTTP/1.1 200 " + std::string(100, 'a'), "502"}},
                  Method::Get, limits);
}

TEST(RequestHeadParser, LeavesWhatFollowsTheHead) {
  const std::string first = post("Content-Length: 5\r\n");
  const std::string raw = "\r\n" + first + "hello" + get("");
  RequestHeadParser parser({});
  ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
  EXPECT_EQ(parser.head_size(), first.size() + 2);  // the empty line before it is consumed with it
  parser.reset();
  EXPECT_FALSE(parser.started());
  ASSERT_EQ(parser.parse(std::string_view(raw).substr(first.size() + 2 + 5)), HeadStatus::Complete);
  EXPECT_EQ(parser.head().method, Method::Get);
}

TEST(RequestHeadParser, StartsWithTheFirstByteThatIsNotAnEmptyLine) {
  RequestHeadParser parser({});
  EXPECT_EQ(parser.parse(""), HeadStatus::Incomplete);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("\r"), HeadStatus::Incomplete);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("\r\n"), HeadStatus::Incomplete);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("\r\nG"), HeadStatus::Incomplete);
  EXPECT_TRUE(parser.started());
}

TEST(RequestHeadParser, ForgetsTheLastHead) {
  RequestHeadParser parser({});
  const auto with_body = post("Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close, x\r\n");
  ASSERT_EQ(parser.parse(with_body), HeadStatus::Complete);
  parser.reset();
  const auto plain = get("");
  EXPECT_EQ(outcome(parser.parse(plain), parser), "GET / a 1.1 none keep");
  EXPECT_EQ(parser.head().fields.size(), 1u);
  parser.reset();
  EXPECT_EQ(parser.parse("\x16"), HeadStatus::Refused);
  parser.reset();
  EXPECT_EQ(outcome(parser.parse(plain), parser), "GET / a 1.1 none keep");
}

TEST(RequestHeadParser, ViewsLieInTheBuffer) {
  const std::string raw = "GET http://b/x HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  RequestHeadParser parser({});
  ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
  const auto inside = [&](std::string_view view) {
    return view.data() >= raw.data() && view.data() + view.size() <= raw.data() + raw.size();
  };
  EXPECT_TRUE(inside(parser.head().target));
  EXPECT_TRUE(inside(parser.head().authority));
  EXPECT_TRUE(inside(parser.head().method_text));
  for (const auto& field : parser.head().fields) EXPECT_TRUE(inside(field.name) && inside(field.value));
}

TEST(RequestHeadParser, DoesNotAllocateInTheSteadyState) {
  RequestHeadParser parser({});
  const auto raw = get("A: 1\r\nB: 2\r\n");
  ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
  const auto* fields = parser.head().fields.data();
  for (int i = 0; i < 3; ++i) {
    parser.reset();
    ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
    EXPECT_EQ(parser.head().fields.data(), fields);
  }
}

}  // namespace
}  // namespace frontdoor::http
