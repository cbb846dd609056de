// The reader of the table itself: what it understands, and that it does not let a slip of the pen pass.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/case_file.h"
#include "conformance/wire_reader.h"

namespace frontdoor::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kRow =
    "== a row\nRFC 9112 §6.3: some sentence\n> POST / HTTP/1.1\n>\n>| ab\\x00\n...\n>| cd\n"
    "client 100 200 keep\nupstream 2 on 1 close\nupstream-body \n";

TEST(CaseFile, ReadsARow) {
  const auto file = parse_cases("family", kRow);
  ASSERT_THAT(file.errors, IsEmpty());
  ASSERT_THAT(file.cases, SizeIs(1));
  const Case& row = file.cases.front();
  EXPECT_EQ(row.name, "a row");
  ASSERT_THAT(row.steps, SizeIs(2));
  EXPECT_EQ(row.steps[0].bytes, std::string("POST / HTTP/1.1\r\n\r\nab\0", 22));
  EXPECT_EQ(row.steps[1].bytes, "cd");
  EXPECT_THAT(row.client.statuses, ElementsAre(100, 200));
  EXPECT_EQ(row.upstream.requests, 2u);
  EXPECT_EQ(row.upstream.fate, UpstreamSees::Fate::Closed);
}

TEST(CaseFile, RefusesWhatItDoesNotUnderstand) {
  struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"== a\nRFC 1: x\n> GET\nclient 200 keep\n", "what client and upstream see"},
      {"== a\nRFC 1: x\n> GET\nupstream nothing\n", "what client and upstream see"},
      {"== a\nRFC 1: x\n> GET\nclient 200\nupstream nothing\n", "keep, close, hangup or cut"},
      {"== a\nRFC 1: x\n> GET\nclient 2000 keep\nupstream nothing\n", "takes statuses"},
      {"== a\nRFC 1: x\n> GET\nclient 200 keep\nupstream 0\n", "number of requests"},
      {"== a\nRFC 1: x\n> GET\nclient 200 keep\nupstream nothing much\n", "nothing may follow"},
      {"== a\nRFC 1: x\n> GET\nclient 200 keep\nupstream 1 keeps\n", "takes a number"},
      {"== a\nRFC 1: x\nclient 200 keep\nupstream nothing\n", "sends nothing"},
      {"== a\nno rule\n> GET\nclient 200 keep\nupstream nothing\n", "which sentence"},
      {"== a\nRFC 1: x\n> GET\nclint 200 keep\n", "unknown word \"clint\""},
      {"> GET\n", "before the first case"},
  };
  for (const auto& row : cases) {
    const auto file = parse_cases("f", row.text);
    ASSERT_FALSE(file.errors.empty()) << row.text;
    EXPECT_THAT(file.errors.front(), HasSubstr(row.error)) << row.text;
  }
}

TEST(CaseFile, Unescapes) {
  EXPECT_EQ(unescape("a\\r\\n\\t\\s\\\\\\x41"), "a\r\n\t \\A");
  EXPECT_EQ(unescape("<\\{ab*3}>"), "<ababab>");
  EXPECT_EQ(unescape("\\{a\\r\\n*2}"), "a\r\na\r\n");
}

TEST(WireReader, CountsWhatAStrictRecipientWould) {
  const auto requests = read_requests(
      "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nx\r\n0\r\nT: 1\r\n\r\nGET / HT");
  EXPECT_EQ(requests.complete, 2u);
  ASSERT_THAT(requests.all, SizeIs(3));
  EXPECT_EQ(requests.all[0].body, "ab");
  EXPECT_EQ(requests.all[1].body, "x");

  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(read_responses(head + head, {"HEAD", "HEAD"}, false).complete, 2u);
  EXPECT_EQ(read_responses("HTTP/1.1 103 x\r\n\r\n" + head + "o", {"GET"}, false).complete, 1u);
  EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\n\r\nabc", {"GET"}, false).complete, 0u);
  EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\n\r\nabc", {"GET"}, true).all[0].body, "abc");
}

}  // namespace
}  // namespace frontdoor::conformance
