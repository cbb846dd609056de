// Which names a certificate is for, and which of many certificates a client gets.

#include "tls/names.h"

#include "made.h"
#include "tls/certificate_table.h"
#include "tls/facts.h"

namespace frontdoor::tls {
namespace {

using testing::Made;
using testing::Wish;

TEST(Names, AWildcardStandsForOneLabel) {
  struct {
    const char *pattern, *name;
    bool matches;
  } cases[] = {
      {"a.example", "a.example", true},         {"a.example", "b.example", false},
      {"*.example", "a.example", true},         {"*.example", "example", false},
      {"*.example", "b.a.example", false},      {"*.a.example", "b.a.example", true},
      {"*.example", ".example", false},         {"*", "example", false},
      {"a*.example", "ab.example", false},      {"192.0.2.1", "192.0.2.1", true},
      {"*.example", "*.example", true},
  };
  for (const auto& c : cases) EXPECT_EQ(name_matches(c.pattern, c.name), c.matches) << c.pattern << ' ' << c.name;
}

TEST(Names, AreComparedWithoutCaseAndTheRootsDot) {
  EXPECT_TRUE(any_matches({"*.example"}, "WWW.Example."));
  EXPECT_FALSE(any_matches({}, "a"));
  EXPECT_EQ(normal_name("A.Example."), "a.example");
}

std::shared_ptr<const Certificate> loaded(const Wish& wish) {
  const Made made(wish);
  auto loaded = load_certificate({wish.common, made.cert(), made.key(), ""}, testing::kNow);
  EXPECT_EQ(loaded.error, "");
  return loaded.certificate;
}

TEST(CertificateTable, TheExactNameThenTheWildcardThenTheFirst) {
  const auto first = loaded({.common = "first", .alternatives = "DNS:first.example"});
  const auto wild = loaded({.common = "wild", .alternatives = "DNS:*.example, DNS:example"});
  const auto exact = loaded({.common = "exact", .alternatives = "DNS:Exact.example, IP:192.0.2.1, IP:2001:db8::1"});
  const CertificateTable table({first, wild, exact});
  struct {
    const char* name;
    const Certificate* shown;
    bool by_name;
  } cases[] = {
      {"first.example", first.get(), true}, {"x.example", wild.get(), true},      {"exact.example", exact.get(), true},
      {"example", wild.get(), true},        {"192.0.2.1", exact.get(), true},     {"2001:db8::1", exact.get(), true},
      {"x.y.example", first.get(), false},  {"elsewhere.test", first.get(), false}, {"", first.get(), false},
  };
  for (const auto& c : cases) {
    const auto selected = table.select(c.name);
    EXPECT_EQ(selected.each[0], c.shown) << c.name;
    EXPECT_EQ(selected.each[1], nullptr) << c.name;
    EXPECT_EQ(selected.by_name, c.by_name) << c.name;
  }
  EXPECT_EQ(table.share(wild.get()), wild);
}

TEST(CertificateTable, OneOfEachKindOfKey) {
  const auto ecdsa = loaded({.common = "ec"});
  const auto again = loaded({.common = "ec again"});
  const auto rsa = loaded({.common = "rsa", .key = "rsa"});
  const CertificateTable table({ecdsa, again, rsa});
  for (const char* name : {"a.example", "unknown"}) {
    const auto selected = table.select(name);
    EXPECT_EQ(selected.each[0], ecdsa.get()) << name;
    EXPECT_EQ(selected.each[1], rsa.get()) << name;
  }
}

TEST(Facts, ARequestForAnotherHostMustBeCovered) {
  Facts facts;
  facts.certificate = loaded({.alternatives = "DNS:a.example, DNS:*.b.example"});
  EXPECT_TRUE(facts.may_ask_for("c.example")) << "no name was said, so that it can not be another";
  facts.server_name = "a.example";
  struct {
    const char* host;
    bool may;
  } cases[] = {{"a.example", true}, {"A.example.", true}, {"x.b.example", true}, {"c.example", false}, {"", false}};
  for (const auto& c : cases) EXPECT_EQ(facts.may_ask_for(c.host), c.may) << c.host;
  facts.server_name = "elsewhere.test";
  EXPECT_TRUE(facts.may_ask_for("elsewhere.test")) << "the client has judged the certificate";
  EXPECT_TRUE(facts.may_ask_for("a.example"));
  EXPECT_FALSE(facts.may_ask_for("third.test"));
}

}  // namespace
}  // namespace frontdoor::tls
