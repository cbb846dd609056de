// TLS of listeners: its short forms, and what is said about it.

#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kPool = "[pool.app]\nupstreams = [\"10.0.0.1:80\"]\n";

Listener first_listener(const std::string& text) {
  const auto loaded = load(text, "fd.toml", {});
  EXPECT_TRUE(loaded.ok()) << ::testing::PrintToString(lines(loaded));
  return loaded.config.listeners.front();
}

TEST(Tls, ShortFormsAreWhatTheyAreShortFor) {
  const TlsCertificate a{"a.pem", "a.key", ""};
  const auto beside = first_listener("listen = \":443\"\ntls = { cert = \"a.pem\", key = \"a.key\" }\n" + kPool);
  ASSERT_TRUE(beside.tls);
  EXPECT_THAT(beside.tls->certificates, ElementsAre(a));
  const auto inside = first_listener("[[listener]]\naddress = \":443\"\ntls = { cert = \"a.pem\", key = \"a.key\" }\n" + kPool);
  EXPECT_EQ(inside.tls, beside.tls);
  const auto in_full =
      first_listener("[[listener]]\naddress = \":443\"\n[listener.tls]\ncertificates = [{ cert = \"a.pem\", key = \"a.key\" }]\n" + kPool);
  EXPECT_EQ(in_full.tls, beside.tls);
  const auto made = first_listener("listen = \":443\"\ntls = \"self-signed\"\n" + kPool);
  ASSERT_TRUE(made.tls);
  EXPECT_TRUE(made.tls->self_signed);
  EXPECT_FALSE(first_listener("listen = \":80\"\n" + kPool).tls);
}

TEST(Tls, WhatIsWrongWithIt) {
  struct {
    std::string tls, message;
  } cases[] = {
      {"\"on\"", "1:7: tls: \"on\" is unknown, write \"self-signed\" or { cert = \"cert.pem\", key = \"key.pem\" }"},
      {"true", "1:7: tls: expected a table [listener.tls] or \"self-signed\", not true or false"},
      {"{}", "1:7: tls needs a certificate, as in { cert = \"cert.pem\", key = \"key.pem\" }; to try it out, write tls = "
             "\"self-signed\""},
      {"{ cert = \"a.pem\" }", "1:16: a certificate needs both, as in { cert = \"cert.pem\", key = \"key.pem\" }"},
      {"{ certificates = [{}] }", "1:25: a certificate needs its files, as in { cert = \"cert.pem\", key = \"key.pem\" }"},
      {"{ certificates = \"a.pem\", self_signed = true }",
       "1:24: certificates: expected a list as in [{ cert = \"cert.pem\", key = \"key.pem\" }], not a string"},
      {"{ certificates = [\"a.pem\"], self_signed = true }",
       "1:25: certificates: expected a table { cert = \"cert.pem\", key = \"key.pem\" }, not a string"},
      {"{ cert = \"a.pem\", key = \"a.key\", self_signed = true }",
       "1:7: tls has certificates, so that self_signed makes no sense: leave one of them out"},
      {"{ self_signed = true, min_version = \"1.1\" }", "1:43: min_version: \"1.1\" is unknown, did you mean \"1.2\"?"},
  };
  for (const auto& c : cases) {
    const auto found = problems("tls = " + c.tls + "\nlisten = \":443\"\n" + kPool);
    EXPECT_THAT(found, ::testing::Contains("fd.toml:" + c.message)) << c.tls;
  }
  EXPECT_THAT(problems("listen = \":443\"\ntls = { certificates = [{ cert = \"a\", key = \"b\", zzzzzz = \"c\" }] }\n" + kPool),
              ElementsAre(::testing::HasSubstr("in the certificates of [listener.tls]")));
  EXPECT_THAT(problems("tls = \"self-signed\"\n[[listener]]\naddress = \":443\"\n" + kPool),
              ElementsAre("fd.toml:1:7: tls at the top of the file is for what `listen` names: below [[listener]] it is "
                          "[listener.tls]"));
}

TEST(Tls, ASelfSignedCertificateIsWarnedOf) {
  EXPECT_THAT(problems("listen = \":443\"\ntls = \"self-signed\"\n" + kPool),
              ElementsAre("fd.toml:2:7: warning: tls is self-signed: no client trusts it, and browsers warn of it. For "
                          "development only"));
}

