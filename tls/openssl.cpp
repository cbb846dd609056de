#include "tls/openssl.h"

#include <openssl/err.h>

namespace frontdoor::tls {

BioPtr bio_of(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

const char* take_error() {
  const unsigned long error = ERR_peek_error();
  const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  ERR_clear_error();
  if (reason) return reason;
  return error != 0 ? "an error that OpenSSL has no words for" : "";
}

}  // namespace frontdoor::tls
