// From HTTP/2's fields to the head that HTTP/1 yields, and what is refused on the way. RFC 9113 §8.

#include "http2/request_head.h"

#include "conversation.h"

namespace frontdoor::http2 {
namespace {

using h2::Pairs;

struct Built {
  std::string outcome;
  std::string detail;
  std::unique_ptr<ReceivedHead> head;
};

// "GET /path host none" with " expect"; "400" for one that is answered, "malformed" for a stream error.
Built build(const Pairs& fields, bool ended = true, http::HeadLimits limits = {}) {
  RequestHeadBuilder builder(limits);
  builder.begin();
  Built built;
  for (const auto& [name, value] : fields)
    if (!builder.add(name, value)) {
      built.outcome = "bomb";
      return built;
    }
  const auto outcome = builder.finish(ended);
  built.head = builder.take();
  built.detail = builder.refusal().detail;
  switch (outcome) {
    case RequestHeadBuilder::Outcome::Malformed: built.outcome = "malformed"; return built;
    case RequestHeadBuilder::Outcome::Refused: built.outcome = std::to_string(builder.refusal().status); return built;
    case RequestHeadBuilder::Outcome::Complete: break;
  }
  const http::RequestHead& head = built.head->head;
  built.outcome = std::string(head.method_text) + " " + std::string(head.target) + " " + std::string(head.authority);
  switch (head.framing.kind) {
    case http::BodyKind::None: built.outcome += " none"; break;
    case http::BodyKind::Length: built.outcome += " length:" + std::to_string(head.framing.length); break;
    case http::BodyKind::Chunked: built.outcome += " chunked"; break;
    case http::BodyKind::UntilClose: built.outcome += " until close"; break;
  }
  if (head.expect_continue) built.outcome += " expect";
  EXPECT_EQ(head.version, http::Version::Http2);
  if (head.upgrade) built.outcome += " upgrade";
  return built;
}

struct Row {
  const char* rule;
  Pairs fields;
  std::string want;
  bool ended = true;
};

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    const Built built = build(row.fields, row.ended);
    EXPECT_EQ(built.outcome, row.want) << row.rule << " (" << built.detail << ")";
    EXPECT_EQ(row.want == "malformed" || row.want.size() == 3, *built.detail.c_str() != '\0') << row.rule;
  }
}

Pairs without(Pairs fields, std::string_view name) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}
Pairs with(Pairs fields, std::string_view name, std::string value) {
  for (auto& field : fields)
    if (field.first == name) field.second = value;
  return fields;
}
Pairs then(Pairs fields, std::string name, std::string value) {
  fields.emplace_back(std::move(name), std::move(value));
  return fields;
}

TEST(H2RequestHead, PseudoHeaders) {
  const auto get = h2::get();
  check({
      {"§8.3.1: method, scheme, authority and path", get, "GET / app.example none"},
      {"§8.3.1: all methods", with(get, ":method", "PURGE"), "PURGE / app.example none"},
      {"§8.3.1: no :method", without(get, ":method"), "malformed"},
      {"§8.3.1: no :scheme", without(get, ":scheme"), "malformed"},
      {"§8.3.1: no :path", without(get, ":path"), "malformed"},
      {"§8.3.1: :path is not empty", with(get, ":path", ""), "malformed"},
      {"§8.3.1: :path begins with /", with(get, ":path", "a"), "malformed"},
      {"§8.3.1: :path is no absolute-form", with(get, ":path", "http://other.example/"), "malformed"},
      {"§8.3.1: * is for OPTIONS", with(get, ":path", "*"), "400"},
      {"§8.3.1: * is for OPTIONS", with(with(get, ":path", "*"), ":method", "OPTIONS"), "OPTIONS * app.example none"},
      {"§8.3: unknown pseudo-header", then(get, ":protocol", "websocket"), "malformed"},
      {"§8.3: one of a response", then(get, ":status", "200"), "malformed"},
      {"§8.3: twice", then(get, ":path", "/b"), "malformed"},
      {"§8.3: twice", then(get, ":method", "GET"), "malformed"},
      {"§8.3: twice", then(get, ":authority", "app.example"), "malformed"},
      {"§8.3: behind a field", then(then(without(get, ":path"), "a", "b"), ":path", "/"), "malformed"},
      {"§8.3.1: other schemes have no path that we know", with(get, ":scheme", "ftp"), "malformed"},
      {"§8.3.1: of a client behind TLS elsewhere", with(get, ":scheme", "https"), "GET / app.example none"},
      {"§8.3.1: empty method", with(get, ":method", ""), "400"},
      {"RFC 9110 §9.1: method is a token", with(get, ":method", "GET /admin HTTP/1.1"), "400"},
      {"RFC 9112 §3: longer than any method", with(get, ":method", std::string(65, 'A')), "501"},
      {"§8.5: CONNECT is no malformed request", {{":method", "CONNECT"}, {":authority", "a:443"}}, "501"},
      {"§8.5: CONNECT has no path", with(get, ":method", "CONNECT"), "malformed"},
      {"§8.5: CONNECT names its end", {{":method", "CONNECT"}}, "malformed"},
  });
}

