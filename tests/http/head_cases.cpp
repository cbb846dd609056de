#include "head_cases.h"

#include <memory>
#include <vector>

namespace frontdoor::http {
namespace {

std::string version_text(Version version) { return version == Version::Http10 ? "1.0" : "1.1"; }

std::string framing_text(Framing framing) {
  switch (framing.kind) {
    case BodyKind::None:
      return "none";
    case BodyKind::Length:
      return "length:" + std::to_string(framing.length);
    case BodyKind::Chunked:
      return "chunked";
    case BodyKind::UntilClose:
      return "until-close";
  }
  return "?";
}

template <class Parser>
Parsed result(HeadStatus status, const Parser& parser) {
  Parsed parsed{outcome(status, parser), 0, ""};
  if (status == HeadStatus::Complete) parsed.size = parser.head_size();
  if (status == HeadStatus::Refused) parsed.detail = parser.refusal().detail;
  return parsed;
}

// Feeds growing prefixes, each in an allocation of exactly its size, until the parser has decided.
template <class Parser, class Parse>
Parsed feed(const std::string& raw, Parser& parser, Parse parse) {
  HeadStatus status = HeadStatus::Incomplete;
  std::unique_ptr<char[]> buffer;
  for (std::size_t size = 1; size <= raw.size() && status == HeadStatus::Incomplete; ++size) {
    std::unique_ptr<char[]> next(new char[size]);
    raw.copy(next.get(), size);
    buffer = std::move(next);
    status = parse(std::string_view(buffer.get(), size));
  }
  return result(status, parser);
}

}  // namespace

std::string outcome(HeadStatus status, const RequestHeadParser& parser) {
  if (status == HeadStatus::Incomplete) return "incomplete";
  if (status == HeadStatus::Refused) return std::to_string(parser.refusal().status);
  const auto& head = parser.head();
  std::string text = std::string(head.method_text) + " " + std::string(head.target) + " " +
                     std::string(head.authority) + " " + version_text(head.version) + " " +
                     framing_text(head.framing) + (head.keep_alive ? " keep" : " close");
  if (head.expect_continue) text += " expect";
  if (head.has_connection_options) text += " options";
  return text;
}

std::string outcome(HeadStatus status, const ResponseHeadParser& parser) {
  if (status == HeadStatus::Incomplete) return "incomplete";
  if (status == HeadStatus::Refused) return std::to_string(parser.refusal().status);
  const auto& head = parser.head();
  std::string text = std::to_string(head.status) + " " + std::string(head.reason) + " " +
                     version_text(head.version) + " " + framing_text(head.framing) +
                     (head.keep_alive ? " keep" : " close");
  if (head.has_connection_options) text += " options";
  return text;
}

Parsed parse_request_whole(const std::string& raw, HeadLimits limits) {
  RequestHeadParser parser(limits);
  const std::vector<char> exact(raw.begin(), raw.end());  // no terminator behind it
  return result(parser.parse({exact.data(), exact.size()}), parser);
}

Parsed parse_request_bytewise(const std::string& raw, HeadLimits limits) {
  RequestHeadParser parser(limits);
  return feed(raw, parser, [&](std::string_view bytes) { return parser.parse(bytes); });
}

Parsed parse_response_whole(const std::string& raw, Method asked, HeadLimits limits) {
  ResponseHeadParser parser(limits);
  const std::vector<char> exact(raw.begin(), raw.end());
  return result(parser.parse({exact.data(), exact.size()}, asked), parser);
}

Parsed parse_response_bytewise(const std::string& raw, Method asked, HeadLimits limits) {
  ResponseHeadParser parser(limits);
  return feed(raw, parser, [&](std::string_view bytes) { return parser.parse(bytes, asked); });
}

void check_requests(std::initializer_list<HeadCase> cases, HeadLimits limits) {
  for (const auto& row : cases) {
    SCOPED_TRACE(row.rule + "\n"s + testing::PrintToString(row.raw.substr(0, 300)));
    const auto whole = parse_request_whole(row.raw, limits);
    EXPECT_EQ(whole.outcome, row.want) << whole.detail;
    const auto slow = parse_request_bytewise(row.raw, limits);
    EXPECT_EQ(slow.outcome, row.want) << "byte by byte: " << slow.detail;
    EXPECT_EQ(slow.detail, whole.detail);
    EXPECT_EQ(slow.size, whole.size);
  }
}

void check_responses(std::initializer_list<HeadCase> cases, Method asked, HeadLimits limits) {
  for (const auto& row : cases) {
    SCOPED_TRACE(row.rule + "\n"s + testing::PrintToString(row.raw.substr(0, 300)));
    const auto whole = parse_response_whole(row.raw, asked, limits);
    EXPECT_EQ(whole.outcome, row.want) << whole.detail;
    const auto slow = parse_response_bytewise(row.raw, asked, limits);
    EXPECT_EQ(slow.outcome, row.want) << "byte by byte: " << slow.detail;
    EXPECT_EQ(slow.detail, whole.detail);
    EXPECT_EQ(slow.size, whole.size);
  }
}

}  // namespace frontdoor::http
