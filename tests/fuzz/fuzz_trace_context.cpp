// Whatever stands in traceparent and tracestate: what is taken for a trace is one, and an upstream never gets two opinions
// about it. The first byte chooses the rules; each line of the rest is a field, tracestate where it begins with '='.

#include <algorithm>
#include <cstdint>
#include <string>

#include "http/forwarding.h"
#include "http/trace_context.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using namespace frontdoor::http;
using fuzz::Exact;
using fuzz::require;

constexpr std::string_view kOwnId = "9ae1c1b2c5c1d0437f4a7c159e3779b9";

void check_id(std::string_view value) {
  const std::string_view id = trace_id_of(value);
  if (id.empty()) return;
  require(id.data() == value.data() + 3 && id.size() == 32, "the id is where it has to be");
  require(std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }),
          "of lower-case digits");
  require(id.find_first_not_of('0') != std::string_view::npos, "not zero");
  require(value.size() >= kTraceparentBytes && !value.starts_with("ff"), "whole, of a version that there can be");
  require(value.size() == kTraceparentBytes || !value.starts_with("00"), "version 00 has one length");
  require(trace_id_of("00" + std::string(value.substr(2, kTraceparentBytes - 2))) == id, "its beginning is one of version 00");
}

void check(const RequestHead& head, const TraceRules& rules, bool trusted) {
  const ForwardContext context{.last_hop = "::1", .scheme = "http", .request_id = "id",
                               .trace = trace_of(head, rules, trusted, kOwnId), .trusted = trusted};
  Fields out;
  std::string scratch;
  forward_request(head, context, out, scratch);
  std::size_t parents = 0, states = 0, parents_before = 0, states_before = 0;
  std::string_view parent;
  for (const Field& field : head.fields) ++(field.id == FieldId::Traceparent ? parents_before : states_before);
  for (const Field& field : out) {
    if (field.id == FieldId::Tracestate) ++states;
    if (field.id != FieldId::Traceparent) continue;
    ++parents;
    parent = field.value;
  }
  switch (context.trace.fields) {
    case Trace::Fields::Kept:
      require(parents == parents_before && states == states_before, "all of it is passed on");
      require(!rules.begin || !context.trace.id.empty(), "each request has a trace");
      break;
    case Trace::Fields::Dropped:
      require(parents == 0 && states == 0 && context.trace.id.empty(), "nothing is left");
      break;
    case Trace::Fields::Begun:
      require(rules.begin && parents == 1 && states == 0, "one, and it is ours");
      require(context.trace.id == kOwnId, "of our id");
      break;
  }
  if (!context.trace.id.empty()) require(parents == 1 && trace_id_of(parent) == context.trace.id, "log and upstream agree");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Exact input({reinterpret_cast<const char*>(data + 1), size - 1});
  RequestHead head;
  std::string_view rest = input.view();
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const bool state = line.starts_with('=');
    if (state) line.remove_prefix(1);
    check_id(line);
    head.traceparent |= !state;
    head.fields.push_back({state ? "tracestate" : "traceparent", line, state ? FieldId::Tracestate : FieldId::Traceparent});
  }
  const TraceRules rules{.begin = (data[0] & 1) != 0, .trusted_only = (data[0] & 2) != 0};
  check(head, rules, (data[0] & 4) != 0);
  return 0;
}
