// The response side of head_parser.h. Stricter than clients are, with three exceptions that the RFC asks for
// or that cannot change a message's meaning (docs/adr/0013); those heads are repaired in a copy, so that the
// common ones pay nothing.

#include <algorithm>
#include <utility>

#include "http/beast_head.h"
#include "http/framing_gate.h"
#include "http/head_parser.h"
#include "http/syntax.h"

namespace frontdoor::http {
namespace {

constexpr std::size_t kBareStatusLine = std::string_view("HTTP/1.1 200").size();

bool says_chunked(std::string_view name, std::string_view colon_and_value) {
  return equal_ignoring_case(name, "transfer-encoding") && !colon_and_value.empty() &&
         equal_ignoring_case(syntax::trim(colon_and_value.substr(1)), "chunked");
}

// RFC 9112 §5.1: "A proxy MUST remove any such whitespace [between name and colon] from a response message
// before forwarding". "HTTP/1.1 200" without the space before an empty reason gets it. And a line that says
// again that the transfer coding is chunked, and nothing else, is left out. `head` is made of whole lines.
std::string repair(std::string_view head) {
  std::string out;
  out.reserve(head.size() + 1);
  bool first = true;
  bool chunked = false;
  while (!head.empty()) {
    const auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const auto colon = first ? std::string_view::npos : line.find(':');
    auto name = line.substr(0, colon);
    while (colon != std::string_view::npos && !name.empty() && syntax::is_blank(name.back()))
      name.remove_suffix(1);
    if (says_chunked(name, line.substr(std::min(colon, line.size()))) && std::exchange(chunked, true))
      continue;
    out.append(name);
    if (first && line.size() == kBareStatusLine) out.append(" ");
    if (colon != std::string_view::npos) out.append(line.substr(colon));
    out.append("\r\n");
    first = false;
  }
  return out;
}

}  // namespace

HeadStatus ResponseHeadParser::refuse(const Refusal& why) {
  refusal_ = why;
  return HeadStatus::Refused;
}

HeadStatus ResponseHeadParser::parse(std::string_view bytes, Method request_method) {
  const auto window = bytes.substr(0, limits_.header_bytes);
  const HeadStatus status = read_lines(window);
  if (status == HeadStatus::Incomplete && bytes.size() > window.size())
    return refuse(gate::bad_response("head exceeds header_bytes"));
  if (status != HeadStatus::Complete) return status;
  return finish(window.substr(0, head_size_), request_method);
}

HeadStatus ResponseHeadParser::read_lines(std::string_view window) {
  if constexpr (!gate::enabled) {
    head_size_ = detail::blind_head_size(window);
    return head_size_ > 0 ? HeadStatus::Complete : HeadStatus::Incomplete;
  }
  for (;;) {
    const auto begin = scan_.line_begin();
    const auto found = scan_.next_line(window);
    if (found == HeadScan::Found::Line) {
      if (line_done_ && scan_.line().empty()) {
        head_size_ = scan_.line_begin();
        return HeadStatus::Complete;
      }
      if (!line_done_) {
        if (auto refusal = gate::check_status_line(scan_.line())) return refuse(*refusal);
        line_done_ = true;
      }
      continue;
    }
    if (!line_done_) {
      const auto line = window.substr(begin, scan_.scanned() - begin);
      if (auto refusal = gate::check_partial_status_line(line)) return refuse(*refusal);
    }
    if (found == HeadScan::Found::Fault) return refuse(gate::bad_response(scan_.fault()));
    return HeadStatus::Incomplete;
  }
}

HeadStatus ResponseHeadParser::finish(std::string_view head, Method request_method) {
  boost::beast::error_code ec;
  bool too_many = false;
  const auto read = [&](std::string_view text) {
    detail::ResponseSink sink(head_, limits_.header_count);
    ec = sink.read(text);
    too_many = sink.too_many_fields();
    if constexpr (!gate::enabled) {
      if (!ec) detail::believe(sink, head_);
    }
  };
  read(head);
  if (ec && !too_many) {
    repaired_ = repair(head);
    if (repaired_ != head) read(repaired_);
  }
  if (too_many) return refuse(gate::bad_response("more than header_count fields"));
  if (ec) return refuse(gate::bad_response(detail::describe(ec)));
  if constexpr (!gate::enabled) return HeadStatus::Complete;
  if (auto refusal = gate::settle_response(head_, request_method)) return refuse(*refusal);
  return HeadStatus::Complete;
}

void ResponseHeadParser::reset() {
  auto fields = std::move(head_.fields);
  fields.clear();
  head_ = {};
  head_.fields = std::move(fields);
  refusal_ = {};
  scan_ = {};
  head_size_ = 0;
  line_done_ = false;
}

}  // namespace frontdoor::http
