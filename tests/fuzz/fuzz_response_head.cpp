// A response head is judged alike whole and byte by byte; HEAD and GET differ in the body only.

#include "http/head_parser.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using namespace frontdoor::http;
using fuzz::Exact;
using fuzz::require;

constexpr HeadLimits kResponseLimits{.header_bytes = 2048, .header_count = 16, .uri_bytes = 256};

void check_split(std::string_view input, Method asked, HeadStatus whole, const ResponseHeadParser& expected) {
  ResponseHeadParser slow(kResponseLimits);
  HeadStatus status = HeadStatus::Incomplete;
  for (std::size_t size = 0; size <= input.size() && status == HeadStatus::Incomplete; ++size) {
    const Exact prefix(input.substr(0, size));
    status = slow.parse(prefix.view(), asked);
  }
  require(status == whole, "same status byte by byte");
  if (whole != HeadStatus::Complete) return;
  require(slow.head_size() == expected.head_size(), "same size byte by byte");
  require(slow.head().framing == expected.head().framing && slow.head().status == expected.head().status &&
              slow.head().fields.size() == expected.head().fields.size(),
          "same head byte by byte");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Exact input({reinterpret_cast<const char*>(data), size});
  for (const Method asked : {Method::Get, Method::Head}) {
    ResponseHeadParser parser(kResponseLimits);
    const HeadStatus status = parser.parse(input.view(), asked);
    check_split(input.view(), asked, status, parser);
    if (status == HeadStatus::Refused) require(parser.refusal().status == 502, "upstream's fault is a 502");
    if (status != HeadStatus::Complete) continue;
    const auto& head = parser.head();
    require(parser.head_size() <= size, "head inside the buffer");
    require(head.status >= 100 && head.status <= 999, "status in range");
    const bool bodiless =
        asked == Method::Head || head.informational() || head.status == 204 || head.status == 304;
    require((head.framing.kind == BodyKind::None) == bodiless, "body or none");
    require(head.framing.kind != BodyKind::UntilClose || !head.keep_alive, "close-delimited closes");
  }
  return 0;
}
