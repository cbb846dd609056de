// Which fields a JSON line has when the config chooses, and that a text stands in it as JSON wants it, whichever way the
// line was put together.

#include "proxy/access_log/access_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "proxy/access_log/access_log_format.h"

namespace frontdoor {
namespace {

using Json = AccessLineFormatter;

constexpr std::int64_t kEnd = 1'795'435'267'000'042;  // 2026-11-23T12:01:07.000042Z

AccessRecord a_request() {
  AccessRecord record;
  record.client_ip = "192.0.2.7";
  record.target = "/a";
  record.outcome = "served";
  record.status = 200;
  record.total_us = 1'500;
  return record;
}

std::string chosen(const std::vector<std::string>& names, const AccessRecord& record,
                   Json::Picked picked = Json::Picked::Anyway) {
  std::string out = "before ";
  Json(config::AccessLog::Format::Json, access_fields(names), "0.25").append(record, kEnd, out, picked);
  return out.substr(7);
}

TEST(AccessFields, AreThoseThatTheConfigNamesInItsOrder) {
  const AccessRecord record = a_request();
  EXPECT_EQ(chosen({"status", "time", "client"}, record),
            R"({"status":200,"time":"2026-11-23T12:01:07.000042Z","client":"192.0.2.7"})" "\n");
  EXPECT_EQ(chosen({"total_ms"}, record), "{\"total_ms\":1.500}\n");
  EXPECT_EQ(chosen({"trace_id", "target"}, record), "{\"target\":\"/a\"}\n") << "one that is not there leaves no comma";
  EXPECT_EQ(chosen({"target", "trace_id"}, record), "{\"target\":\"/a\"}\n");
  EXPECT_EQ(chosen({"trace_id", "tls", "detail"}, record), "{}\n");
}

TEST(AccessFields, OfALineThatNeedsEscapesAreTheSame) {
  AccessRecord record = a_request();
  record.user_agent = "a\"b";  // is not even chosen
  EXPECT_EQ(chosen({"status", "client"}, record), "{\"status\":200,\"client\":\"192.0.2.7\"}\n");
  record.client_ip = "a\nb";
  EXPECT_EQ(chosen({"client", "status"}, record), "{\"client\":\"a\\nb\",\"status\":200}\n");
  EXPECT_EQ(chosen({"status", "client"}, record), "{\"status\":200,\"client\":\"a\\nb\"}\n");
  record.target = "\"";
  record.total_us = 0;
  EXPECT_EQ(chosen({"tls", "target", "total_ms"}, record), "{\"target\":\"\\\"\",\"total_ms\":null}\n");
}

// Each by itself, so that none stands in another's place.
TEST(AccessFields, EachOfThemIsTheOneOfItsName) {
  const Attempt attempts[] = {{"127.0.0.1:1", "connect_refused", "", 0, 1, 0, 2}, {"127.0.0.1:2", "served", "", 0, 3, 4, 5}};
  AccessRecord record = a_request();
  record.tls_version = "TLSv1.3";
  record.tls_client = "CN=a";
  record.upstream_speaks_http2 = true;
  record.detail = "why";
  record.retry_rule = "nothing_sent";
  record.held_us = 7;
  record.trace_id = "0af7";
  record.attempts = attempts;
  for (const std::string_view name : config::access_log_fields) {
    const std::string line = chosen({std::string(name)}, record, Json::Picked::ByChance);
    EXPECT_EQ(line.substr(0, name.size() + 4), "{\"" + std::string(name) + "\":") << line;
    EXPECT_EQ(line.substr(line.size() - 2), "}\n");
  }
  EXPECT_EQ(chosen({"sample"}, record, Json::Picked::ByChance), "{\"sample\":0.25}\n");
}

TEST(AccessFields, ASampledLineSaysSo) {
  EXPECT_EQ(chosen({"status", "sample"}, a_request(), Json::Picked::ByChance), "{\"status\":200,\"sample\":0.25}\n");
  EXPECT_EQ(chosen({"status", "sample"}, a_request()), "{\"status\":200}\n") << "this one would be here anyway";
  std::string out;
  Json(config::AccessLog::Format::Combined, {}, "0.25").append(a_request(), kEnd, out, Json::Picked::ByChance);
  EXPECT_TRUE(out.ends_with("\"served\" \"sample=0.25\"\n")) << out;
}

std::string in_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Texts are looked at in pieces of 16, 8 and 4 bytes: none of their seams lets anything through.
TEST(AccessLine, EscapesAnyByteAnywhere) {
  for (std::size_t size = 0; size <= 70; ++size) {
    const std::string plain(size, 'x');
    AccessRecord record = a_request();
    record.user_agent = plain;
    EXPECT_EQ(chosen({"user_agent"}, record), "{\"user_agent\":" + in_json(plain) + "}\n");
    for (std::size_t at = 0; at < size; ++at) {
      for (const int byte : {0x00, 0x01, 0x0a, 0x1f, 0x22, 0x5c, 0x7f, 0x80, 0xa0, 0xff}) {
        std::string text = plain;
        text[at] = static_cast<char>(byte);
        record.user_agent = text;
        ASSERT_EQ(chosen({"user_agent"}, record), "{\"user_agent\":" + in_json(text) + "}\n") << size << ' ' << at << ' ' << byte;
      }
    }
  }
}

TEST(AccessLine, KeepsAllThatIsPlain) {
  std::string all;
  for (int byte = 0x20; byte < 0x7f; ++byte)
    if (byte != '"' && byte != '\\') all += static_cast<char>(byte);
  for (std::size_t begin = 0; begin < all.size(); ++begin) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{5}, std::size_t{11}, std::size_t{40}}) {
      AccessRecord record = a_request();
      record.host = std::string_view(all).substr(begin, size);
      EXPECT_EQ(chosen({"host"}, record), "{\"host\":\"" + all.substr(begin, size) + "\"}\n");
    }
  }
}

// Beyond the room for quick lines they are put together in another way.
TEST(AccessLine, MayBeOfAnyLength) {
  for (std::size_t size = 2'500; size <= 4'500; size += 7) {
    const std::string target = "/" + std::string(size, 'x');
    AccessRecord record = a_request();
    record.target = target;
    std::string line;
    format_access_line(record, config::AccessLog::Format::Json, kEnd, line);
    EXPECT_NE(line.find("\"target\":\"" + target + "\",\"protocol\":"), std::string::npos) << size;
    EXPECT_TRUE(line.ends_with("\"request_id\":\"\"}\n")) << line;
  }
}

}  // namespace
}  // namespace frontdoor
