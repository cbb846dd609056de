// Heads as bytes.

#include "head_cases.h"
#include "http/head_writer.h"

namespace frontdoor::http {
namespace {

template <class Write>
std::string written(Write write) {
  char room[256];
  HeadWriter writer(room, sizeof room);
  write(writer);
  EXPECT_FALSE(writer.overflowed());
  return {room, writer.size()};
}

TEST(HeadWriter, WritesHeads) {
  EXPECT_EQ(written([](HeadWriter& w) {
              w.request_line("GET", "/a?b");
              w.field("Host", "a");
              w.framing({BodyKind::Length, 18446744073709551615u});
              w.end();
            }),
            "GET /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
  EXPECT_EQ(written([](HeadWriter& w) {
              w.status_line(404, "");
              w.framing({BodyKind::Chunked});
              w.end();
            }),
            "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n");
  // RFC 9112 §4: a reason phrase may be empty, the space before it may not be missing.
  EXPECT_EQ(written([](HeadWriter& w) { w.status_line(299, ""); }), "HTTP/1.1 299 \r\n");
  EXPECT_EQ(written([](HeadWriter& w) { w.status_line(200, "Fine"); }), "HTTP/1.1 200 Fine\r\n");
  EXPECT_EQ(written([](HeadWriter& w) { w.framing({}); }), "");
  EXPECT_EQ(written([](HeadWriter& w) { w.framing({BodyKind::UntilClose}); }), "");
  EXPECT_EQ(written([](HeadWriter& w) { w.framing({BodyKind::Length, 0}); }), "Content-Length: 0\r\n");
}

TEST(HeadWriter, SaysZeroWhereContentIsExpected) {
  // RFC 9110 §8.6: a user agent SHOULD send Content-Length when the method anticipates content, even if it is
  // 0.
  for (const auto method : {Method::Post, Method::Put, Method::Patch})
    EXPECT_EQ(written([&](HeadWriter& w) { w.request_framing({}, method); }), "Content-Length: 0\r\n");
  for (const auto method : {Method::Get, Method::Head, Method::Delete, Method::Options, Method::Other})
    EXPECT_EQ(written([&](HeadWriter& w) { w.request_framing({}, method); }), "");
  EXPECT_EQ(written([&](HeadWriter& w) { w.request_framing({BodyKind::Chunked}, Method::Post); }),
            "Transfer-Encoding: chunked\r\n");
}

TEST(HeadWriter, ReportsWhatDoesNotFit) {
  const std::string_view head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  for (std::size_t room = 0; room <= head.size(); ++room) {
    std::vector<char> exact(room);
    HeadWriter writer(exact.data(), room);
    writer.request_line("GET", "/");
    writer.field("A", "b");
    writer.end();
    EXPECT_EQ(writer.overflowed(), room < head.size()) << room;
    EXPECT_LE(writer.size(), room);
  }
}

TEST(HeadWriter, WhatItWritesCanBeRead) {
  const auto raw = written([](HeadWriter& w) {
    w.request_line("POST", "/a");
    w.field("Host", "a");
    w.framing({BodyKind::Chunked});
    w.end();
  });
  EXPECT_EQ(parse_request_whole(raw).outcome, "POST /a a 1.1 chunked keep");
}

TEST(ReasonPhrase, RegisteredOnly) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(418), "");  // (Unused)
  EXPECT_EQ(reason_phrase(0), "");
  EXPECT_EQ(reason_phrase(999), "");
}

}  // namespace
}  // namespace frontdoor::http
