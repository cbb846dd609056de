// Cuts what a peer received into messages, as any recipient on the other side of the front door would. It
// shares no code with http/: what both got wrong alike would never be noticed.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frontdoor::conformance {

struct WireMessage {
  std::string head;  // with its last CRLF, without the empty line
  std::string body;  // decoded
  bool complete = false;
  std::string first_line() const { return head.substr(0, head.find("\r\n")); }
  std::string method() const { return head.substr(0, head.find(' ')); }
  int status() const;  // of a response; 0: not one
};

struct WireMessages {
  std::vector<WireMessage> all;  // the last one may be incomplete
  std::size_t complete = 0;
};

// `text` holds requests and nothing else.
WireMessages read_requests(std::string_view text);

// `methods`: what was asked, in order; GET where it is not known. `ended`: the connection has been closed, so
// that a response without a length is complete.
WireMessages read_responses(std::string_view text, const std::vector<std::string>& methods, bool ended);

std::string lower(std::string_view text);

}  // namespace frontdoor::conformance
