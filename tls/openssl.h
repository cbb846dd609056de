// OpenSSL's objects with an owner, and its errors in words. Only files of tls/ include this: what they give out is ours.
// Any thread.

#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace frontdoor::tls {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using SslPtr = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

BioPtr bio_of(std::string_view text);  // the text must outlive it

// A password callback for keys: nobody is there to be asked, and without one the library would ask at the terminal. Notes in
// the bool that it is given that a password was wanted.
int note_passphrase(char*, int, int, void* asked);
inline constexpr const char* kEncryptedKey = "the key is encrypted: nobody is asked for its passphrase";

// Whether the peer's certificate is not believed, where it has to be.
bool untrusted(const SSL* ssl);

// The reason of the oldest error of this thread, as in "no shared cipher", and forgets them all; "" = there is none. A
// constant.
const char* take_error();

}  // namespace frontdoor::tls
