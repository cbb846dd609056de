// The chunked coding, RFC 9112 §7.1. Every row is decoded whole, byte by byte and with every split in two.

#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace frontdoor::http {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string outcome;  // "done: BODY [name=value;…] rest=N", "malformed" or "more: BODY"
  std::string error;
};

// Feeds `raw` in pieces that end at `cuts`, each from a buffer of exactly its size, as a connection would.
Decoded decode(ChunkedDecoder& decoder, const std::string& raw, const std::vector<std::size_t>& cuts) {
  std::string body;
  std::size_t at = 0;
  auto status = ChunkedDecoder::Status::NeedMore;
  for (std::size_t i = 0; i <= cuts.size() && status == ChunkedDecoder::Status::NeedMore; ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : raw.size();
    std::vector<char> piece(raw.begin() + static_cast<std::ptrdiff_t>(at),
                            raw.begin() + static_cast<std::ptrdiff_t>(end));
    const auto step = decoder.decode(piece.data(), piece.size());
    status = step.status;
    EXPECT_LE(step.produced, step.consumed);
    if (status == ChunkedDecoder::Status::NeedMore) {
      EXPECT_EQ(step.consumed, piece.size());
    }
    // Bytes behind what was consumed belong to the next message and must not be touched.
    EXPECT_TRUE(std::equal(piece.begin() + static_cast<std::ptrdiff_t>(step.consumed), piece.end(),
                           raw.begin() + static_cast<std::ptrdiff_t>(at + step.consumed)));
    body.append(piece.data(), step.produced);
    at += step.consumed;
  }
  if (status == ChunkedDecoder::Status::Malformed) return {"malformed", decoder.error()};
  if (status == ChunkedDecoder::Status::NeedMore) return {"more: " + body, ""};
  std::string text = "done: " + body;
  for (const auto& field : decoder.trailers())
    text += " " + std::string(field.name) + "=" + std::string(field.value);
  // The caller's buffer may hold more than this piece; what counts is how far the message went.
  return {text, std::to_string(at)};
}

struct ChunkedRow {
  const char* rule;
  std::string raw;
  std::string want;
};

using Blanks = ChunkedDecoder::Blanks;

void check(std::initializer_list<ChunkedRow> rows, Blanks blanks = Blanks::Refuse) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.rule + "\n"s + testing::PrintToString(row.raw.substr(0, 200)));
    ChunkedDecoder decoder(blanks);
    const auto whole = decode(decoder, row.raw, {});
    EXPECT_EQ(whole.outcome, row.want) << whole.error;

    std::vector<std::size_t> every;
    for (std::size_t cut = 1; cut < row.raw.size(); ++cut) {
      every.push_back(cut);
      decoder.reset();
      const auto split = decode(decoder, row.raw, {cut});
      ASSERT_EQ(split.outcome, whole.outcome) << "split at " << cut << ": " << split.error;
      ASSERT_EQ(split.error, whole.error) << "split at " << cut;
    }
    decoder.reset();
    const auto slow = decode(decoder, row.raw, every);
    EXPECT_EQ(slow.outcome, whole.outcome) << slow.error;
    EXPECT_EQ(slow.error, whole.error);
  }
}

