// Which requests have been here before, by their CDN-Loop lines.

#include "http/loop_mark.h"

#include <gtest/gtest.h>

#include <string>

#include "http/forwarding.h"
#include "http/head_parser.h"

namespace frontdoor::http {
namespace {

const LoopMark kOurMark(0x0123456789abcdef);

bool has_looped(const std::string& fields, const LoopMark& mark = kOurMark) {
  RequestHeadParser parser({});
  const std::string raw = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  EXPECT_EQ(parser.parse(raw), HeadStatus::Complete) << fields;
  const bool has_field = fields.starts_with("CDN-Loop") || fields.starts_with("cdn-loop");
  EXPECT_EQ(parser.head().cdn_loop, has_field) << fields;
  return mark.has_looped(parser.head().fields);
}

std::string front_doors(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i)
    lines += "CDN-Loop: " + std::string(LoopMark(100u + static_cast<unsigned>(i)).element()) + "\r\n";
  return lines;
}

TEST(LoopMark, IsAnElementOfCdnLoop) {
  EXPECT_EQ(kOurMark.element(), "frontdoor; id=0123456789abcdef");
  EXPECT_EQ(LoopMark(1).element(), "frontdoor; id=0000000000000001");
  EXPECT_EQ(LoopMark().element(), "");
}

TEST(LoopMark, KnowsWhatHasBeenHere) {
  const struct {
    const char* what;
    std::string fields;
    bool looped;
  } rows[] = {
      {"nothing", "", false},
      {"ours", "CDN-Loop: frontdoor; id=0123456789abcdef\r\n", true},
      {"ours in another case of the name", "cdn-loop: frontdoor; id=0123456789abcdef\r\n", true},
      {"ours among others", "CDN-Loop: cdn.example, frontdoor; id=0123456789abcdef, other\r\n", true},
      {"ours on a later line",
       "CDN-Loop: cdn.example\r\nX: y\r\nCDN-Loop: frontdoor; id=0123456789abcdef\r\n", true},
      {"ours with other white space", "CDN-Loop: frontdoor ;id=0123456789abcdef\r\n", true},
      {"another front door", "CDN-Loop: frontdoor; id=0123456789abcdee\r\n", false},
      {"part of ours", "CDN-Loop: frontdoor; id=0123456789abcde\r\n", false},
      {"ours in another field", "X-Loop: frontdoor; id=0123456789abcdef\r\n", false},
      {"nonsense", "CDN-Loop: ,,;=\"\r\n", false},
      {"empty", "CDN-Loop:\r\n", false},
      {"fifteen others", front_doors(15), false},
      {"sixteen others are no chain but a ring", front_doors(16), true},
      {"sixteen others on one line",
       "CDN-Loop: frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, "
       "frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, frontdoor, "
       "frontdoor\r\n",
       true},
  };
  for (const auto& row : rows) EXPECT_EQ(has_looped(row.fields), row.looped) << row.what;
  EXPECT_FALSE(has_looped("CDN-Loop: frontdoor; id=\r\n", LoopMark()));
}

TEST(LoopMark, GoesOutWithOthersAndCanNotBeStripped) {
  RequestHeadParser parser({});
  const std::string raw =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: CDN-Loop\r\nCDN-Loop: cdn.example\r\n\r\n";
  ASSERT_EQ(parser.parse(raw), HeadStatus::Complete);
  Fields fields;
  std::string scratch;
  const ForwardContext context{
      .last_hop = "::1", .scheme = "http", .request_id = "id", .loop_mark = kOurMark.element(), .via = false};
  forward_request(parser.head(), context, fields, scratch);
  std::string lines;
  for (const auto& field : fields)
    if (field.id == FieldId::CdnLoop) lines += std::string(field.value) + "|";
  EXPECT_EQ(lines, "cdn.example|frontdoor; id=0123456789abcdef|");
}

}  // namespace
}  // namespace frontdoor::http
