// Paths and hosts as routes see them.

#include "http/target.h"

#include <gtest/gtest.h>

#include "http/head.h"
#include "http/head_scan.h"

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
      {"RFC 3986 §5.2.4", "/a//../b", "/a/b"},
      {"RFC 3986 §5.2.4", "/a/../b/../c/", "/c/"},
      {"decoded dots are dots", "/a/%2e%2E/b", "/b"},
      {"decoded dots are dots", "/a/.%2e/b", "/b"},
      {"an escaped slash does not end a segment", "/a/..%2fb", "/a/..%2Fb"},
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