TEST(Chunked, Bodies) {
  const auto rule = "RFC 9112 §7.1: chunked-body = *chunk last-chunk trailer-section CRLF";
  check({
      {rule, "0\r\n\r\n", "done: "},
      {rule, "5\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "done: hello world"},
      {rule, "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n", "done: abcd"},
      {rule, "a\r\n0123456789\r\n0\r\n\r\n", "done: 0123456789"},
      {rule, "A\r\n0123456789\r\n0\r\n\r\n", "done: 0123456789"},
      {rule, "00005\r\nhello\r\n000\r\n\r\n", "done: hello"},
      {rule, "4\r\n\r\n\r\n\r\n0\r\n\r\n", "done: \r\n\r\n"},
      {rule, "3\r\n\x00\x01\xff\r\n0\r\n\r\n"s, "done: \x00\x01\xff"s},
      {rule, "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "done: hello"},
      {rule, "5\r\nhello\r\n0\r\n", "more: hello"},
      {rule, "5\r\nhel", "more: hel"},
      {rule, "5\r\nhello\r\n0\r\n\r", "more: hello"},
      {rule, "", "more: "},
  });
}

TEST(Chunked, SizesAreHexDigitsOnly) {
  const auto rule = "RFC 9112 §7.1: chunk-size = 1*HEXDIG";
  check({
      {rule, "\r\n\r\n", "malformed"},
      {rule, ";a\r\n", "malformed"},
      {rule, "g\r\n", "malformed"},
      {rule, "0x5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "+5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "-5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "-0\r\n\r\n", "malformed"},
      {rule, " 5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "\t5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5 \r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5\t\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5 5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5_0\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5,5\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5\x00\r\nhello\r\n0\r\n\r\n"s, "malformed"},
      {rule, "\x00"s, "malformed"},
      {rule, "5\xb5\r\n", "malformed"},
      {rule, "5h\r\nhello\r\n", "malformed"},
      {rule, "\"5\"\r\nhello\r\n", "malformed"},
  });
}

TEST(Chunked, SizesDoNotOverflow) {
  const auto rule =
      "RFC 9112 §7.1: recipients MUST anticipate large hexadecimal numerals and prevent overflow";
  check({
      {rule, "7fffffffffffffff\r\nabc", "more: abc"},
      {rule, "8000000000000000\r\nabc", "malformed"},
      {rule, "ffffffffffffffff\r\nabc", "malformed"},
      {rule, "10000000000000005\r\nhello\r\n0\r\n\r\n", "malformed"},  // 5 modulo 2^64
      {rule, "100000000\r\nabc", "more: abc"},                         // 0 modulo 2^32
      {rule, std::string(500, '0') + "1\r\na\r\n0\r\n\r\n", "done: a"},
      {rule, std::string(1100, '0') + "1\r\na\r\n0\r\n\r\n", "malformed"},
  });
}

TEST(Chunked, LinesEndWithCrLf) {
  const auto rule = "RFC 9112 §7.1: chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF";
  check({
      {rule, "5\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5\rhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5\r\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5\r\nhello\n0\r\n\r\n", "malformed"},
      {rule, "5\r\nhello\r0\r\n\r\n", "malformed"},
      {rule, "5\r\nhelloX\r\n0\r\n\r\n", "malformed"},
      {rule, "5\r\nhello0\r\n\r\n", "malformed"},
      {rule, "5\r\nhello\r\n\r\n0\r\n\r\n", "malformed"},
      {rule, "4\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "0\n\n", "malformed"},
      {rule, "0\r\n\n", "malformed"},
      {rule, "0\r\n\rX", "malformed"},
      {rule, "0\n\r\n", "malformed"},
  });
}

TEST(Chunked, ExtensionsAreParsedAndDropped) {
  const auto rule = "RFC 9112 §7.1.1: chunk-ext = *( \";\" token [ \"=\" ( token / quoted-string ) ] )";
  check({
      {rule, "5;a\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5;a=b\r\nhello\r\n0;c=d\r\n\r\n", "done: hello"},
      {rule, "5;a=b;c;d=\"e f\"\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5;a=\"\"\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5;a=\"\\\"\\\\;\"\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5;a=\"\t\xff\";b\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5;\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;;a\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;=b\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=b=c\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\"b\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\"b\nc\"\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\"b\rc\"\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\"\\\n\"\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a=\"\x00\"\r\nhello\r\n0\r\n\r\n"s, "malformed"},
      {rule, "5;a=\"\x7f\"\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a\nb\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a\n\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a@b\r\nhello\r\n0\r\n\r\n", "malformed"},
      {rule, "5;a\xc3\xa9\r\nhello\r\n0\r\n\r\n", "malformed"},
      {"RFC 9112 §7.1.1: limit the total length of chunk extensions",
       "5;a=" + std::string(900, 'b') + "\r\nhello\r\n0\r\n\r\n", "done: hello"},
      {"RFC 9112 §7.1.1: limit the total length of chunk extensions",
       "5;a=" + std::string(1100, 'b') + "\r\nhello\r\n0\r\n\r\n", "malformed"},
  });
}

TEST(Chunked, BlanksAreSkippedInResponsesOnly) {
  const auto rule = "RFC 9112 §7.1.1: a recipient MUST parse for bad white space and remove it";
  const auto none = "RFC 9112 §7.1: chunk-size = 1*HEXDIG, and no white space before it or within";
  const std::initializer_list<ChunkedRow> skipped = {
      {rule, "5 \r\nhello\r\n0   \r\n\r\n", "done: hello"},
      {rule, "5\t \r\nhello\r\n0\r\n\r\n", "done: hello"},
      {rule, "5     \r\nhello\r\n0\r\nA: b\r\n\r\n", "done: hello A=b"},
      {rule, "3 ; a=b\r\nabc\r\n0\r\n\r\n", "done: abc"},
      {rule, "3 ;\ta\t= b\t; c ;d=\"e \" \r\nabc\r\n0\r\n\r\n", "done: abc"},
      {rule, "3;a \r\nabc\r\n0;b \r\n\r\n", "done: abc"},
      {rule, "3;a=b \r\nabc\r\n0\r\n\r\n", "done: abc"},
      {rule, "3" + std::string(1000, ' ') + "\r\nabc\r\n0\r\n\r\n", "done: abc"},
  };
  check(skipped, Blanks::Skip);
  for (const auto& row : skipped) check({{row.rule, row.raw, "malformed"}});
  check(
      {
          {none, " 5\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "\t5\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, " \r\n\r\n", "malformed"},
          {none, "5 5\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5 a\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5 \nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5 \r \nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5\v\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5\r\nhello \r\n0\r\n\r\n", "malformed"},
          {none, "5;a b\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5;a=b c\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5;a=\"b\" c\r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5; \r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5;a= \r\nhello\r\n0\r\n\r\n", "malformed"},
          {none, "5 = b\r\nhello\r\n0\r\n\r\n", "malformed"},
          {"a line of 1 KiB", "3" + std::string(1100, ' ') + "\r\nabc\r\n0\r\n\r\n", "malformed"},
      },
      Blanks::Skip);
}

std::string chunks(std::size_t count, const std::string& line, const std::string& data) {
  std::string raw;
  for (std::size_t i = 0; i < count; ++i) raw += line + "\r\n" + data + "\r\n";
  return raw + "0\r\n\r\n";
}

TEST(Chunked, SmallChunksMayHaveShortExtensions) {
  const std::string hundred(100, 'x');
  const struct {
    const char* what;
    std::size_t count;
    std::string line;
    std::string data;
  } rows[] = {
      {"none at all", 20'000, "1", "x"},
      {"the issue's", 5'000, "1;abc", "x"},
      {"16 bytes for nothing, and twice the data", 20'000, "1;a=" + std::string(14, 'b'), "x"},
      {"a size of fixed width", 20'000, "00000001", "x"},
      {"signed chunks", 2'000, "64;chunk-signature=" + std::string(64, 'f'), hundred},
      {"blanks of fixed width", 20'000, "1       ", "x"},
  };
  for (const auto& row : rows) {
    ChunkedDecoder decoder(Blanks::Skip);
    std::string raw = chunks(row.count, row.line, row.data);
    const auto step = decoder.decode(raw.data(), raw.size());
    EXPECT_EQ(step.status, ChunkedDecoder::Status::Done) << row.what << ": " << decoder.error();
    EXPECT_EQ(step.produced, row.count * row.data.size()) << row.what;
  }
}

TEST(Chunked, LinesDoNotOutweighTheirDataForEver) {
  const std::string lines[] = {"1;a=" + std::string(900, 'b'), "1;a=" + std::string(15, 'b'), std::string(30, '0') + "1",
                               "1" + std::string(500, ' '), "1;a=\"" + std::string(40, ' ') + "\""};
  for (const auto& line : lines) {
    ChunkedDecoder decoder(Blanks::Skip);
    std::string raw = chunks(20'000, line, "x");
    EXPECT_EQ(decoder.decode(raw.data(), raw.size()).status, ChunkedDecoder::Status::Malformed) << line;
    EXPECT_STREQ(decoder.error(), "chunk lines outweigh their data") << line;
    decoder.reset();  // the next message begins anew
    std::string few = chunks(16 * 1024 / line.size(), line, "x");
    EXPECT_EQ(decoder.decode(few.data(), few.size()).status, ChunkedDecoder::Status::Done) << line;
  }
  // What large chunks leave is no credit for later.
  ChunkedDecoder decoder;
  std::string raw = "100000\r\n" + std::string(0x100000, 'x') + "\r\n" + chunks(20, lines[0], "x");
  EXPECT_EQ(decoder.decode(raw.data(), raw.size()).status, ChunkedDecoder::Status::Malformed);
}

TEST(Chunked, TrailersFollowTheRulesOfFields) {
  const auto rule = "RFC 9112 §7.1.2: trailer-section = *( field-line CRLF )";
  check({
      {rule, "0\r\nA: b\r\n\r\n", "done:  A=b"},
      {rule, "5\r\nhello\r\n0\r\nA:b \r\nC:\r\n\r\n", "done: hello A=b C="},
      {rule, "0\r\ngrpc-status: 0\r\nServer-Timing: a;dur=1\r\n\r\n",
       "done:  grpc-status=0 Server-Timing=a;dur=1"},
      {rule, "0\r\nA: \xff\tb\r\n\r\n", "done:  A=\xff\tb"},
      {rule, "0\r\nA: b\r\n\r\nrest", "done:  A=b"},
      {rule, "0\r\nA: b\r\n", "more: "},
      {rule, "0\r\nA\r\n\r\n", "malformed"},
      {rule, "0\r\n: b\r\n\r\n", "malformed"},
      {rule, "0\r\nA : b\r\n\r\n", "malformed"},
      {rule, "0\r\nA B: c\r\n\r\n", "malformed"},
      {rule, "0\r\n A: b\r\n\r\n", "malformed"},
      {rule, "0\r\nA: b\r\n c\r\n\r\n", "malformed"},
      {rule, "0\r\nA: b\r\n\tc\r\n\r\n", "malformed"},
      {rule, "0\r\nA: b\n\r\n", "malformed"},
      {rule, "0\r\nA: b\rc\r\n\r\n", "malformed"},
      {rule, "0\r\nA: b\r\nC: d\n\n", "malformed"},
      {rule, "0\r\nA: \x00\r\n\r\n"s, "malformed"},
      {rule, "0\r\nA: \x7f\r\n\r\n", "malformed"},
      {rule, "0\r\nGET / HTTP/1.1\r\n\r\n", "malformed"},
      {rule, "0\r\nA\xc3\xa9: b\r\n\r\n", "malformed"},
  });
}

TEST(Chunked, ForbiddenTrailersAreDropped) {
  const auto rule =
      "RFC 9110 §6.5.1: no fields for framing, routing, authentication, request modifiers, ... in trailers";
  for (const std::string name : {"Content-Length",
                                 "transfer-encoding",
                                 "Host",
                                 "Connection",
                                 "Keep-Alive",
                                 "TE",
                                 "Trailer",
                                 "Upgrade",
                                 "Authorization",
                                 "Proxy-Authorization",
                                 "Proxy-Connection",
                                 "Cookie",
                                 "Set-Cookie",
                                 "Cache-Control",
                                 "Expect",
                                 "Range",
                                 "If-Match",
                                 "If-None-Match",
                                 "Max-Forwards",
                                 "Content-Type",
                                 "Content-Encoding",
                                 "Content-Range",
                                 "Location",
                                 "X-Forwarded-For",
                                 "X-Forwarded-Anything",
                                 "Forwarded",
                                 "X-Request-Id",
                                 "X-Real-IP",
                                 "Via",
                                 "Content_Length",
                                 "X_Forwarded_For",
                                 "WWW-Authenticate",
                                 "HTTP2-Settings"})
    check({{rule, "0\r\nA: b\r\n" + name + ": 5\r\n\r\n", "done:  A=b"}});
  check({{rule, "0\r\nContent-Digest: x\r\n\r\n", "done:  Content-Digest=x"}});
}

TEST(Chunked, TrailersAreLimited) {
  ChunkedDecoder decoder;
  decoder.trailer_bytes = 10;
  std::string fits = "0\r\nA: 3456789\r\n\r\n", exceeds = "0\r\nA: 34567890\r\n\r\n";
  EXPECT_EQ(decoder.decode(fits.data(), fits.size()).status,
            ChunkedDecoder::Status::Malformed);  // its line end counts
  decoder.reset();
  decoder.trailer_bytes = 11;
  EXPECT_EQ(decoder.decode(fits.data(), fits.size()).status, ChunkedDecoder::Status::Done);
  decoder.reset();
  EXPECT_EQ(decoder.decode(exceeds.data(), exceeds.size()).status, ChunkedDecoder::Status::Malformed);
  decoder.reset();
  decoder.trailer_bytes = 8192;
  std::string many = "0\r\n";
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  many += "\r\n";
  EXPECT_EQ(decoder.decode(many.data(), many.size()).status, ChunkedDecoder::Status::Malformed);
}

TEST(Chunked, SmallChunksBecomeOneSpan) {
  ChunkedDecoder decoder;
  std::string raw = "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET";
  const auto step = decoder.decode(raw.data(), raw.size());
  EXPECT_EQ(step.status, ChunkedDecoder::Status::Done);
  EXPECT_EQ(raw.substr(0, step.produced), "hello");
  EXPECT_EQ(raw.substr(step.consumed), "GET");
  // Done stays done: nothing of the next message is taken.
  EXPECT_EQ(decoder.decode(raw.data(), raw.size()).consumed, 0u);
}

TEST(Chunked, WritesSizes) {
  char out[18];
  const auto text = [&](std::uint64_t size) { return std::string(out, write_chunk_size(out, size)); };
  EXPECT_EQ(text(0), "0\r\n");
  EXPECT_EQ(text(0x1a2b), "1a2b\r\n");
  EXPECT_EQ(text(UINT64_MAX), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace frontdoor::http
