#include "http/head_writer.h"

#include <charconv>

namespace frontdoor::http {
namespace {

struct Number {
  char digits[20];
  std::size_t size;
  explicit Number(std::uint64_t value)
      : size(static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)) {}
  operator std::string_view() const { return {digits, size}; }
};

}  // namespace

void HeadWriter::request_line(std::string_view method, std::string_view target) {
  put(method), put(" "), put(target), put(" HTTP/1.1\r\n");
}

// RFC 9112 §4: the space before the reason phrase stays even when the phrase is empty.
void HeadWriter::status_line(std::uint16_t status, std::string_view reason) {
  put("HTTP/1.1 "), put(Number(status)), put(" ");
  put(reason.empty() ? reason_phrase(status) : reason), put("\r\n");
}

void HeadWriter::framing(Framing framing) {
  if (framing.kind == BodyKind::Chunked)
    field("Transfer-Encoding", "chunked");
  else if (framing.kind == BodyKind::Length)
    field("Content-Length", Number(framing.length));
}

// RFC 9110 §8.6: methods that anticipate content say so even when there is none; some upstreams answer 411
// otherwise.
void HeadWriter::request_framing(Framing framing, Method method) {
  const bool anticipates = method == Method::Post || method == Method::Put || method == Method::Patch;
  if (framing.kind == BodyKind::None && anticipates) framing = {BodyKind::Length, 0};
  this->framing(framing);
}

// RFC 9110 §15 and the IANA registry of status codes.
std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 208:
      return "Already Reported";
    case 226:
      return "IM Used";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 506:
      return "Variant Also Negotiates";
    case 507:
      return "Insufficient Storage";
    case 508:
      return "Loop Detected";
    case 510:
      return "Not Extended";
    case 511:
      return "Network Authentication Required";
    default:
      return "";
  }
}

}  // namespace frontdoor::http
