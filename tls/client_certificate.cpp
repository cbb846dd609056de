#include "tls/client_certificate.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>

#include <array>
#include <ctime>
#include <new>

#include "tls/certificate.h"

namespace frontdoor::tls {

namespace {

std::string name_text(X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) throw std::bad_alloc();
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void append_hex(std::string& out, const unsigned char* bytes, std::size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < size; ++i) out.append({digits[bytes[i] >> 4], digits[bytes[i] & 15]});
}

}  // namespace

ClientCertificate describe(X509* certificate) {
  ClientCertificate described;
  described.subject = name_text(X509_get_subject_name(certificate));
  described.issuer = name_text(X509_get_issuer_name(certificate));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  append_hex(described.serial, ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), hash.data(), &size) == 1) append_hex(described.fingerprint, hash.data(), size);
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1) described.not_after = day_text(::timegm(&parts));
  return described;
}

}  // namespace frontdoor::tls