TEST(Tls, Redirects) {
  const std::string http = "[[listener]]\naddress = \":80\"\nredirect = \"https\"\n";
  EXPECT_THAT(problems(http + kPool),
              ElementsAre("fd.toml:2:11: warning: redirect = \"https\", and no listener of this file has tls: is another "
                          "program there?"));
  const std::string https = "[[listener]]\naddress = \":443\"\ntls = { cert = \"a.pem\", key = \"a.key\" }\n";
  EXPECT_THAT(problems(http + https + kPool), IsEmpty());
  EXPECT_THAT(problems(https + "redirect = \"https\"\n" + kPool),
              ElementsAre("fd.toml:2:11: redirect is for a listener without tls: these clients have come by https already"));
}

// What is in the files is seen where somebody looks.
TEST(Tls, FilesAreLookedInto) {
  LoadOptions options;
  options.look_at_certificate = [](const TlsCertificate& certificate) {
    CertificateLook look;
    if (certificate.cert == "bad.pem") look.error = "the key does not fit the certificate";
    if (certificate.cert == "old.pem") look.warnings = {"it has expired"};
    look.names = {"a.example", "*.b.example"};
    return look;
  };
  options.client_ca_problem = [](const std::string& path) { return path == "gone.pem" ? "no such file" : ""; };
  const auto with = [&](const std::string& tls, const std::string& routes = "") {
    return problems("listen = \":443\"\ntls = " + tls + "\n" + kPool + routes, options);
  };
  EXPECT_THAT(with("{ cert = \"bad.pem\", key = \"a.key\" }"),
              ElementsAre("fd.toml:2:16: certificate \"bad.pem\": the key does not fit the certificate"));
  EXPECT_THAT(with("{ cert = \"old.pem\", key = \"a.key\" }"),
              ElementsAre("fd.toml:2:16: warning: certificate \"old.pem\": it has expired"));
  EXPECT_THAT(with("{ cert = \"a.pem\", key = \"a.key\", client_ca = \"gone.pem\" }"),
              ElementsAre("fd.toml:2:7: client_ca \"gone.pem\": no such file"));
  EXPECT_THAT(with("{ cert = \"a.pem\", key = \"a.key\" }", "[[route]]\nhost = \"x.b.example\"\n"),
              ElementsAre("fd.toml:2:16: warning: certificate \"a.pem\": its name \"a.example\" is the host of no [[route]]"));
  EXPECT_THAT(with("{ cert = \"a.pem\", key = \"a.key\" }", "[[route]]\nhost = \"x.b.example\"\n[[route]]\n"), IsEmpty())
      << "a route that takes every host";
  EXPECT_THAT(with("{ cert = \"a.pem\", key = \"a.key\" }",
                   "[[route]]\nhost = \"*.b.example\"\n[[route]]\nhost = \"a.example\"\n"),
              IsEmpty());
}

// ---- To upstreams

Pool first_pool(const std::string& below) {
  const auto loaded = load("listen = \":80\"\n[pool.app]\n" + below, "fd.toml", {});
  EXPECT_TRUE(loaded.ok()) << ::testing::PrintToString(lines(loaded));
  return loaded.config.pools.front();
}

TEST(UpstreamTls, AnAddressSaysHowItIsSpokenTo) {
  const auto pool = first_pool("upstreams = [\"https://a.example\", \"https://b.example:8443\", \"https://[::1]\", \"c:80\"]\n");
  struct {
    const char *text, *host;
    bool tls;
  } want[] = {{"https://a.example:443", "a.example", true},
              {"https://b.example:8443", "b.example:8443", true},
              {"https://[::1]:443", "[::1]", true},
              {"c:80", "c:80", false}};
  for (std::size_t i = 0; i < 4; ++i) {
    const Address& address = pool.upstreams[i].address;
    EXPECT_EQ(address.to_string(), want[i].text);
    EXPECT_EQ(address.host_field(), want[i].host);
    EXPECT_EQ(address.tls, want[i].tls);
  }
  EXPECT_TRUE(pool.has_tls());
  EXPECT_TRUE(pool.tls.verify);
}

TEST(UpstreamProtocol, IsHttp1UnlessSaidOtherwise) {
  const auto protocol = [](const std::string& keys) {
    return load("listen = \":80\"\n[pool.app]\n" + keys, "fd.toml").config.pools.at(0).protocol;
  };
  EXPECT_EQ(protocol("upstreams = [\"a:1\"]\n"), config::UpstreamProtocol::Http1);
  EXPECT_EQ(protocol("upstreams = [\"a:1\"]\nprotocol = \"http/1.1\"\n"), config::UpstreamProtocol::Http1);
  EXPECT_EQ(protocol("upstreams = [\"a:1\"]\nprotocol = \"h2c\"\n"), config::UpstreamProtocol::H2c);
  EXPECT_EQ(protocol("upstreams = [\"https://a:1\"]\nprotocol = \"h2\"\n"), config::UpstreamProtocol::H2);
}

