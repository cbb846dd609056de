// Line by line while the head arrives (scan, limits, first line), then once through Beast and the gate when
// it is complete. Whatever the reads looked like, the outcome is the same: every check sees the same prefix
// either way.

#include "http/head_parser.h"

#include "http/beast_head.h"
#include "http/framing_gate.h"
#include "http/syntax.h"

namespace frontdoor::http {
namespace {

// RFC 9112 §2.2: "at least one" empty line before a request line is to be ignored; some old clients send a
// CRLF after a POST body. A flood of them is not a request.
constexpr std::uint8_t kMaxEmptyLines = 4;

}  // namespace

HeadStatus RequestHeadParser::refuse(const Refusal& why) {
  refusal_ = why;
  started_ = true;
  return HeadStatus::Refused;
}

HeadStatus RequestHeadParser::parse(std::string_view bytes) {
  const auto window = bytes.substr(0, limits_.header_bytes);
  const HeadStatus status = read_lines(window);
  const auto next = scan_.line_begin();
  if (status == HeadStatus::Incomplete) {
    // A lone CR may still become an empty line, which does not start anything.
    started_ = started_ || line_done_ || (next < window.size() && window[next] != '\r');
    if (bytes.size() > window.size()) return refuse(gate::too_large("head exceeds header_bytes"));
  }
  if (status != HeadStatus::Complete) return status;
  started_ = true;
  return finish(window.substr(head_begin_, head_size_ - head_begin_));
}

// Cuts the window into lines until the empty one. Checks the first as early as possible and in the order of
// its bytes.
HeadStatus RequestHeadParser::read_lines(std::string_view window) {
  if constexpr (!gate::enabled) {
    head_size_ = detail::blind_head_size(window);
    return head_size_ > 0 ? HeadStatus::Complete : HeadStatus::Incomplete;
  }
  for (;;) {
    const auto begin = scan_.line_begin();
    const auto found = scan_.next_line(window);
    if (found == HeadScan::Found::Line) {
      if (!line_done_ && scan_.line().empty()) {
        if (++empty_lines_ > kMaxEmptyLines) return refuse(gate::bad_request("too many empty lines"));
        head_begin_ = scan_.line_begin();
      } else if (!line_done_) {
        if (auto refusal = gate::check_request_line(scan_.line(), limits_)) return refuse(*refusal);
        line_done_ = true;
      } else if (scan_.line().empty()) {
        head_size_ = scan_.line_begin();
        return HeadStatus::Complete;
      }
      continue;
    }
    if (!line_done_) {
      const auto line = window.substr(begin, scan_.scanned() - begin);
      if (auto refusal = gate::check_partial_request_line(line, limits_)) return refuse(*refusal);
    }
    if (found == HeadScan::Found::Fault) return refuse(gate::bad_request(scan_.fault()));
    return HeadStatus::Incomplete;
  }
}

HeadStatus RequestHeadParser::finish(std::string_view head) {
  detail::RequestSink sink(head_, limits_.header_count);
  const auto ec = sink.read(head);
  if (sink.too_many_fields()) return refuse(gate::too_large("more than header_count fields"));
  if (ec) return refuse(gate::bad_request(detail::describe(ec)));
  if constexpr (!gate::enabled) {
    head_.authority = find(head_.fields, FieldId::Host);
    detail::believe(sink, head_);
    return HeadStatus::Complete;
  }
  if (auto refusal = gate::settle_request(head_, scratch_)) return refuse(*refusal);
  return HeadStatus::Complete;
}

void RequestHeadParser::reset() {
  auto fields = std::move(head_.fields);
  fields.clear();
  head_ = {};
  head_.fields = std::move(fields);  // its capacity is what makes the next head free of allocations
  refusal_ = {};
  scan_ = {};
  head_begin_ = head_size_ = 0;
  empty_lines_ = 0;
  line_done_ = started_ = false;
}

}  // namespace frontdoor::http
