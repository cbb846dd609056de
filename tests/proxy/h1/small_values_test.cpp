// The Date field, request ids and how large heads may be.

#include <gtest/gtest.h>

#include <clocale>
#include <ctime>
#include <set>
#include <string>

#include "proxy/exchange/http_date.h"
#include "proxy/exchange/request_ids.h"
#include "proxy/exchange/head_limits.h"

namespace frontdoor {
namespace {

std::time_t parse(std::string_view text) {
  std::tm t{};
  const char* end = ::strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &t);
  return end ? ::timegm(&t) : -1;
}

TEST(HttpDate, IsNowInTheFormatOfRfc9110) {
  HttpDate date;
  const std::time_t before = ::time(nullptr);
  const std::string text(date.now());
  const std::time_t after = ::time(nullptr);
  EXPECT_EQ(text.size(), 29u);
  EXPECT_TRUE(text.ends_with(" GMT"));
  EXPECT_GE(parse(text), before);
  EXPECT_LE(parse(text), after);
}

TEST(HeadLimits, FitIntoBlocksAlsoAfterAReload) {
  config::Limits limits;
  limits.header_bytes = 32 * 1024;
  EXPECT_EQ(head_limits(limits, 64 * 1024).header_bytes, 32u * 1024);
  limits.header_bytes = 100 * 1024;
  EXPECT_EQ(head_limits(limits, 64 * 1024).header_bytes, 32u * 1024) << "blocks are as large as they were at start";
}

TEST(RequestIds, AreHexAndUnique) {
  RequestIds first;
  RequestIds second;
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i)
    for (RequestIds* ids : {&first, &second}) {
      const RequestIds::Id id = ids->next();
      const std::string text(id.data(), id.size());
      EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
      EXPECT_TRUE(seen.insert(text).second) << text;
    }
}

}  // namespace
}  // namespace frontdoor
