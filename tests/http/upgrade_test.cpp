// What an Upgrade comes to: whether it is one, what of it the upstream sees, and which answers are an acceptance.

#include "http/upgrade.h"

#include "head_cases.h"
#include "http/forwarding.h"

namespace frontdoor::http {
namespace {

RequestHead parsed(RequestHeadParser& parser, const std::string& raw) {
  EXPECT_EQ(parser.parse(raw), HeadStatus::Complete) << raw;
  return parser.head();
}

// The Upgrade field that the upstream gets, or "-".
std::string passed_on_head(const std::string& raw) {
  RequestHeadParser parser({});
  const RequestHead head = parsed(parser, raw);
  Fields out;
  std::string scratch;
  forward_request(head, {.last_hop = "192.0.2.1", .scheme = "http", .request_id = "id1", .trusted = true}, out, scratch);
  const auto connection = find(out, FieldId::Connection);
  const auto upgrade = find(out, FieldId::Upgrade);
  EXPECT_EQ(connection.empty(), upgrade.empty()) << "one goes with the other";
  EXPECT_EQ(head.upgrade, !upgrade.empty());
  for (const auto& field : out) EXPECT_NE(field.id, FieldId::Http2Settings);
  return upgrade.empty() ? "-" : std::string(connection) + ": " + std::string(upgrade);
}

TEST(Upgrade, IsPassedOnWhenItIsOne) {
  struct {
    const char* rule;
    std::string raw;
    const char* want;
  } cases[] = {
      {"WebSocket", get("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "Upgrade: websocket"},
      {"RFC 9110 §7.6.1: options in any case and company",
       get("Connection: keep-alive, uPGRADE\r\nUpgrade: WebSocket\r\n"), "Upgrade: WebSocket"},
      {"versions and several protocols", get("Connection: upgrade\r\nUpgrade: a/1,b\r\nUpgrade: , c\r\n"),
       "Upgrade: a/1, b, c"},
      {"with a body", post("Connection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 3\r\n"), "Upgrade: tcp"},
      {"a chain of addresses beside it",
       get("X-Forwarded-For: 10.0.0.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"),
       "Upgrade: websocket"},
      {"RFC 9110 §7.8: MUST also send the connection option", get("Upgrade: websocket\r\n"), "-"},
      {"RFC 9110 §7.8: ... and only then", get("Connection: x\r\nUpgrade: websocket\r\n"), "-"},
      {"an option without a protocol", get("Connection: upgrade\r\n"), "-"},
      {"... or with none in it", get("Connection: upgrade\r\nUpgrade: ,\r\n"), "-"},
      {"RFC 9110 §7.8: ignored in HTTP/1.0",
       "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "-"},
      {"h2c would lead past us",
       get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), "-"},
      {"... among others too",
       get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C, websocket\r\nHTTP2-Settings: AAMAAABk\r\n"),
       "Upgrade: websocket"},
      {"other spellings of HTTP", get("Connection: upgrade\r\nUpgrade: HTTP/2.0, h2, TLS/1.2\r\n"), "-"},
      {"no protocol by its grammar", get("Connection: upgrade\r\nUpgrade: web socket, a/b/c, /1\r\n"), "-"},
      {"h2c behind what is none", get("Connection: upgrade\r\nUpgrade: h2c/, h2c;q=1\r\n"), "-"},
  };
  for (const auto& c : cases) EXPECT_EQ(passed_on_head(c.raw), c.want) << c.rule << "\n" << c.raw;
}

TEST(Upgrade, IsAcceptedOnlyAsItWasOffered) {
  const auto websocket = get("Connection: upgrade\r\nUpgrade: websocket\r\n");
  const auto two = get("Connection: upgrade\r\nUpgrade: a/1, b, h2c\r\n");
  const auto plain = get("");
  const auto answer = [](const std::string& fields) { return "HTTP/1.1 101 Switching\r\n" + fields + "\r\n"; };
  struct {
    const char* rule;
    std::string request;
    std::string response;
    bool accepted;
  } cases[] = {
      {"as asked", websocket, answer("Upgrade: websocket\r\nConnection: Upgrade\r\n"), true},
      {"in any case", websocket, answer("Upgrade: WebSocket\r\nConnection: upgrade\r\n"), true},
      {"one of two", two, answer("Upgrade: b\r\nConnection: upgrade\r\n"), true},
      {"both, in layers", two, answer("Upgrade: b, a/1\r\nConnection: upgrade\r\n"), true},
      {"another version", two, answer("Upgrade: a/2\r\nConnection: upgrade\r\n"), false},
      {"one that was not offered", two, answer("Upgrade: b, c\r\nConnection: upgrade\r\n"), false},
      {"one that we did not pass on", two, answer("Upgrade: h2c\r\nConnection: upgrade\r\n"), false},
      {"not asked", plain, answer("Upgrade: websocket\r\nConnection: Upgrade\r\n"), false},
      {"RFC 9110 §15.2.2: MUST name the protocol", websocket, answer("Connection: upgrade\r\n"), false},
      {"an empty list names none", websocket, answer("Upgrade:\r\nConnection: upgrade\r\n"), false},
      {"RFC 9110 §7.8: the connection option", websocket, answer("Upgrade: websocket\r\n"), false},
      {"HTTP/1.0 can not switch", websocket,
       "HTTP/1.0 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", false},
      {"another status is an answer", websocket, ok("Upgrade: websocket\r\nConnection: upgrade\r\n"), false},
  };
  for (const auto& c : cases) {
    RequestHeadParser request({});
    ResponseHeadParser response({});
    ASSERT_EQ(request.parse(c.request), HeadStatus::Complete) << c.request;
    ASSERT_EQ(response.parse(c.response, Method::Get), HeadStatus::Complete) << c.response;
    EXPECT_EQ(accepts_upgrade(request.head(), response.head()), c.accepted) << c.rule;
  }
}

TEST(Upgrade, A101KeepsItsUpgradeAndLosesItsFraming) {
  ResponseHeadParser parser({});
  const std::string raw =
      "HTTP/1.1 101 Web Socket\r\nUpgrade: websocket\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\n"
      "Sec-WebSocket-Accept: k\r\nContent-Length: 0\r\nKeep-Alive: timeout=5\r\n\r\n";
  ASSERT_EQ(parser.parse(raw, Method::Get), HeadStatus::Complete);
  EXPECT_TRUE(is_websocket(parser.head()));
  Fields out;
  std::string scratch;
  forward_upgrade(parser.head(), false, out, scratch);
  std::string text;
  for (const auto& field : out) text += std::string(field.name) + "=" + std::string(field.value) + ";";
  EXPECT_EQ(text, "Sec-WebSocket-Accept=k;Connection=Upgrade;Upgrade=websocket;");
}

TEST(Upgrade, OnlyWebSocketAloneIsFollowed) {
  for (const auto& [protocols, want] :
       {std::pair{"websocket", true}, {"WebSocket", true}, {"websocket, x", false}, {"websocket/1", false}, {"tcp", false}}) {
    ResponseHeadParser parser({});
    const std::string raw =
        "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: " + std::string(protocols) + "\r\n\r\n";
    ASSERT_EQ(parser.parse(raw, Method::Get), HeadStatus::Complete);
    EXPECT_EQ(is_websocket(parser.head()), want) << protocols;
  }
}

}  // namespace
}  // namespace frontdoor::http