TEST(H2RequestHead, AWebSocketIsTheGetThatItIsInHttp1) {
  const Pairs opens = then(with(h2::get("/chat?a=b"), ":method", "CONNECT"), ":protocol", "websocket");
  const std::string fine = "GET /chat?a=b app.example none upgrade";
  check({
      {"RFC 8441 §5", opens, fine, false},
      {"RFC 8441 §5: over TLS", with(opens, ":scheme", "https"), fine, false},
      {"RFC 8441 §4: it may be ended at once", opens, fine, true},
      {"RFC 8441 §4: a token, without a case as in Upgrade", with(opens, ":protocol", "WebSocket"), fine, false},
      {"RFC 8441 §4: with scheme", without(opens, ":scheme"), "malformed", false},
      {"RFC 8441 §4: and path", without(opens, ":path"), "malformed", false},
      {"RFC 8441 §4: and authority", without(opens, ":authority"), "malformed", false},
      {"RFC 8441 §4: and host is none", then(without(opens, ":authority"), "host", "app.example"), "malformed", false},
      {"RFC 8441 §4: only with CONNECT", with(opens, ":method", "GET"), "malformed", false},
      {"RFC 8441 §4: only with CONNECT", with(opens, ":method", "POST"), "malformed", false},
      {"RFC 9113 §8.3: once", then(opens, ":protocol", "websocket"), "malformed", false},
      {"RFC 9110 §9.3.6: another protocol", with(opens, ":protocol", "connect-udp"), "501", false},
      {"RFC 9110 §9.3.6: no protocol", with(opens, ":protocol", ""), "501", false},
      {"RFC 9112 §3: the same gate", with(opens, ":path", "/a b"), "400", false},
      {"RFC 9113 §8.2.2", then(opens, "upgrade", "websocket"), "malformed", false},
      {"RFC 9113 §8.2.2", then(opens, "connection", "upgrade"), "malformed", false},
      {"RFC 8441 §5: the stream is the WebSocket", then(opens, "content-length", "5"), "400", false},
      {"RFC 8441 §5: the stream is the WebSocket", then(opens, "content-length", "0"), "400", false},
      {"limits are the same", then(opens, "x-a", std::string(40'000, 'v')), "431", false},
  });
  const Built built = build(then(then(opens, "sec-websocket-key", "of-the-client"), "sec-websocket-version", "13"), false);
  EXPECT_THAT(pairs(built.head->head.fields), ElementsAre(Pair("host", "app.example"), Pair("sec-websocket-version", "13"),
                                                          Pair("upgrade", "websocket")));
  EXPECT_EQ(built.head->head.method, http::Method::Get);
}

TEST(H2RequestHead, TheTargetPassesTheGateOfHttp1) {
  const auto path = [](std::string text) { return h2::get(std::move(text)); };
  check({
      {"as it is", path("/a%2fb/../c?d=e%20f"), "GET /a%2fb/../c?d=e%20f app.example none"},
      {"a space would end it in HTTP/1", path("/a HTTP/1.1"), "400"},
      {"a line end", path("/a\r\nx: y"), "malformed"},
      {"NUL", path(std::string("/a\0b", 4)), "malformed"},
      {"8-bit", path("/caf\xc3\xa9"), "400"},
      {"a fragment is never sent", path("/a#b"), "400"},
      {"longer than uri_bytes", path("/" + std::string(8 * 1024, 'a')), "414"},
  });
}

TEST(H2RequestHead, AuthorityAndHostAreOne) {
  const auto get = h2::get();
  const auto no_authority = without(get, ":authority");
  check({
      {"§8.3.1: Host alone, as of HTTP/1 turned into HTTP/2", then(no_authority, "host", "a.example"), "GET / a.example none"},
      {"RFC 9112 §3.2: neither", no_authority, "400"},
      {"§8.3.1: the same twice", then(get, "host", "app.example"), "GET / app.example none"},
      {"§8.3.1: in other letters", then(get, "host", "APP.example"), "GET / app.example none"},
      {"§8.3.1: another", then(get, "host", "other.example"), "400"},
      {"§8.3.1: another port", then(get, "host", "app.example:81"), "400"},
      {"RFC 9112 §3.2: two, and one of them another", then(then(get, "host", "app.example"), "host", "b"), "400"},
      {"RFC 9112 §3.2: two without :authority", then(then(no_authority, "host", "a"), "host", "a"), "400"},
      {"§8.3.1: no userinfo", with(get, ":authority", "user@app.example"), "400"},
      {"RFC 9110 §4.2.1: not empty", with(get, ":authority", ""), "400"},
      {"RFC 3986 §3.2.2: a path in it", with(get, ":authority", "app.example/x"), "400"},
      {"RFC 3986 §3.2.2: a port", with(get, ":authority", "app.example:8443"), "GET / app.example:8443 none"},
      {"RFC 3986 §3.2.2: port", with(get, ":authority", "app.example:99999"), "400"},
      {"line end", with(get, ":authority", "app.example\r\nx: y"), "malformed"},
  });
  EXPECT_THAT(pairs(build(then(get, "host", "APP.example")).head->head.fields), ElementsAre(Pair("host", "app.example")));
}

TEST(H2RequestHead, FieldsAreThoseThatHttp1CouldCarry) {
  const auto get = h2::get();
  const auto field = [&](std::string name, std::string value) { return then(get, std::move(name), std::move(value)); };
  const std::string fine = "GET / app.example none";
  check({
      {"§8.2.1: small letters", field("X-A", "b"), "malformed"},
      {"§8.2.1: empty name", field("", "b"), "malformed"},
      {"§8.2.1: blank in a name", field("x a", "b"), "malformed"},
      {"§8.2.1: colon in a name", field("x:a", "b"), "malformed"},
      {"§8.2.1: line end in a name", field("x\r\ny", "b"), "malformed"},
      {"§8.2.1: 8-bit in a name", field("x\xc3\xa9", "b"), "malformed"},
      {"§8.2.1: NUL", field("x-a", std::string("b\0c", 3)), "malformed"},
      {"§8.2.1: CR", field("x-a", "b\rc"), "malformed"},
      {"§8.2.1: LF", field("x-a", "b\nc"), "malformed"},
      {"§8.2.1: a smuggled field", field("x-a", "b\r\ntransfer-encoding: chunked"), "malformed"},
      {"§8.2.1: other controls", field("x-a", "b\x01"), "malformed"},
      {"§8.2.1: DEL", field("x-a", "b\x7f"), "malformed"},
      {"§8.2.1: blank before", field("x-a", " b"), "malformed"},
      {"§8.2.1: tab behind", field("x-a", "b\t"), "malformed"},
      {"§8.2.1: blanks inside", field("x-a", "b \tc"), fine},
      {"§8.2.1: 8-bit in a value", field("x-a", "caf\xc3\xa9"), fine},
      {"§8.2.1: empty value", field("x-a", ""), fine},
      {"§8.2.2: Connection", field("connection", "close"), "malformed"},
      {"§8.2.2: Connection", field("connection", "x-forwarded-for"), "malformed"},
      {"§8.2.2: Keep-Alive", field("keep-alive", "timeout=5"), "malformed"},
      {"§8.2.2: Proxy-Connection", field("proxy-connection", "close"), "malformed"},
      {"§8.2.2: Transfer-Encoding", field("transfer-encoding", "chunked"), "malformed"},
      {"§8.2.2: Transfer-Encoding", field("transfer-encoding", "identity"), "malformed"},
      {"§8.2.2: Upgrade", field("upgrade", "websocket"), "malformed"},
      {"§8.2.2: TE is trailers", field("te", "trailers"), fine},
      {"§8.2.2: TE is nothing else", field("te", "gzip"), "malformed"},
      {"§8.2.2: TE is nothing else", field("te", "trailers, gzip"), "malformed"},
      {"RFC 9112 §6.1: a twin for those who make variables of names", field("transfer_encoding", "chunked"), "400"},
      {"RFC 9112 §6.3: the same", field("content_length", "5"), "400"},
  });
}

TEST(H2RequestHead, BodiesAndTheirLengths) {
  const auto post = h2::post();
  const auto length = [&](std::string text) { return then(post, "content-length", std::move(text)); };
  check({
      {"§8.1: END_STREAM ends it", post, "POST / app.example none"},
      {"§8.1: DATA follows", post, "POST / app.example chunked", false},
      {"RFC 9110 §8.6: of a known length", length("5"), "POST / app.example length:5", false},
      {"RFC 9110 §8.6: nothing", length("0"), "POST / app.example none"},
      {"RFC 9110 §8.6: nothing, which a DATA frame says", length("0"), "POST / app.example none", false},
      {"§8.1.1: no DATA at all", length("5"), "malformed"},
      {"RFC 9110 §8.6: digits", length("+5"), "400", false},
      {"RFC 9110 §8.6: digits", length("0x5"), "400", false},
      {"RFC 9110 §8.6: no list", length("5, 5"), "400", false},
      {"RFC 9110 §8.6: at most 2^63 - 1", length("9223372036854775808"), "400", false},
      {"RFC 9110 §8.6: once", then(length("5"), "content-length", "5"), "400", false},
      {"RFC 9110 §10.1.1: a client that waits for a 100", then(length("5"), "expect", "100-continue"),
       "POST / app.example length:5 expect", false},
      {"RFC 9110 §10.1.1: the same without a length", then(post, "expect", "100-Continue"), "POST / app.example chunked expect",
       false},
      {"RFC 9110 §10.1.1: another expectation", then(post, "expect", "200-ok"), "POST / app.example chunked", false},
      {"RFC 9110 §10.1.1: nothing to wait with", then(h2::get(), "expect", "100-continue"), "GET / app.example none"},
  });
}

TEST(H2RequestHead, CrumbsOfACookieAreOneField) {
  const Built built = build(h2::get("/", {{"cookie", "a=1"}, {"x-b", "c"}, {"cookie", "b=2"}, {"cookie", "c=3; d=4"}}));
  EXPECT_THAT(pairs(built.head->head.fields),
              ElementsAre(Pair("host", "app.example"), Pair("cookie", "a=1; b=2; c=3; d=4"), Pair("x-b", "c")));
  EXPECT_EQ(http::find(built.head->head.fields, http::FieldId::Cookie), "a=1; b=2; c=3; d=4");
}

TEST(H2RequestHead, ABrowserWithManyCookiesHasOneField) {
  Pairs fields = h2::get();
  for (int i = 0; i < 300; ++i) fields.emplace_back("cookie", "c" + std::to_string(i) + "=1");
  EXPECT_EQ(build(fields).outcome, "GET / app.example none");
}

TEST(H2RequestHead, LimitsAreThoseOfHttp1) {
  const http::HeadLimits limits{.header_bytes = 1024, .header_count = 10, .uri_bytes = 100};
  const auto field = [](std::size_t size) { return h2::get("/", {{"x-a", std::string(size, 'v')}}); };
  EXPECT_EQ(build(field(800), true, limits).outcome, "GET / app.example none");
  EXPECT_EQ(build(field(1100), true, limits).outcome, "431");
  EXPECT_EQ(build(field(1100), true, limits).head->head.target, "/");  // for the log
  EXPECT_EQ(build(field(8 * 1024), true, limits).outcome, "bomb");
  EXPECT_EQ(build(h2::get("/" + std::string(100, 'a')), true, limits).outcome, "414");

  const auto many = [](int count) {
    Pairs fields = h2::get();
    for (int i = 0; i < count; ++i) fields.emplace_back("a", "");
    return fields;
  };
  EXPECT_EQ(build(many(10), true, limits).outcome, "GET / app.example none");
  EXPECT_EQ(build(many(11), true, limits).outcome, "431");
  EXPECT_EQ(build(many(20), true, limits).outcome, "431");
  EXPECT_EQ(build(many(150), true, limits).outcome, "bomb");
}

TEST(H2RequestHead, OneBuilderMakesOneHeadAfterTheOther) {
  RequestHeadBuilder builder({});
  const auto make = [&](const Pairs& fields) {
    builder.begin();
    for (const auto& [name, value] : fields) builder.add(name, value);
    EXPECT_EQ(builder.finish(true), RequestHeadBuilder::Outcome::Complete);
    return builder.take();
  };
  const auto first = make(h2::get("/first", {{"cookie", "a"}, {"cookie", "b"}}));
  const auto second = make(h2::get("/second", {{"x-b", "c"}}));
  EXPECT_EQ(first->head.target, "/first");
  EXPECT_THAT(pairs(first->head.fields), ElementsAre(Pair("host", "app.example"), Pair("cookie", "a; b")));
  EXPECT_THAT(pairs(second->head.fields), ElementsAre(Pair("host", "app.example"), Pair("x-b", "c")));
}

TEST(H2RequestHead, WhatIsMalformedCanBeLookedFor) {
  const Built built = build(h2::get("/admin", {{"connection", "close"}}));
  EXPECT_EQ(built.outcome, "malformed");
  EXPECT_EQ(built.detail, "connection-specific field");
  EXPECT_EQ(built.head->head.method_text, "GET");
  EXPECT_EQ(built.head->head.target, "/admin");
  EXPECT_EQ(built.head->head.authority, "app.example");
}

TEST(H2Trailers, AreFilteredAsThoseOfHttp1) {
  TrailerBuilder trailers({});
  EXPECT_EQ(trailers.add("grpc-status", "0"), nullptr);
  EXPECT_EQ(trailers.add("content-length", "5"), nullptr);  // dropped
  EXPECT_EQ(trailers.add("authorization", "x"), nullptr);
  EXPECT_EQ(trailers.add("digest", "sha-256=x"), nullptr);
  EXPECT_THAT(pairs(trailers.finish()), ElementsAre(Pair("grpc-status", "0"), Pair("digest", "sha-256=x")));
}

TEST(H2Trailers, HaveTheSameRules) {
  const auto fault = [](std::string_view name, std::string_view value) { return TrailerBuilder({}).add(name, value) != nullptr; };
  EXPECT_TRUE(fault(":path", "/"));
  EXPECT_TRUE(fault("X-A", "b"));
  EXPECT_TRUE(fault("x-a", "b\r\nc: d"));
  EXPECT_TRUE(fault("connection", "close"));
  EXPECT_TRUE(fault("transfer-encoding", "chunked"));
  EXPECT_TRUE(fault("x-a", std::string(40'000, 'v')));
  TrailerBuilder many({.header_bytes = 10'000, .header_count = 3, .uri_bytes = 10});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(many.add("x", "y"), nullptr);
  EXPECT_NE(many.add("x", "y"), nullptr);
}

}  // namespace
}  // namespace frontdoor::http2
