#include "tls/self_signed.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <stdexcept>

#include "base/ip_address.h"
#include "tls/openssl.h"

namespace frontdoor::tls {

namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kOneDay = 24 * kHour;
constexpr std::size_t kLongestCommonName = 64;  // X.520's bound

void require(bool done) {
  if (!done) throw std::runtime_error(std::string("cannot make a certificate: ") + take_error());
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "" : ",") + std::string(IpAddress::parse(name) ? "IP:" : "DNS:") + name;
  return all;
}

}  // namespace

SelfSigned make_self_signed(const std::vector<std::string>& names, std::int64_t now, unsigned days) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  require(key != nullptr && certificate != nullptr);
  X509* const made = certificate.get();
  X509_set_version(made, X509_VERSION_3);
  unsigned char serial[16];
  require(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // positive, and always of the same length
  const std::unique_ptr<BIGNUM, FreeWith<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  require(number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made)) != nullptr);
  ASN1_TIME_set(X509_getm_notBefore(made), static_cast<std::time_t>(now - kHour));
  ASN1_TIME_set(X509_getm_notAfter(made), static_cast<std::time_t>(now + days * kOneDay));
  X509_set_pubkey(made, key.get());
  X509_NAME* const subject = X509_get_subject_name(made);
  const std::string common = names.front().size() <= kLongestCommonName ? names.front() : "frontdoor";
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.data()),
                                     static_cast<int>(common.size()), -1, 0) == 1);
  X509_set_issuer_name(made, subject);
  add_extension(made, NID_subject_alt_name, alternative_names(names));
  add_extension(made, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(made, NID_ext_key_usage, "serverAuth");
  require(X509_sign(made, key.get(), EVP_sha256()) > 0);

  const BioPtr cert_text(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  require(cert_text && key_text && PEM_write_bio_X509(cert_text.get(), made) == 1 &&
          PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {text_in(cert_text.get()), text_in(key_text.get())};
}

}  // namespace frontdoor::tls