TEST(UpstreamProtocol, WhatIsWrongWithIt) {
  const auto with = [](const std::string& below) { return problems("listen = \":80\"\n[pool.app]\n" + below, {}); };
  EXPECT_THAT(with("upstreams = [\"a:1\", \"unix:/a\"]\nprotocol = \"h2c\"\nhealth_check = { type = \"grpc\", service = \"shop.Cart\" }\n"), IsEmpty());
  EXPECT_THAT(with("upstreams = [\"a:1\"]\nprotocol = \"h2\"\n"),
              ElementsAre("fd.toml:3:14: \"a:1\" is without TLS, and protocol = \"h2\" is for https:// upstreams: write \"h2c\", or "
                          "https:// in front of it"));
  EXPECT_THAT(with("upstreams = [\"https://a\"]\nprotocol = \"h2c\"\n"),
              ElementsAre("fd.toml:3:14: \"https://a:443\" is with TLS, and protocol = \"h2c\" is for upstreams without: write \"h2\""));
  EXPECT_THAT(with("command = \"app\"\nprotocol = \"h2\"\n"),
              ElementsAre("fd.toml:2:7: [pool.app] protocol = \"h2\" is for https:// upstreams: instances want \"h2c\""));
  EXPECT_THAT(with("upstreams = [\"a:1\"]\nprotocol = \"h2c\"\nsend_proxy = \"v2\"\n"),
              ElementsAre("fd.toml:2:7: [pool.app] send_proxy names the client of a connection, and one of HTTP/2 is of many clients: "
                          "leave one of the two out"));
  EXPECT_THAT(with("upstreams = [\"a:1\"]\nhealth_check = { type = \"grpc\" }\n"),
              ElementsAre("fd.toml:2:7: [pool.app.health_check] type = \"grpc\" needs protocol = \"h2c\", or \"h2\" with https:// "
                          "upstreams"));
  EXPECT_THAT(with("upstreams = [\"a:1\"]\nprotocol = \"http/2\"\n"),
              ElementsAre("fd.toml:4:12: protocol: \"http/2\" is unknown, write \"http/1.1\", \"h2\" or \"h2c\""));
}

TEST(UpstreamTls, WhatIsWrongWithIt) {
  LoadOptions options;
  options.upstream_tls_problem = [](const UpstreamTls& tls) { return tls.ca == "gone.pem" ? "ca gone.pem: no such file" : ""; };
  options.upstream_tls_warning = [](const UpstreamTls& tls) { return tls.cert == "old.pem" ? "it expires on 2026-12-01" : ""; };
  const auto with = [&](const std::string& below) { return problems("listen = \":80\"\n[pool.app]\n" + below, options); };
  const std::string https = "upstreams = [\"https://a\"]\n";
  EXPECT_THAT(with(https), IsEmpty());
  EXPECT_THAT(with("upstreams = [\"a:1\"]\ntls = { verify = false }\n"),
              ElementsAre("fd.toml:2:7: warning: [pool.app.tls] has no effect: no upstream of the pool begins with https://"));
  EXPECT_THAT(with("upstreams = [\"a:1\"]\nhealth_check = { type = \"tls\" }\n"),
              ElementsAre("fd.toml:2:7: [pool.app.health_check] type = \"tls\" needs upstreams that begin with https://"));
  EXPECT_THAT(with(https + "health_check = { type = \"tls\" }\n"), IsEmpty());
  EXPECT_THAT(with(https + "tls = { cert = \"old.pem\", key = \"k.pem\" }\n"),
              ElementsAre("fd.toml:2:7: warning: [pool.app.tls] cert old.pem: it expires on 2026-12-01"));
  EXPECT_THAT(with("upstreams = [\"https://a\", \"b:1\"]\nhealth_check = { type = \"tls\" }\n"),
              ElementsAre("fd.toml:3:27: \"b:1\" is without TLS, and the pool's health check is of type \"tls\": it would never pass"));
  EXPECT_THAT(with(https + "tls = { cert = \"a.pem\" }\n"),
              ElementsAre("fd.toml:2:7: [pool.app.tls] cert and key belong together"));
  EXPECT_THAT(with(https + "tls = { verify = false }\n"),
              ElementsAre("fd.toml:2:7: warning: [pool.app.tls] verify = false: anybody can say that he is the upstream"));
  EXPECT_THAT(with(https + "tls = { ca = \"gone.pem\" }\n"),
              ElementsAre("fd.toml:2:7: [pool.app.tls] ca gone.pem: no such file"));
}

}  // namespace
}  // namespace frontdoor::config
