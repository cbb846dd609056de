// Paths and hosts as routes see them.

#include "http/target.h"

#include <gtest/gtest.h>

#include "http/head.h"
#include "http/head_scan.h"
#include "tests/support/path_readers.h"

namespace frontdoor::http {
namespace {

std::string path_of(std::string_view target) {
  std::string_view path;
  std::string scratch = "left over";
  return normalize_path(target, path, scratch) ? std::string(path) : "400";
}

TEST(NormalizePath, Tables) {
  const struct {
    const char* rule;
    const char* target;
    const char* want;
  } rows[] = {
      {"unchanged", "/", "/"},
      {"unchanged", "/a/b.c/..d/e../.f", "/a/b.c/..d/e../.f"},
      {"unchanged", "//a//b/", "//a//b/"},
      {"unchanged", "*", "*"},
      {"query is cut off", "/a?b=/../c", "/a"},
      {"query is cut off", "/?", "/"},
      {"query is not judged", "/a?%zz", "/a"},
      {"RFC 3986 §6.2.2.2: unreserved octets are decoded", "/%61%7E%2D%5f%2e", "/a~-_."},
      {"RFC 3986 §6.2.2.2: reserved octets are not", "/a%2Fb", "/a%2Fb"},
      {"RFC 3986 §6.2.2.1: upper case hex", "/a%2fb%c3%a9", "/a%2Fb%C3%A9"},
      {"not decoded twice", "/%2561", "/%2561"},
      {"not decoded", "/%00%20%3f%23", "/%00%20%3F%23"},
      {"RFC 3986 §5.2.4", "/a/b/c/./../../g", "/a/g"},
      {"RFC 3986 §5.2.4", "/mid/content=5/../6", "/mid/6"},
      {"RFC 3986 §5.2.4", "/a/.", "/a/"},
      {"RFC 3986 §5.2.4", "/a/..", "/"},
      {"RFC 3986 §5.2.4", "/.", "/"},
      {"RFC 3986 §5.2.4", "/./a", "/a"},
      {"RFC 3986 §5.2.4", "/a/../b/../c/", "/c/"},
      {"decoded dots are dots", "/a/%2e%2E/b", "/b"},
      {"decoded dots are dots", "/a/.%2e/b", "/b"},
      {"an escaped slash does not end a segment", "/a/b%2f../c", "400"},
      {"climbs above the root", "/..", "400"},
      {"climbs above the root", "/../a", "400"},
      {"climbs above the root", "/a/../../b", "400"},
      {"climbs above the root", "/./..", "400"},
      {"climbs above the root", "/%2e%2e/", "400"},
      {"climbs above the root", "/a/../../a?x", "400"},
      {"broken escape", "/%", "400"},
      {"broken escape", "/%4", "400"},
      {"broken escape", "/%4?1", "400"},
      {"broken escape", "/%zz", "400"},
      {"broken escape", "/%-1", "400"},
      {"broken escape", "/a%u0061", "400"},
  };
  for (const auto& row : rows) EXPECT_EQ(path_of(row.target), row.want) << row.rule << ": " << row.target;
}

TEST(NormalizePath, HiddenDotSegmentsAreRefused) {
  const struct {
    const char* hides;
    const char* target;
  } rows[] = {
      {"encoded slash", "/public/..%2fadmin"},
      {"encoded slash", "/public/..%2Fadmin"},
      {"encoded slash", "/public/%2e%2e%2fadmin"},
      {"encoded slash", "/public/%2E.%2fadmin"},
      {"encoded slash", "/public%2f..%2fadmin"},
      {"encoded slash", "/public%2f..%2f"},
      {"encoded slash", "/public%2f.."},
      {"encoded slash", "/public%2f%2e"},
      {"encoded slash", "/%2f../a"},
      {"encoded slash", "/a/.%2fb"},
      {"encoded slash, taken back as one segment", "/admin/a%2fb/../../public"},
      {"encoded slash, taken back as one segment", "/a%2f/../b"},
      {"backslash", "/public/..\\admin"},
      {"backslash", "/public\\..\\admin"},
      {"backslash", "/public\\.."},
      {"backslash", "/public\\..?x"},
      {"backslash", "/public\\%2e%2E"},
      {"backslash", "/\\..\\a"},
      {"backslash", "/a/.\\b"},
      {"backslash, taken back as one segment", "/a\\b/../c"},
      {"encoded backslash", "/public/..%5cadmin"},
      {"encoded backslash", "/public%5C..%5Cadmin"},
      {"encoded backslash", "/public%5c%2e%2e%2fadmin"},
      {"parameters", "/public/..;/admin"},
      {"parameters", "/public/..;v=1/admin"},
      {"parameters", "/public/..;"},
      {"parameters", "/public/..;a;b/admin"},
      {"parameters", "/public/.;/a"},
      {"parameters", "/public/%2e%2e;/admin"},
      {"parameters", "/public/..%3b/admin"},
      {"parameters", "/public/..%3Bv=1/admin"},
      {"parameters and a separator", "/public/x%2f..;/admin"},
      {"parameters and a separator", "/public/x\\..;y"},
      {"a NUL ends a name", "/public/..%00/admin"},
      {"a NUL ends a name", "/public/..%00.html"},
      {"an empty segment is taken back", "/public//../admin"},
      {"an empty segment is taken back", "//../admin"},
      {"an empty segment is taken back", "/a//b/../../c"},
      {"an empty segment is taken back", "/a//%2e%2e/b"},
      {"an empty segment is taken back", "/a//./../b"},
      {"only parameters are an empty segment", "/public/;/../admin"},
      {"only parameters are an empty segment", "/public/;v=1/../admin"},
  };
  for (const auto& row : rows) EXPECT_EQ(path_of(row.target), "400") << row.hides << ": " << row.target;
}

TEST(NormalizePath, WhatHidesNothingPasses) {
  const struct {
    const char* target;
    const char* want;
  } rows[] = {
      {"/a%2fb", "/a%2Fb"},
      {"/a%2f%2fb", "/a%2F%2Fb"},
      {"/group%2Fproject/-/tree", "/group%2Fproject/-/tree"},
      {"/a\\b", "/a\\b"},
      {"/a%5cb", "/a%5Cb"},
      {"/a;v=1/b", "/a;v=1/b"},
      {"/a;jsessionid=1.2", "/a;jsessionid=1.2"},
      {"/;v=1", "/;v=1"},
      {"/a;..", "/a;.."},
      {"/a;v=../b", "/a;v=../b"},
      {"/a//b", "/a//b"},
      {"//a", "//a"},
      {"/a//./b", "/a//b"},
      {"/a//b/../c", "/a//c"},
      {"/a/b%2fc/./d", "/a/b%2Fc/d"},
      {"/..foo", "/..foo"},
      {"/foo..", "/foo.."},
      {"/..foo%2fbar..", "/..foo%2Fbar.."},
      {"/...", "/..."},
      {"/.../a", "/.../a"},
      {"/.well-known/acme", "/.well-known/acme"},
      {"/a\\.b", "/a\\.b"},
      {"/.a;v/b", "/.a;v/b"},
      {"/a..;v/b", "/a..;v/b"},
      {"/%252e%252e/a", "/%252e%252e/a"},
      {"/..%252fa", "/..%252fa"},
      {"/%c0%ae%c0%ae/a", "/%C0%AE%C0%AE/a"},
      {"/..%20/a", "/..%20/a"},
      {"/a?x=/..%2f..;/\\..", "/a"},
  };
  for (const auto& row : rows) EXPECT_EQ(path_of(row.target), row.want) << row.target;
}

// Every path of up to five parts behind "/a/". That as many as these pass shows that the refusals are not simply of everything.
TEST(NormalizePath, WhatPassesMeansTheSameToEveryReader) {
  const std::string_view parts[] = {"/", "..", "%2e", "%2F", "\\", ";", "a"};
  const auto readers = frontdoor::testing::all_path_readers();
  std::size_t passed = 0;
  for (std::size_t length = 1, count = 7; length <= 5; ++length, count *= 7)
    for (std::size_t number = 0; number < count; ++number) {
      std::string target = "/a/";
      for (std::size_t i = 0, rest = number; i < length; ++i, rest /= 7) target += parts[rest % 7];
      const std::string ours = path_of(target);
      if (ours == "400") continue;
      ++passed;
      for (const auto& reader : readers) {
        ASSERT_EQ(frontdoor::testing::path_for(reader, target), frontdoor::testing::path_for(reader, ours)) << target << " " << ours;
        ASSERT_FALSE(frontdoor::testing::has_dot_segment(frontdoor::testing::segments_for(reader, ours))) << target << " " << ours;
      }
    }
  EXPECT_GT(passed, 4'000u);
}

TEST(LiteralPath, KeepsItsDotSegments) {
  std::string scratch = "left over";
  EXPECT_EQ(literal_path("/a/../b?c", scratch), "/a/../b");
  EXPECT_EQ(literal_path("/%61/%2e%2E/b%2f", scratch), "/a/../b%2F");
}

TEST(NormalizePath, OrdinaryPathsAreViews) {
  const std::string_view target = "/assets/app.js?v=1";
  std::string_view path;
  std::string scratch;
  ASSERT_TRUE(normalize_path(target, path, scratch));
  EXPECT_EQ(path.data(), target.data());
  EXPECT_TRUE(scratch.empty());
}

TEST(NormalizeHost, Tables) {
  const struct {
    const char* authority;
    const char* want;
  } rows[] = {
      {"example.org", "example.org"},
      {"Example.ORG", "example.org"},
      {"example.org.", "example.org"},
      {"a:80", "a"},
      {"A.:80", "a"},
      {"[::1]:80", "[::1]"},
      {"[2001:DB8::1]", "[2001:db8::1]"},
      {"127.0.0.1:8080", "127.0.0.1"},
      {"a..", "a."},
      {"", ""},
  };
  for (const auto& row : rows) {
    std::string_view host;
    std::string scratch = "left over";
    normalize_host(row.authority, host, scratch);
    EXPECT_EQ(host, row.want) << row.authority;
  }
}

TEST(FieldId, IsBlindToCase) {
  EXPECT_EQ(field_id("Host"), FieldId::Host);
  EXPECT_EQ(field_id("hOST"), FieldId::Host);
  EXPECT_EQ(field_id("TE"), FieldId::Te);
  EXPECT_EQ(field_id("Via"), FieldId::Via);
  EXPECT_EQ(field_id("Transfer-Encoding"), FieldId::TransferEncoding);
  EXPECT_EQ(field_id("X-FORWARDED-PROTO"), FieldId::XForwardedProto);
  EXPECT_EQ(field_id("Content-Lengtg"), FieldId::Other);
  EXPECT_EQ(field_id("Transfer_Encoding"), FieldId::Other);
  EXPECT_EQ(field_id(""), FieldId::Other);
  const struct {
    const char* name;
    FieldId id;
  } rows[] = {
      {"accept", FieldId::Accept},
      {"cdn-loop", FieldId::CdnLoop},
      {"authorization", FieldId::Authorization},
      {"connection", FieldId::Connection},
      {"content-length", FieldId::ContentLength},
      {"content-type", FieldId::ContentType},
      {"cookie", FieldId::Cookie},
      {"date", FieldId::Date},
      {"expect", FieldId::Expect},
      {"forwarded", FieldId::Forwarded},
      {"http2-settings", FieldId::Http2Settings},
      {"keep-alive", FieldId::KeepAlive},
      {"max-forwards", FieldId::MaxForwards},
      {"proxy-connection", FieldId::ProxyConnection},
      {"range", FieldId::Range},
      {"referer", FieldId::Referer},
      {"retry-after", FieldId::RetryAfter},
      {"server", FieldId::Server},
      {"traceparent", FieldId::Traceparent},
      {"tracestate", FieldId::Tracestate},
      {"trailer", FieldId::Trailer},
      {"upgrade", FieldId::Upgrade},
      {"user-agent", FieldId::UserAgent},
      {"x-forwarded-for", FieldId::XForwardedFor},
      {"x-forwarded-host", FieldId::XForwardedHost},
      {"x-request-id", FieldId::XRequestId},
  };
  for (const auto& row : rows) EXPECT_EQ(field_id(row.name), row.id) << row.name;
}

TEST(MethodOf, IsExact) {
  EXPECT_EQ(method_of("GET"), Method::Get);
  EXPECT_EQ(method_of("get"), Method::Other);
  EXPECT_EQ(method_of("PATCH"), Method::Patch);
  EXPECT_EQ(method_of("OPTIONS"), Method::Options);
  EXPECT_EQ(method_of(""), Method::Other);
}

TEST(FindControl, FindsEveryControlAtEveryPlace) {
  for (std::size_t size : {1u, 7u, 8u, 15u, 16u, 17u, 33u, 64u})
    for (std::size_t at = 0; at < size; ++at)
      for (int c = 0; c < 256; ++c) {
        std::string text(size, '\xff');
        text[at] = static_cast<char>(c);
        const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        const std::vector<char> exact(text.begin(), text.end());
        ASSERT_EQ(find_control({exact.data(), exact.size()}, 0), control ? at : size) << c;
      }
}

}  // namespace
}  // namespace frontdoor::http
