// Line ends, folded lines, controls and names: the bytes between the tokens.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

const auto* const kGood = "GET / a 1.1 none keep";

TEST(LineEndings, AreCrLfAndNothingElse) {
  const auto bare_cr = "RFC 9112 §2.2: a bare CR is invalid";
  const auto bare_lf =
      "RFC 9112 §2.2 lets a recipient take LF for CRLF; neighbours that do not see other lines";
  check_requests({
      {bare_lf, "GET / HTTP/1.1\nHost: a\n\n", "400"},
      {bare_lf, "GET / HTTP/1.1\r\nHost: a\n\r\n", "400"},
      {bare_lf, "GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
      {bare_lf, "GET / HTTP/1.1\nHost: a\r\n\r\n", "400"},
      {bare_lf, get("X: a\nb\r\n"), "400"},
      {bare_lf, get("X\n: a\r\n"), "400"},
      {bare_lf, get("X: a\n\nGET /evil HTTP/1.1\r\n"), "400"},
      {bare_cr, "GET / HTTP/1.1\rHost: a\r\r", "400"},
      {bare_cr, "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", "400"},
      {bare_cr, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "400"},
      {bare_cr, get("X: a\rb\r\n"), "400"},
      {bare_cr, get("X: a\r\r\n"), "400"},
      {bare_cr, get("X\r: a\r\n"), "400"},
      {bare_cr, get("\rX: a\r\n"), "400"},
      {bare_cr, "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {bare_cr, "GET / HTTP/1.1\r\nHost: a\r\n\rx", "400"},
  });
}

TEST(LineEndings, EmptyLinesBeforeTheRequestAreSkipped) {
  const auto rule = "RFC 9112 §2.2: ignore at least one empty line (CRLF) received prior to the request-line";
  check_requests({
      {rule, "\r\n" + get(""), kGood},
      {rule, "\r\n\r\n\r\n\r\n" + get(""), kGood},
      {rule, "\r\n\r\n\r\n\r\n\r\n" + get(""), "400"},
      {rule, "\n" + get(""), "400"},
      {rule, "\r" + get(""), "400"},
      {rule, "\r\n\n" + get(""), "400"},
      {rule, " \r\n" + get(""), "400"},
      {rule, "\r\n\r\n", "incomplete"},
      {rule, "\r", "incomplete"},
  });
}

TEST(LineEndings, FoldedLinesAreRefused) {
  const auto rule =
      "RFC 9112 §5.2: a server that receives an obs-fold in a request MUST reject or replace it";
  const auto first = "RFC 9112 §2.2: white space between the start-line and the first field: reject";
  check_requests({
      {rule, get("X: a\r\n b\r\n"), "400"},
      {rule, get("X: a\r\n\tb\r\n"), "400"},
      {rule, get("X: a\r\n \r\n"), "400"},
      {rule, get("X:\r\n a\r\n"), "400"},
      {rule, get(" X: a\r\n"), "400"},
      {first, "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
      {first, "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "400"},
      {first, "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "400"},
  });
}

TEST(LineEndings, ControlBytesAreRefusedEverywhere) {
  const auto rule = "RFC 9110 §5.5: field values with CR, LF or NUL are dangerous and invalid";
  check_requests({
      {rule, get("X: a\x00z\r\n"s), "400"},
      {rule, get("X: \x00\r\n"s), "400"},
      {rule, get("X: a\x01\r\n"), "400"},
      {rule, get("X: a\x08\r\n"), "400"},
      {rule, get("X: a\x0b\r\n"), "400"},
      {rule, get("X: a\x0c\r\n"), "400"},
      {rule, get("X: a\x1b[0m\r\n"), "400"},
      {rule, get("X: a\x1f\r\n"), "400"},
      {rule, get("X: a\x7f\r\n"), "400"},
      {rule, get("X\x00: a\r\n"s), "400"},
      {rule, get("X: " + std::string(40, 'a') + "\x00\r\n"s), "400"},
      {rule, get("X: a\tb\r\n"), kGood},  // HTAB is field-content
      {rule, get("X: \t\r\n"), kGood},
      {rule, get("X: caf\xe9 \xf0\x9f\x98\x80\r\n"), kGood},  // obs-text
      {rule, get("X: \x80\xff\r\n"), kGood},
  });
}

TEST(FieldLines, HaveATokenForAName) {
  const auto rule = "RFC 9110 §5.1: field-name = token";
  const auto space = "RFC 9112 §5.1: white space between name and colon in a request: 400";
  check_requests({
      {rule, get(": a\r\n"), "400"},
      {rule, get("X\r\n"), "400"},
      {rule, get("X a\r\n"), "400"},
      {rule, get("X@Y: a\r\n"), "400"},
      {rule, get("X/Y: a\r\n"), "400"},
      {rule, get("X(Y): a\r\n"), "400"},
      {rule, get("\"X\": a\r\n"), "400"},
      {rule, get("X[0]: a\r\n"), "400"},
      {rule, get("{X}: a\r\n"), "400"},
      {rule, get("X,Y: a\r\n"), "400"},
      {rule, get("X;Y: a\r\n"), "400"},
      {rule, get("X=Y: a\r\n"), "400"},
      {rule, get("X\\Y: a\r\n"), "400"},
      {rule, get("\xc3\xa9: a\r\n"), "400"},
      {rule, get("!#$%&'*+-.^_`|~09azAZ: a\r\n"), kGood},
      {rule, get("X:\r\n"), kGood},
      {rule, get("X::a\r\n"), kGood},
      {space, get("X : a\r\n"), "400"},
      {space, get("X\t: a\r\n"), "400"},
      {space, get("X  : a\r\n"), "400"},
      {space, "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
  });
}

TEST(FieldLines, KeepTheirOrderAndLoseTheirWhiteSpace) {
  const std::string raw = get("B:  one \r\na:\ttwo\t\r\nB: three, four\r\nEmpty: \r\n");
  RequestHeadParser parser({});
  ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
  std::string seen;
  for (const auto& field : parser.head().fields)
    seen += std::string(field.name) + "=" + std::string(field.value) + ";";
  EXPECT_EQ(seen, "Host=a;B=one;a=two;B=three, four;Empty=;");
}

}  // namespace
}  // namespace frontdoor::http
