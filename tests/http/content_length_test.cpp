// Content-Length on requests: two recipients that read it differently find the next request in different places.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string length(const std::string& value) { return post("Content-Length: " + value + "\r\n"); }

TEST(ContentLength, IsOneDecimalNumber) {
  // RFC 9110 §8.6: "Content-Length = 1*DIGIT".
  const auto rule = "RFC 9110 §8.6: Content-Length = 1*DIGIT";
  check_requests({
      {rule, length("5"), "POST / a 1.1 length:5 keep"},
      {rule, length("0"), "POST / a 1.1 none keep"},
      {rule, length("00005"), "POST / a 1.1 length:5 keep"},
      {rule, length("  5\t "), "POST / a 1.1 length:5 keep"},
      {rule, post("content-LENGTH:5\r\n"), "POST / a 1.1 length:5 keep"},
      {rule, get("Content-Length: 3\r\n"), "GET / a 1.1 length:3 keep"},
      {rule, length("9223372036854775807"), "POST / a 1.1 length:9223372036854775807 keep"},
      {rule, length(""), "400"},
      {rule, length(" "), "400"},
      {rule, length("+5"), "400"},
      {rule, length("-5"), "400"},
      {rule, length("-0"), "400"},
      {rule,
       length("5 "
              "5"),
       "400"},
      {rule, length("5 5"), "400"},
      {rule, length("5\t5"), "400"},
      {rule, length("0x5"), "400"},
      {rule, length("5a"), "400"},
      {rule, length("a"), "400"},
      {rule, length("5.0"), "400"},
      {rule, length("5e1"), "400"},
      {rule, length("1_000"), "400"},
      {rule, length("\"5\""), "400"},
      {rule, length("5;"), "400"},
      {rule, length("\xef\xbc\x95"), "400"},  // a full-width 5
      {rule, length("5\x80"), "400"},
      {rule, length("5\v"), "400"},
  });
}

TEST(ContentLength, DoesNotOverflow) {
  // RFC 9110 §8.6: "a recipient MUST anticipate potentially large decimal numerals and prevent parsing errors
  // due to integer conversion overflows".
  const auto rule = "RFC 9110 §8.6: prevent integer overflow";
  check_requests({
      {rule, length("9223372036854775808"), "400"},
      {rule, length("18446744073709551615"), "400"},
      {rule, length("18446744073709551616"), "400"},
      {rule, length("18446744073709551621"), "400"},  // 5 modulo 2^64
      {rule, length("99999999999999999999999999999999"), "400"},
      {rule, length(std::string(1000, '9')), "400"},
      {rule, length(std::string(1000, '0') + "7"), "POST / a 1.1 length:7 keep"},
  });
}

TEST(ContentLength, AppearsOnce) {
  // RFC 9112 §6.3 rule 5: differing or invalid values are an unrecoverable error; identical ones may be
  // folded, or the message refused. We refuse.
  const auto rule = "RFC 9112 §6.3: one valid Content-Length";
  check_requests({
      {rule, post("Content-Length: 5\r\nContent-Length: 6\r\n"), "400"},
      {rule, post("Content-Length: 5\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Content-Length: 5\r\ncontent-length: 5\r\n"), "400"},
      {rule, post("Content-Length: 5\r\nX: y\r\nContent-Length: 0\r\n"), "400"},
      {rule, post("Content-Length: 0\r\nContent-Length: \r\n"), "400"},
      {rule, length("5, 5"), "400"},
      {rule, length("5,5"), "400"},
      {rule, length("5, 6"), "400"},
      {rule, length("5,"), "400"},
      {rule, length(",5"), "400"},
      {rule, length(","), "400"},
      {rule, length("0, 5"), "400"},
  });
}

TEST(ContentLength, HasNoLookalikes) {
  // RFC 9110 §5.1 makes "Content_Length" a different field, CGI-like apps do not.
  const auto rule = "lookalikes of Content-Length frame for some recipients";
  check_requests({
      {rule, post("Content_Length: 5\r\n"), "400"},
      {rule, post("content_length: 5\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("CONTENT_LENGTH: 5\r\n"), "400"},
      {rule, post("Content-Length : 5\r\n"), "400"},
      {rule, post("Content-Length\t: 5\r\n"), "400"},
      {rule, post(" Content-Length: 5\r\n"), "400"},
      {rule, post("Content-Length\x00: 5\r\n"s), "400"},
      {rule, post("Content-Length\xa0: 5\r\n"), "400"},
      {rule, post("Content Length: 5\r\n"), "400"},
      {rule, post("X-Content-Length: 5\r\n"), "POST / a 1.1 none keep"},
      {rule, post("Content-Length-X: 5\r\n"), "POST / a 1.1 none keep"},
  });
}

}  // namespace
}  // namespace frontdoor::http
