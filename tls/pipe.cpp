#include "tls/pipe.h"

#include <openssl/err.h>

#include <array>
#include <new>

namespace frontdoor::tls {

Pipe::Pipe(const ClientContext& context, const std::string& name, std::string_view alpn)
    : ssl_(context.begin(name, alpn)) {
  BIO* incoming = BIO_new(BIO_s_mem());
  BIO* outgoing = BIO_new(BIO_s_mem());
  if (!incoming || !outgoing) throw std::bad_alloc();
  BIO_set_mem_eof_return(incoming, -1);  // empty is not the end
  BIO_set_mem_eof_return(outgoing, -1);
  SSL_set_bio(ssl_.get(), incoming, outgoing);
}

std::string_view Pipe::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

void Pipe::feed(std::string_view ciphertext) {
  BIO_write(SSL_get_rbio(ssl_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
}

std::string Pipe::take_outgoing() {
  char* data = nullptr;
  BIO* const outgoing = SSL_get_wbio(ssl_.get());
  const long size = BIO_get_mem_data(outgoing, &data);
  std::string taken(data, static_cast<std::size_t>(size));
  static_cast<void>(BIO_reset(outgoing));
  return taken;
}

Session::Step Pipe::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Session::Step::Done;
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Session::Step::Pending;
  const char* const reason = take_error();
  failure_ = untrusted(ssl_.get()) ? X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()))
             : *reason               ? reason
                                     : "the handshake failed";
  return Session::Step::Failed;
}

void Pipe::write(std::string_view plaintext) {
  std::size_t written = 0;
  ERR_clear_error();
  SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written);
}

void Pipe::finish() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Pipe::Read Pipe::read(std::string& into) {
  std::array<char, 4096> room;
  std::size_t got = 0;
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got);
  if (result == 1) {
    into.append(room.data(), got);
    return Read::Bytes;
  }
  const bool more = SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  return more ? Read::Nothing : Read::End;
}

}  // namespace frontdoor::tls
