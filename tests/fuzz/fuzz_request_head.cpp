// A request head is judged alike whole and byte by byte, and what is accepted survives being written and read
// again: nothing that we forward can mean something else to the next reader.

#include <string>

#include "http/forwarding.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "http/request_sketch.h"
#include "http/target.h"
#include "invariants.h"
#include "tests/support/path_readers.h"

namespace {

using namespace frontdoor;
using namespace frontdoor::http;
using fuzz::Exact;
using fuzz::require;

constexpr HeadLimits kRequestLimits{.header_bytes = 2048, .header_count = 16, .uri_bytes = 256};

void check_split(std::string_view input, HeadStatus whole, const RequestHeadParser& expected) {
  RequestHeadParser slow(kRequestLimits);
  HeadStatus status = HeadStatus::Incomplete;
  for (std::size_t size = 0; size <= input.size() && status == HeadStatus::Incomplete; ++size) {
    const Exact prefix(input.substr(0, size));
    status = slow.parse(prefix.view());
    if (status == HeadStatus::Complete)
      require(slow.head().framing == expected.head().framing &&
                  slow.head().target == expected.head().target &&
                  slow.head().authority == expected.head().authority,
              "same head byte by byte");
  }
  require(status == whole, "same status byte by byte");
  if (whole == HeadStatus::Refused)
    require(slow.refusal().status == expected.refusal().status, "same refusal byte by byte");
  if (whole == HeadStatus::Complete)
    require(slow.head_size() == expected.head_size(), "same size byte by byte");
}

void check_forwarded(const RequestHead& head, bool trusted) {
  Fields fields;
  std::string scratch, out(16 * 1024, '\0');
  const ForwardContext context{.last_hop = "::1", .scheme = "http", .request_id = "id", .trusted = trusted};
  forward_request(head, context, fields, scratch);
  HeadWriter writer(out.data(), out.size());
  writer.request_line(head.method_text, head.target);
  writer.field("Host", head.authority.empty() ? "none" : head.authority);
  for (const auto& field : fields) writer.field(field.name, field.value);
  writer.request_framing(head.framing, head.method);
  writer.end();
  require(!writer.overflowed(), "fits");

  RequestHeadParser again({.header_bytes = 16 * 1024, .header_count = 32, .uri_bytes = 1024});
  require(again.parse({out.data(), writer.size()}) == HeadStatus::Complete, "what is forwarded is valid");
  require(again.head_size() == writer.size(), "what is forwarded is one head");
  require(again.head().framing == head.framing, "framing survives");
  require(again.head().target == head.target, "target survives");
}

// What is passed on as it came must be for everybody what we have routed by.
void check_path(std::string_view target) {
  if (!target.starts_with('/')) return;
  std::string_view ours;
  std::string scratch;
  if (!normalize_path(target, ours, scratch)) return;
  for (const auto& reader : testing::all_path_readers()) {
    require(testing::path_for(reader, target) == testing::path_for(reader, ours), "one target, one meaning");
    require(!testing::has_dot_segment(testing::segments_for(reader, ours)), "no dot segment is left");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Exact input({reinterpret_cast<const char*>(data), size});
  RequestHeadParser parser(kRequestLimits);
  const HeadStatus status = parser.parse(input.view());
  check_split(input.view(), status, parser);
  const RequestSketch sketch = sketch_request(input.view());
  require(sketch.target.size() <= 1024 && sketch.host.size() <= 1024, "what is logged of a refused head is bounded");
  if (status != HeadStatus::Complete) return 0;
  require(sketch.method == parser.head().method_text || parser.head().method_text.size() > 32, "a method is recognised");

  const auto& head = parser.head();
  require(parser.head_size() <= size && parser.head_size() <= kRequestLimits.header_bytes, "head inside the buffer");
  for (const auto& field : head.fields)
    for (const auto view : {field.name, field.value})
      require(view.data() >= input.view().data() && view.data() + view.size() <= input.view().data() + size,
              "views inside the buffer");
  require(!(head.framing.kind == BodyKind::Length && head.framing.length == 0), "length 0 is None");
  require(head.framing.kind != BodyKind::UntilClose, "requests do not end with their connection");
  check_path(head.target);
  std::string_view text;
  std::string scratch;
  normalize_host(head.authority, text, scratch);
  for (const bool trusted : {false, true}) check_forwarded(head, trusted);
  return 0;
}
