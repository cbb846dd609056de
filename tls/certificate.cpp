#include "tls/certificate.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/ip_address.h"
#include "tls/names.h"

namespace frontdoor::tls {

namespace {

constexpr int kLeastRsaBits = 2048;  // below that OpenSSL, and every client of today, refuses
constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kSoon = 14 * kDay;  // Let's Encrypt renews thirty days before

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using OcspPtr = std::unique_ptr<OCSP_RESPONSE, FreeWith<OCSP_RESPONSE_free>>;
using OcspBasicPtr = std::unique_ptr<OCSP_BASICRESP, FreeWith<OCSP_BASICRESP_free>>;

std::vector<X509Ptr> read_certificates(std::string_view pem) {
  std::vector<X509Ptr> found;
  const BioPtr bio = bio_of(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) found.emplace_back(one);
  ERR_clear_error();
  return found;
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
  const auto* bytes = ASN1_STRING_get0_data(octets);
  switch (ASN1_STRING_length(octets)) {
    case 4: return std::string(IpAddress::v4(bytes).text().view());
    case 16: return std::string(IpAddress::v6(bytes).text().view());
    default: return "";
  }
}

std::string common_name(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const GeneralNamesPtr all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    std::string text;
    if (name->type == GEN_DNS) text = normal_name(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) text = address_text(name->d.iPAddress);
    if (!text.empty()) names.push_back(std::move(text));
  }
  return names;
}

bool is_issuer(X509* issuer, X509* subject) { return X509_check_issued(issuer, subject) == X509_V_OK; }
bool signed_itself(X509* one) { return is_issuer(one, one); }

// The leaf first, then each one's issuer, as RFC 8446 §4.4.2 wants it; true: so they stood.
bool sort_chain(std::vector<X509Ptr>& all, EVP_PKEY* key, std::vector<X509Ptr>& strangers) {
  bool in_order = true;
  const auto leaf = std::find_if(all.begin(), all.end(),
                                 [&](const X509Ptr& one) { return EVP_PKEY_eq(X509_get0_pubkey(one.get()), key) == 1; });
  if (leaf != all.begin()) {
    std::rotate(all.begin(), leaf, leaf + 1);
    in_order = false;
  }
  std::size_t sorted = 1;
  while (sorted < all.size() && !signed_itself(all[sorted - 1].get())) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(sorted);
    const auto next =
        std::find_if(begin, all.end(), [&](const X509Ptr& one) { return is_issuer(one.get(), all[sorted - 1].get()); });
    if (next == all.end()) break;
    if (next != begin) {
      std::rotate(begin, next, next + 1);
      in_order = false;
    }
    ++sorted;
  }
  for (auto at = sorted; at < all.size(); ++at) strangers.push_back(std::move(all[at]));
  all.resize(sorted);
  return in_order;
}

// What is wrong with the staple; "" = nothing.
std::string read_staple(const std::string& der, Certificate& into) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const OcspPtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (!response) {
    ERR_clear_error();
    return "the OCSP file is no OCSP response (DER)";
  }
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return "the OCSP response says that its responder failed";
  const OcspBasicPtr basic(OCSP_response_get1_basic(response.get()));
  OCSP_SINGLERESP* single = basic ? OCSP_resp_get0(basic.get(), 0) : nullptr;
  if (!single) {
    ERR_clear_error();
    return "the OCSP response is about no certificate";
  }
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
  if (!serial || ASN1_INTEGER_cmp(serial, X509_get_serialNumber(into.leaf.get())) != 0)
    return "the OCSP response is about another certificate";
  ASN1_GENERALIZEDTIME* next = nullptr;
  OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next);
  into.staple = der;
  into.staple_until = next ? seconds_of(next) : 0;
  return "";
}

KeyKind kind_of(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC: return KeyKind::Ecdsa;
    case EVP_PKEY_RSA: return KeyKind::Rsa;
    default: return KeyKind::Other;
  }
}

LoadedCertificate failed(std::string error) { return {nullptr, std::move(error), {}}; }

}  // namespace

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

std::string expiry_warning(std::int64_t not_after, std::int64_t now, std::string_view who_refuses) {
  if (not_after < now) return "it has expired on " + day_text(not_after) + ": " + std::string(who_refuses) + " refuse it";
  return not_after < now + kSoon ? "it expires on " + day_text(not_after) : "";
}

std::vector<std::string> date_warnings(const Certificate& certificate, std::int64_t now) {
  std::vector<std::string> warnings;
  if (auto warning = expiry_warning(certificate.not_after, now, "clients"); !warning.empty()) warnings.push_back(std::move(warning));
  if (certificate.not_before > now)
    warnings.push_back("it is not valid before " + day_text(certificate.not_before) + ": clients refuse it");
  if (certificate.staple_until != 0 && certificate.staple_until < now)
    warnings.push_back("its OCSP response has expired on " + day_text(certificate.staple_until) + ", and is not sent");
  return warnings;
}

std::string day_text(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

bool Certificate::covers(std::string_view host) const { return any_matches(names, host); }

LoadedCertificate load_certificate(const CertificateTexts& texts, std::int64_t now) {
  auto all = read_certificates(texts.cert);
  if (all.empty()) return failed("no certificate (PEM) in the file");
  bool asked = false;
  const BioPtr bio = bio_of(texts.key);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, note_passphrase, &asked));
  ERR_clear_error();
  if (!key) return failed(asked ? kEncryptedKey : "no private key (PEM) in the key's file");
  const bool fits = std::any_of(all.begin(), all.end(), [&](const X509Ptr& one) {
    return EVP_PKEY_eq(X509_get0_pubkey(one.get()), key.get()) == 1;
  });
  ERR_clear_error();
  if (!fits) return failed("the key does not fit the certificate");

  LoadedCertificate loaded;
  std::vector<X509Ptr> strangers;
  if (!sort_chain(all, key.get(), strangers))
    loaded.warnings.push_back("its chain is in the wrong order: the certificate comes first, then its issuer; it is sent so");
  for (const X509Ptr& stranger : strangers)
    loaded.warnings.push_back("its file has a certificate that is none of its chain, and is not sent: " +
                              common_name(stranger.get()));
  auto made = std::make_shared<Certificate>();
  made->leaf = std::move(all.front());
  for (std::size_t i = 1; i < all.size(); ++i) made->chain.push_back(std::move(all[i]));
  made->kind = kind_of(key.get());
  if (made->kind == KeyKind::Rsa && EVP_PKEY_get_bits(key.get()) < kLeastRsaBits)
    return failed("its RSA key has " + std::to_string(EVP_PKEY_get_bits(key.get())) + " bits; the least that clients take is " +
                  std::to_string(kLeastRsaBits));
  made->key = std::move(key);
  made->file = texts.file;
  made->not_before = seconds_of(X509_get0_notBefore(made->leaf.get()));
  made->not_after = seconds_of(X509_get0_notAfter(made->leaf.get()));
  made->names = names_of(made->leaf.get());
  if (made->names.empty()) {
    loaded.warnings.push_back("it has no subjectAltName: clients take none of its names");
    if (auto name = normal_name(common_name(made->leaf.get())); !name.empty()) made->names.push_back(std::move(name));
  }
  if (!texts.staple.empty()) {
    if (auto problem = read_staple(texts.staple, *made); !problem.empty()) loaded.warnings.push_back(problem + ", and is not sent");
  }
  for (auto& warning : date_warnings(*made, now)) loaded.warnings.push_back(std::move(warning));
  loaded.certificate = std::move(made);
  return loaded;
}

}  // namespace frontdoor::tls
