// What is made of a certificate's files, and what people are told of them.

#include "tls/certificate.h"

#include "made.h"
#include "tls/self_signed.h"

namespace frontdoor::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kNow;
using testing::Made;
using testing::Wish;

LoadedCertificate load(const std::string& cert, const std::string& key, const std::string& staple = "") {
  return load_certificate({"a.pem", cert, key, staple}, kNow);
}

TEST(Certificate, ReadsNamesDatesAndKind) {
  const Made made(Wish{.alternatives = "DNS:A.example, DNS:*.b.example, IP:192.0.2.1, email:a@a.example"});
  const auto loaded = load(made.cert(), made.key());
  ASSERT_TRUE(loaded.certificate) << loaded.error;
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(loaded.certificate->names, ElementsAre("a.example", "*.b.example", "192.0.2.1"));
  EXPECT_EQ(loaded.certificate->kind, KeyKind::Ecdsa);
  EXPECT_EQ(loaded.certificate->not_after, kNow + 90 * kDay);
  EXPECT_TRUE(loaded.certificate->covers("X.b.example"));
  EXPECT_FALSE(loaded.certificate->covers("b.example"));
}

TEST(Certificate, WhatCanNotBeUsed) {
  const Made one{Wish{}}, other{Wish{}};
  const Made weak{Wish{.key = "rsa1024"}};
  struct {
    std::string cert, key, error;
  } cases[] = {
      {"", one.key(), "no certificate (PEM) in the file"},
      {one.key(), one.key(), "no certificate (PEM) in the file"},
      {one.cert(), "", "no private key (PEM) in the key's file"},
      {one.cert(), one.cert(), "no private key (PEM) in the key's file"},
      {one.cert(), one.locked_key(), "the key is encrypted: nobody is asked for its passphrase"},
      {one.cert(), other.key(), "the key does not fit the certificate"},
      {weak.cert(), weak.key(), "its RSA key has 1024 bits; the least that clients take is 2048"},
  };
  for (const auto& c : cases) {
    const auto loaded = load(c.cert, c.key);
    EXPECT_EQ(loaded.error, c.error);
    EXPECT_FALSE(loaded.certificate) << c.error;
  }
}

TEST(Certificate, DatesAreWarnings) {
  struct {
    std::int64_t from, until;
    std::vector<std::string> warnings;
  } cases[] = {
      {kNow - 9 * kDay, kNow - kDay, {"it has expired on 2027-01-14: clients refuse it"}},
      {kNow - 9 * kDay, kNow + 13 * kDay, {"it expires on 2027-01-28"}},
      {kNow - 9 * kDay, kNow + 15 * kDay, {}},
      {kNow + kDay, kNow + 90 * kDay, {"it is not valid before 2027-01-16: clients refuse it"}},
  };
  for (const auto& c : cases) {
    const Made made(Wish{.from = c.from, .until = c.until});
    EXPECT_EQ(load(made.cert(), made.key()).warnings, c.warnings);
  }
}

TEST(Certificate, TheChainIsPutInOrder) {
  const Made root(Wish{.common = "root", .alternatives = "", .authority = true});
  const Made upper(Wish{.common = "upper", .alternatives = "", .authority = true}, &root);
  const Made lower(Wish{.common = "lower", .alternatives = "", .authority = true}, &upper);
  const Made leaf(Wish{}, &lower);
  const Made stranger(Wish{.common = "stranger"});
  const std::string wrong = "its chain is in the wrong order: the certificate comes first, then its issuer; it is sent so";
  struct {
    std::string cert;
    std::vector<std::string> warnings;
  } cases[] = {
      {leaf.cert() + lower.cert() + upper.cert(), {}},
      {leaf.cert() + upper.cert() + lower.cert(), {wrong}},
      {upper.cert() + lower.cert() + leaf.cert(), {wrong}},
      {leaf.cert() + lower.cert() + upper.cert() + stranger.cert(),
       {"its file has a certificate that is none of its chain, and is not sent: stranger"}},
  };
  for (const auto& c : cases) {
    const auto loaded = load(c.cert, leaf.key());
    ASSERT_TRUE(loaded.certificate) << loaded.error;
    EXPECT_EQ(loaded.warnings, c.warnings);
    ASSERT_EQ(loaded.certificate->chain.size(), 2u);
    EXPECT_EQ(X509_cmp(loaded.certificate->leaf.get(), leaf.get()), 0);
    EXPECT_EQ(X509_cmp(loaded.certificate->chain[0].get(), lower.get()), 0);
    EXPECT_EQ(X509_cmp(loaded.certificate->chain[1].get(), upper.get()), 0);
  }
}

TEST(Certificate, WithoutAlternativeNamesTheCommonNameIsWarnedOf) {
  const Made made(Wish{.common = "Old.example", .alternatives = ""});
  const auto loaded = load(made.cert(), made.key());
  EXPECT_THAT(loaded.warnings, ElementsAre("it has no subjectAltName: clients take none of its names"));
  EXPECT_THAT(loaded.certificate->names, ElementsAre("old.example"));
}

TEST(Certificate, AnOcspResponseThatIsNone) {
  const Made made{Wish{}};
  EXPECT_THAT(load(made.cert(), made.key(), "nonsense").warnings,
              ElementsAre("the OCSP file is no OCSP response (DER), and is not sent"));
}

TEST(SelfSigned, IsForItsNamesAndForSoLong) {
  const auto made = make_self_signed({"a.example", "*.a.example", "127.0.0.1", "::1"}, kNow, 90);
  const auto loaded = load(made.cert, made.key);
  ASSERT_TRUE(loaded.certificate) << loaded.error;
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(loaded.certificate->names, ElementsAre("a.example", "*.a.example", "127.0.0.1", "::1"));
  EXPECT_EQ(loaded.certificate->not_after, kNow + 90 * kDay);
  const auto longest = make_self_signed({std::string(63, 'a') + ".example"}, kNow, 1);
  EXPECT_EQ(load(longest.cert, longest.key).error, "") << "a common name has 64 characters at most";
}

}  // namespace
}  // namespace frontdoor::tls
