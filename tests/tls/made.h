// Certificates for the tests of tls/, made by OpenSSL when they are asked for: authorities, and what they sign.

#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "tls/openssl.h"

namespace frontdoor::tls::testing {

inline constexpr std::int64_t kNow = 1'800'000'000;  // 2027-01-15
inline constexpr std::int64_t kDay = 24 * 3600;

struct Wish {
  std::string common = "a.example";
  std::string alternatives = "DNS:a.example";  // as OpenSSL writes them; "" = none
  std::string key = "ec";                      // or "rsa", "rsa1024"
  bool authority = false;
  std::int64_t from = kNow - kDay;
  std::int64_t until = kNow + 90 * kDay;
};

// A certificate with its key, and who has signed it.
class Made {
 public:
  explicit Made(const Wish& wish, const Made* issuer = nullptr) {
    key_.reset(wish.key == "ec" ? EVP_EC_gen("P-256") : EVP_RSA_gen(wish.key == "rsa" ? 2048u : 1024u));
    certificate_.reset(X509_new());
    X509* const made = certificate_.get();
    X509_set_version(made, X509_VERSION_3);
    static long serial = 1000;
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(made), static_cast<std::time_t>(wish.from));
    ASN1_TIME_set(X509_getm_notAfter(made), static_cast<std::time_t>(wish.until));
    X509_set_pubkey(made, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common.c_str()), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer->certificate_.get() : made));
    if (!wish.alternatives.empty()) extend(NID_subject_alt_name, wish.alternatives);
    extend(NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
    X509_sign(made, issuer ? issuer->key_.get() : key_.get(), EVP_sha256());
  }

  X509* get() const { return certificate_.get(); }
  std::string cert() const {
    return written([&](BIO* out) { PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string key() const {
    return written([&](BIO* out) { PEM_write_bio_PKCS8PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  std::string locked_key() const {
    char secret[] = "secret";
    return written([&](BIO* out) {
      PEM_write_bio_PKCS8PrivateKey(out, key_.get(), EVP_aes_128_cbc(), secret, 6, nullptr, nullptr);
    });
  }

 private:
  void extend(int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string written(Write write) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  KeyPtr key_;
  X509Ptr certificate_;
};

}  // namespace frontdoor::tls::testing
