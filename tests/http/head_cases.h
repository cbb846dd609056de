// How the head tables are run: every row whole and byte by byte, each prefix in a buffer of its own, so that
// the outcome may depend neither on how the reads fell nor on where the buffer lies, and ASan sees every byte
// too far.

#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace frontdoor::http {

using namespace std::string_literals;
using namespace std::string_view_literals;

// `rule` is the sentence that is broken when the row fails. `want` is what outcome() says.
struct HeadCase {
  const char* rule;
  std::string raw;
  std::string want;
};

// "400", or "GET /path host 1.1 none keep" with " expect" and " options" where they apply.
std::string outcome(HeadStatus status, const RequestHeadParser& parser);
// "502", or "200 OK 1.1 length:5 keep".
std::string outcome(HeadStatus status, const ResponseHeadParser& parser);

struct Parsed {
  std::string outcome;
  std::size_t size = 0;
  std::string detail;
};
Parsed parse_request_whole(const std::string& raw, HeadLimits limits = {});
Parsed parse_request_bytewise(const std::string& raw, HeadLimits limits = {});
Parsed parse_response_whole(const std::string& raw, Method asked = Method::Get, HeadLimits limits = {});
Parsed parse_response_bytewise(const std::string& raw, Method asked = Method::Get, HeadLimits limits = {});

void check_requests(std::initializer_list<HeadCase> cases, HeadLimits limits = {});
void check_responses(std::initializer_list<HeadCase> cases, Method asked = Method::Get,
                     HeadLimits limits = {});

// A valid request with these field lines after its Host.
inline std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
inline std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

}  // namespace frontdoor::http
