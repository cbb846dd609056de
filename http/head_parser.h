// HTTP/1 heads: Beast's basic_parser finds the tokens in place, our framing gate (framing_gate.h) then
// refuses what Beast lets pass. Owned by one connection; one parser reads one head at a time; no I/O, no
// allocation in the steady state (the field vector keeps its capacity).
//
// RFC 9112 §2–§7, §11; RFC 9110 §5–§10.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.h"
#include "http/head_scan.h"

namespace frontdoor::http {

struct HeadLimits {
  std::size_t header_bytes = 32 * 1024;  // whole head, start line included
  std::size_t header_count = 100;
  std::size_t uri_bytes = 8 * 1024;
};

// A 100 or 103 before the answer is welcome, an endless row of them is an attack on whoever waits.
inline constexpr std::uint32_t kMaxInformational = 32;

// Why a message is not passed on. `status` is what a client is told (400, 414, 431, 501, 505); for a response
// it is always a 502 and only `detail` differs. Both texts are string literals, fit for a log, never shown to
// a client.
struct Refusal {
  std::uint16_t status = 400;
  const char* outcome = "bad_request";  // stable word for log and metrics
  const char* detail = "";
};

enum class HeadStatus : std::uint8_t { Incomplete, Complete, Refused };

class RequestHeadParser {
 public:
  explicit RequestHeadParser(HeadLimits limits) : limits_(limits) {}

  // `bytes` is everything read since the end of the last message, from its first byte, on every call: the
  // buffer may grow and move between calls while Incomplete. Empty lines before the request line are skipped
  // (RFC 9112 §2.2). After Complete, head() views into `bytes`, which must stay where it is until reset(). (A
  // target that had to be put together views into the parser, which therefore must stay, too.) What cannot
  // become a valid head is refused as soon as that is certain.
  HeadStatus parse(std::string_view bytes);

  // True once anything but skipped empty lines has been seen: client_header's clock runs from here.
  bool started() const { return started_; }
  std::size_t head_size() const { return head_size_; }  // bytes of `bytes` that the head took; after Complete
  const RequestHead& head() const { return head_; }
  RequestHead& head() { return head_; }
  const Refusal& refusal() const { return refusal_; }

  void reset();

 private:
  HeadStatus refuse(const Refusal& why);
  HeadStatus read_lines(std::string_view window);
  HeadStatus finish(std::string_view head);

  HeadLimits limits_;
  RequestHead head_;
  Refusal refusal_;
  HeadScan scan_;               // where the search for the head's end goes on
  std::size_t head_begin_ = 0;  // after skipped empty lines
  std::size_t head_size_ = 0;
  std::string scratch_;  // a target that is not in `bytes`
  std::uint8_t empty_lines_ = 0;
  bool line_done_ = false;
  bool started_ = false;
};

// The same for a response. It must know what was asked: a HEAD has no body whatever its fields say.
class ResponseHeadParser {
 public:
  explicit ResponseHeadParser(HeadLimits limits) : limits_(limits) {}

  // As above. A head that is repaired before it is passed on (RFC 9112 §5.1: white space before a colon is
  // removed; a missing space before an empty reason; chunked on two lines) is copied, and head() views into the parser, which
  // therefore must stay.
  HeadStatus parse(std::string_view bytes, Method request_method);
  std::size_t head_size() const { return head_size_; }
  const ResponseHead& head() const { return head_; }
  ResponseHead& head() { return head_; }
  const Refusal& refusal() const { return refusal_; }
  void reset();

 private:
  HeadStatus refuse(const Refusal& why);
  HeadStatus read_lines(std::string_view window);
  HeadStatus finish(std::string_view head, Method request_method);

  HeadLimits limits_;
  ResponseHead head_;
  Refusal refusal_;
  HeadScan scan_;
  std::size_t head_size_ = 0;
  std::string repaired_;
  bool line_done_ = false;
};

}  // namespace frontdoor::http
