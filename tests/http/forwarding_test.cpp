// What reaches the upstream and the client of what the other side sent.

#include "http/forwarding.h"

#include "head_cases.h"

namespace frontdoor::http {
namespace {

const ForwardContext kStranger{.last_hop = "192.0.2.1", .scheme = "https", .request_id = "id1"};
const ForwardContext kTrusted{
    .last_hop = "192.0.2.1", .scheme = "https", .request_id = "id1", .via = true, .trusted = true};
constexpr const char* kOurs =
    "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;Via=1.1 "
    "frontdoor;";

std::string text_of(const Fields& fields) {
  std::string text;
  for (const auto& field : fields) text += std::string(field.name) + "=" + std::string(field.value) + ";";
  return text;
}

std::string forwarded_head(const std::string& raw, const ForwardContext& context) {
  RequestHeadParser parser({});
  EXPECT_EQ(parser.parse(raw), HeadStatus::Complete) << raw;
  Fields out{{"left", "over", FieldId::Other}};
  std::string scratch = "left over";
  forward_request(parser.head(), context, out, scratch);
  return text_of(out);
}

struct ForwardingRow {
  const char* rule;
  std::string fields;
  std::string want;  // before our own fields
};

TEST(ForwardRequest, DropsWhatEndsHere) {
  const auto hop = "RFC 9110 §7.6.1: intermediaries MUST remove hop-by-hop fields";
  const auto nominated = "RFC 9110 §7.6.1: remove any field named by a connection option";
  const auto kept = "a client must not strip what the upstream relies on";
  const ForwardingRow rows[] = {
      {"plain fields stay in order", "B: 1\r\nA: 2\r\nB: 3\r\n", "B=1;A=2;B=3;"},
      {"empty values stay", "A:\r\n", "A=;"},
      {hop, "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nA: 1\r\n", "A=1;"},
      {hop, "Proxy-Connection: keep-alive\r\n", ""},
      {hop, "TE: trailers, deflate\r\nA: 1\r\n", "A=1;"},
      {hop, "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP\r\nConnection: Upgrade, HTTP2-Settings\r\n", ""},
      {"RFC 9110 §7.8: Upgrade without its connection option was not meant for us",
       "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n", "Sec-WebSocket-Key=k;"},
      {"framing is written anew", "Content-Length: 5\r\n", ""},
      {"framing is written anew", "Transfer-Encoding: chunked\r\nTrailer: A\r\n", "Trailer=A;"},
      {"RFC 9110 §11.7.2: Proxy-Authorization is for the first proxy that wants it",
       "Proxy-Authorization: x\r\n", ""},
      {"httpoxy", "Proxy: http://evil\r\nproxy: x\r\n", ""},
      {nominated, "Connection: X-A\r\nX-A: 1\r\nx-a: 2\r\nX-B: 3\r\n", "X-B=3;"},
      {nominated, "X-A: 1\r\nConnection: close\r\nConnection: x-b, X-A\r\nX-B: 2\r\nX-C: 3\r\n", "X-C=3;"},
      {nominated, "Connection: Accept\r\nAccept: b\r\n", ""},
      {kept, "Connection: Authorization, Cookie\r\nAuthorization: x\r\nCookie: y\r\n",
       "Authorization=x;Cookie=y;"},
      {kept, "Connection: Host, X-Forwarded-For, X-Request-Id, X-Forwarded-Proto, Via\r\n", ""},
      {"RFC 9110 §10.1.1: Expect other than 100-continue", "Content-Length: 5\r\nExpect: x\r\n", ""},
      {"RFC 9110 §10.1.1: 100-continue is passed on", "Content-Length: 5\r\nExpect: 100-continue\r\n",
       "Expect=100-continue;"},
      {"Expect without a body", "Expect: 100-continue\r\n", ""},
      {"other methods keep Max-Forwards", "Max-Forwards: 5\r\n", "Max-Forwards=5;"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(forwarded_head(get(row.fields), kStranger), row.want + kOurs) << row.rule << "\n" << row.fields;
    EXPECT_EQ(forwarded_head(get(row.fields), kTrusted), row.want + kOurs) << row.rule << ", trusted\n"
                                                                      << row.fields;
  }
}

// Each value of ours is a view into the scratch string, which must not have grown out of its room meanwhile.
TEST(ForwardRequest, HasRoomForAllThatItPutsTogether) {
  std::string fields, want;
  for (int i = 0; i < 50; ++i) {
    fields += "Max-Forwards: 18446744073709551615\r\n";
    want += "Max-Forwards=18446744073709551614;";
  }
  const std::string raw = "OPTIONS / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  EXPECT_EQ(forwarded_head(raw, kStranger), want + kOurs);
}

TEST(ForwardRequest, StrangersAreNotBelieved) {
  for (const std::string fields :
       {"X-Forwarded-For: 10.0.0.1\r\n", "X-Forwarded-Proto: http\r\n", "X-Forwarded-Host: evil\r\n",
        "X-Forwarded-Port: 1\r\n", "X-Forwarded-Server: evil\r\n", "X-Forwarded-Prefix: /evil\r\n",
        "Forwarded: for=10.0.0.1\r\n", "X-Real-IP: 10.0.0.1\r\n", "X-Request-Id: evil\r\n",
        "X_Forwarded_For: 10.0.0.1\r\n", "x-forwarded_proto: http\r\n", "X_Real_IP: 10.0.0.1\r\n",
        "X_Request_Id: evil\r\n", "X-Client-Cert-Subject: CN=root\r\n", "x_client-cert_serial: 1\r\n",
        "X-Client-Cert-Whatever: 1\r\n"})
    EXPECT_EQ(forwarded_head(get(fields), kStranger), kOurs) << fields;
}

// A certificate that was proved to us is told by us, and by nobody before us; what nobody proved is told by those that are
// trusted.
TEST(ForwardRequest, ClientCertificatesAreProvedOrTrusted) {
  const Field proved[] = {{"X-Client-Cert-Subject", "CN=alice"}};
  const std::string claimed = "X-Client-Cert-Subject: CN=root\r\nX-Client-Cert-Other: 1\r\nX_Client_Cert_Subject: CN=root\r\n";
  ForwardContext stranger = kStranger, trusted = kTrusted;
  EXPECT_EQ(forwarded_head(get(claimed), stranger).find("root"), std::string::npos);
  EXPECT_EQ(forwarded_head(get(claimed), trusted).find("X-Client-Cert-Subject=CN=root;X-Client-Cert-Other=1;X-Forwarded"), 0u);
  stranger.client_certificate = trusted.client_certificate = proved;
  for (const auto& context : {stranger, trusted}) {
    const std::string all = forwarded_head(get(claimed), context);
    EXPECT_EQ(all.find("root"), std::string::npos) << all;
    EXPECT_NE(all.find("X-Client-Cert-Subject=CN=alice;"), std::string::npos) << all;
  }
}

TEST(ForwardRequest, TrustedClientsAreExtended) {
  const ForwardingRow rows[] = {
      {"appended", "X-Forwarded-For: 10.0.0.1\r\n",
       "X-Forwarded-For=10.0.0.1, 192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"several lines are one list", "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\nX-Forwarded-For: 10.0.0.3\r\n",
       "X-Forwarded-For=10.0.0.1, 10.0.0.2, 10.0.0.3, 192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;"
       "X-Request-Id=id1;"},
      {"empty ones say nothing", "X-Forwarded-For:\r\n",
       "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"nothing left of a malformed element",
       "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: evil, 10.0.0.2\r\nX-Forwarded-For: 10.0.0.3\r\n",
       "X-Forwarded-For=10.0.0.2, 10.0.0.3, "
       "192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"begun anew when that is the last one", "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: evil\r\n",
       "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"the rest is believed", "X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nX-Forwarded-Port: 1\r\n",
       "X-Forwarded-Proto=http;X-Forwarded-Host=b;X-Forwarded-Port=1;X-Forwarded-For=192.0.2.1;"
       "X-Request-Id=id1;"},
      {"the caller decides about the id", "X-Request-Id: id0\r\n",
       "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"only once, and what was added last", "X-Forwarded-Proto: x\r\nX-Forwarded-Proto: http\r\n",
       "X-Forwarded-Proto=http;X-Forwarded-For=192.0.2.1;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"Forwarded is extended where it is in use", "Forwarded: for=10.0.0.1\r\nForwarded: for=10.0.0.2\r\n",
       "Forwarded=for=10.0.0.1;Forwarded=for=10.0.0.2;X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;"
       "X-Forwarded-Host=a;X-Request-Id=id1;Forwarded=for=192.0.2.1;proto=https;"},
      {"nothing left of a malformed element of Forwarded",
       "Forwarded: for=10.0.0.1\r\nForwarded: for=\", for=10.0.0.2\r\n",
       "Forwarded=for=10.0.0.2;X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-"
       "Request-Id=id1;"
       "Forwarded=for=192.0.2.1;proto=https;"},
      {"and dropped when that is the last one", "Forwarded: for=10.0.0.1\r\nForwarded: for=evil\r\n",
       "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"twins are for nobody", "X_Forwarded_For: 10.0.0.1\r\nX-Real_IP: 1\r\n",
       "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"not nominated away",
       "Connection: X-Forwarded-For, X-Forwarded-Port\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Port: "
       "2\r\n",
       "X-Forwarded-Port=2;X-Forwarded-For=10.0.0.1, "
       "192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;"},
      {"nor is what an app believes as much",
       "Connection: X-Real-IP, X-Client-Cert-Subject\r\nX-Real-IP: 10.0.0.1\r\nX-Client-Cert-Subject: CN\r\n",
       "X-Real-IP=10.0.0.1;X-Client-Cert-Subject=CN;X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;"
       "X-Request-Id=id1;"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(forwarded_head(get(row.fields), kTrusted), row.want + "Via=1.1 frontdoor;") << row.rule;
}

TEST(ForwardRequest, AnIpv6HopIsQuotedInForwarded) {
  auto context = kTrusted;
  context.last_hop = "2001:db8::1";
  context.via = false;
  EXPECT_EQ(forwarded_head(get("Forwarded: for=unknown\r\n"), context),
            "Forwarded=for=unknown;X-Forwarded-For=2001:db8::1;X-Forwarded-Proto=https;X-Forwarded-Host=a;"
            "X-Request-Id=id1;Forwarded=for=\"[2001:db8::1]\";proto=https;");
}

TEST(ClaimedRequestId, IsTakenWhenALogCanHoldIt) {
  const auto claimed = [](const std::string& fields) {
    RequestHeadParser parser({});
    const auto raw = get(fields);
    EXPECT_EQ(parser.parse(raw), HeadStatus::Complete);
    return std::string(claimed_request_id(parser.head()));
  };
  EXPECT_EQ(claimed("X-Request-Id: 4f1c-9a.b_c~d\r\n"), "4f1c-9a.b_c~d");
  EXPECT_EQ(claimed("X-Request-Id: Root=1-67891233-abcdef/2:x@y+z\r\n"), "Root=1-67891233-abcdef/2:x@y+z");
  EXPECT_EQ(claimed("X-Request-Id: the client's\r\nX-Request-Id: the-proxy's\r\n"), "the-proxy's");
  EXPECT_EQ(claimed("X-Request-Id: " + std::string(128, 'a') + "\r\n"), std::string(128, 'a'));
  for (const auto& id :
       {std::string(129, 'a'), "a b"s, "a\"b"s, "a,b"s, "<script>"s, "a;b"s, "\xc3\xa4"s, "\\"s, ""s})
    EXPECT_EQ(claimed("X-Request-Id: " + id + "\r\n"), "") << id;
  EXPECT_EQ(claimed(""), "");
}

TEST(ForwardRequest, ViaIsTheNextElementOfTheList) {
  // RFC 9110 §7.6.3: an intermediary MUST append its own information, with the version it received.
  EXPECT_EQ(forwarded_head(get("Via: 1.1 edge\r\n"), kStranger), "Via=1.1 edge;"s + kOurs);
  EXPECT_EQ(forwarded_head("GET / HTTP/1.0\r\n\r\n", kStranger),
            "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Request-Id=id1;Via=1.0 frontdoor;");
  auto quiet = kStranger;
  quiet.via = false;
  quiet.request_id = "";
  EXPECT_EQ(forwarded_head(get(""), quiet),
            "X-Forwarded-For=192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;");
}

TEST(ForwardRequest, MaxForwardsCountsDownForTraceAndOptions) {
  // RFC 9110 §7.6.2: each intermediary MUST update it for TRACE and OPTIONS; at zero it answers itself.
  const auto options = [](const std::string& value) {
    return "OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\nMax-Forwards: " + value +
           "\r\n\r\n";
  };
  const std::string rest =
      "X-Forwarded-For=10.0.0.1, "
      "192.0.2.1;X-Forwarded-Proto=https;X-Forwarded-Host=a;X-Request-Id=id1;Via=1.1 "
      "frontdoor;";
  EXPECT_EQ(forwarded_head(options("10"), kTrusted), "Max-Forwards=9;" + rest);
  EXPECT_EQ(forwarded_head(options("1"), kTrusted), "Max-Forwards=0;" + rest);
  EXPECT_EQ(forwarded_head(options("18446744073709551615"), kTrusted),
            "Max-Forwards=18446744073709551614;" + rest);
  EXPECT_EQ(forwarded_head(options("x"), kTrusted), "Max-Forwards=x;" + rest);

  const auto hops = [](const std::string& raw) {
    RequestHeadParser parser({});
    EXPECT_EQ(parser.parse(raw), HeadStatus::Complete);
    return max_forwards(parser.head());
  };
  EXPECT_EQ(hops(options("0")), 0u);
  EXPECT_EQ(hops("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n"), 3u);
  EXPECT_EQ(hops(options("-1")), std::nullopt);
  EXPECT_EQ(hops(options("1 ")), 1u);
  EXPECT_EQ(hops(options("1x")), std::nullopt);
  EXPECT_EQ(hops(options("")), std::nullopt);
  EXPECT_EQ(hops(get("Max-Forwards: 0\r\n")), std::nullopt);
}

TEST(ForwardRequest, SomeAreForUs) {
  const auto for_us = [](const std::string& raw) {
    RequestHeadParser parser({});
    EXPECT_EQ(parser.parse(raw), HeadStatus::Complete) << raw;
    return is_for_us(parser.head());
  };
  EXPECT_TRUE(for_us("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(for_us("OPTIONS /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"));
  EXPECT_TRUE(for_us("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"));
  EXPECT_FALSE(for_us("OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(for_us("OPTIONS /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n"));
  EXPECT_FALSE(for_us("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(for_us("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"));
}

TEST(ForwardResponse, DropsWhatEndsHere) {
  const auto hop = "RFC 9110 §7.6.1: hop-by-hop";
  const ForwardingRow rows[] = {
      {"plain fields stay in order", "Set-Cookie: a\r\nServer: x\r\nSet-Cookie: b\r\n",
       "Set-Cookie=a;Server=x;Set-Cookie=b;"},
      {hop, "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", ""},
      {hop, "Connection: X-A, Date\r\nX-A: 1\r\nDate: now\r\n", "Date=now;"},
      {hop, "Upgrade: h2,h2c\r\nConnection: Upgrade\r\n", ""},
      {hop, "Proxy-Connection: close\r\n", ""},
      {"framing is written anew", "Transfer-Encoding: chunked\r\n", ""},
      {"framing is written anew", "Content-Length: 5\r\n", ""},
      {"RFC 9110 §11.7.1: not ours", "Proxy-Authenticate: Basic\r\n", "Proxy-Authenticate=Basic;"},
      {"a chain is kept", "Via: 1.1 app\r\n", "Via=1.1 app;"},
  };
  for (const auto& row : rows) {
    ResponseHeadParser parser({});
    const auto raw = ok(row.fields);
    ASSERT_EQ(parser.parse(raw, Method::Get), HeadStatus::Complete) << row.fields;
    Fields out;
    std::string scratch;
    forward_response(parser.head(), true, out, scratch);
    EXPECT_EQ(text_of(out), row.want + "Via=1.1 frontdoor;") << row.rule;
    forward_response(parser.head(), false, out, scratch);
    EXPECT_EQ(text_of(out), row.want) << row.rule;
  }
}

}  // namespace
}  // namespace frontdoor::http
