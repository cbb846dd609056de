#include "tls/openssl.h"

#include <openssl/err.h>

#include <cstring>

namespace frontdoor::tls {

BioPtr bio_of(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

int note_passphrase(char*, int, int, void* asked) {
  if (asked) *static_cast<bool*>(asked) = true;
  return -1;
}

// The result is there also where nobody asks for it.
bool untrusted(const SSL* ssl) {
  return SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) != X509_V_OK;
}

const char* take_error() {
  const unsigned long error = ERR_peek_error();
  const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  if (!reason && error != 0 && ERR_SYSTEM_ERROR(error)) reason = ::strerrordesc_np(ERR_GET_REASON(error));  // no such file
  ERR_clear_error();
  if (reason) return reason;
  return error != 0 ? "an error that OpenSSL has no words for" : "";
}

}  // namespace frontdoor::tls
