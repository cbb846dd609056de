// Transfer-Encoding on requests: exactly one, final "chunked", alone, in HTTP/1.1.

#include "head_cases.h"

namespace frontdoor::http {
namespace {

std::string te(const std::string& value) { return post("Transfer-Encoding: " + value + "\r\n"); }

TEST(TransferEncoding, IsExactlyOneFinalChunked) {
  const auto rule =
      "RFC 9112 §6.3 rule 4: chunked is the final coding, else the length cannot be determined: 400";
  const auto once = "RFC 9112 §7: a sender MUST NOT apply chunked more than once";
  check_requests({
      {rule, te("chunked"), "POST / a 1.1 chunked keep"},
      {rule, te("Chunked"), "POST / a 1.1 chunked keep"},
      {rule, te("CHUNKED"), "POST / a 1.1 chunked keep"},
      {rule, te(" \t chunked \t"), "POST / a 1.1 chunked keep"},
      {rule, post("transfer-encoding:chunked\r\n"), "POST / a 1.1 chunked keep"},
      {rule, get("Transfer-Encoding: chunked\r\n"), "GET / a 1.1 chunked keep"},
      {rule, te("chunked, identity"), "400"},
      {rule, te("chunked, gzip"), "400"},
      {rule, te("chunked,"), "400"},
      {rule, te(",chunked"), "400"},
      {rule, te(", chunked"), "400"},
      {rule, te(""), "400"},
      {rule, te(","), "400"},
      {once, te("chunked, chunked"), "400"},
      {once, te("chunked,chunked"), "400"},
      {once, post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {rule, post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), "400"},
      {rule, post("Transfer-Encoding: chunked\r\nTransfer-Encoding: \r\n"), "400"},
      {rule, post("Transfer-Encoding: \r\nTransfer-Encoding: chunked\r\n"), "400"},
      {rule, te("chunked;q=1"), "400"},
      {rule, te("chunked;a=b"), "400"},
      {rule, te("chunked a"), "400"},
      {rule, te("\"chunked\""), "400"},
      {rule, te("'chunked"), "400"},
      {rule, te("chun ked"), "400"},
      {rule, te("chunked\v"), "400"},
      {rule, te("\vchunked"), "400"},
      {rule,
       te("\xc2\xa0"
          "chunked"),
       "400"},
      {rule, te("chunked\x00"s), "400"},
  });
}

TEST(TransferEncoding, UnknownCodingsAreNotImplemented) {
  const auto rule = "RFC 9112 §6.1: a transfer coding that the server does not understand: 501";
  check_requests({
      {rule, te("gzip, chunked"), "501"},
      {rule, te("deflate, gzip, chunked"), "501"},
      {rule, post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), "501"},
      {rule, post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), "501"},
  });
}

TEST(TransferEncoding, WithoutAFinalChunkedTheEndIsUnknown) {
  const auto rule = "RFC 9112 §6.3 rule 4: chunked is not the final coding of a request: 400";
  check_requests({
      {rule, te("gzip"), "400"},
      {rule, te("identity"), "400"},
      {rule, te("xchunked"), "400"},
      {rule, te("chunkedx"), "400"},
      {rule, te("chunke"), "400"},
      {rule, te("x"), "400"},
      {rule, te("gzip, deflate"), "400"},
  });
}

TEST(TransferEncoding, NeverComesWithContentLength) {
  const auto rule = "RFC 9112 §6.3 rule 3: both fields ought to be handled as an error";
  check_requests({
      {rule, post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {rule, post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {rule, post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Transfer-Encoding:\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Content-Length: x\r\nTransfer-Encoding: chunked\r\n"), "400"},
  });
}

TEST(TransferEncoding, DoesNotExistInHttp10) {
  const auto rule = "RFC 9112 §6.1: an HTTP/1.0 message with Transfer-Encoding has faulty framing";
  check_requests({
      {rule, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {rule, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
       "400"},
      {rule, "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", "400"},
  });
}

TEST(TransferEncoding, HasNoLookalikes) {
  const auto rule = "lookalikes of Transfer-Encoding frame for some recipients";
  check_requests({
      {rule, post("Transfer_Encoding: chunked\r\n"), "400"},
      {rule, post("TRANSFER_ENCODING: chunked\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("Transfer-Encoding : chunked\r\n"), "400"},
      {rule, post("Transfer-Encoding\t: chunked\r\nContent-Length: 5\r\n"), "400"},
      {rule, post("X: y\r\n Transfer-Encoding: chunked\r\n"), "400"},
      {rule, post("Transfer-Encoding:\r\n chunked\r\n"), "400"},
      {rule, post("Transfer-Encoding: chunk\r\n ed\r\n"), "400"},
      {rule, post("X: y\rTransfer-Encoding: chunked\r\n"), "400"},
      {rule, post("X: y\nTransfer-Encoding: chunked\r\n"), "400"},
      {rule, post("X: y\r\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {rule, post("Transfer Encoding: chunked\r\n"), "400"},
      {rule, post("\x00Transfer-Encoding: chunked\r\n"s), "400"},
      {rule, post("Transfer-Encoding\xff: chunked\r\n"), "400"},
      {rule, post("X-Transfer-Encoding: chunked\r\n"), "POST / a 1.1 none keep"},
  });
}

}  // namespace
}  // namespace frontdoor::http
