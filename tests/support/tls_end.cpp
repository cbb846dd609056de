#include "support/tls_end.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <chrono>

#include "tls/openssl.h"
#include "tls/self_signed.h"

namespace frontdoor::testing {

namespace {

SSL_CTX* client_context() {
  static const tls::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  return context.get();
}

tls::SslCtxPtr make_server_context() {
  using namespace std::chrono;
  const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
  const auto made = tls::make_self_signed({"127.0.0.1"}, now, 90);
  tls::SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  const tls::BioPtr cert = tls::bio_of(made.cert), key = tls::bio_of(made.key);
  const tls::X509Ptr certificate(PEM_read_bio_X509(cert.get(), nullptr, nullptr, nullptr));
  const tls::KeyPtr private_key(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), private_key.get());
  return context;
}

// In the form of the wire, with its length before it.
int agree(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned int offered_size, void* own) {
  const auto& ours = *static_cast<const std::string*>(own);
  const auto* const wanted = reinterpret_cast<const unsigned char*>(ours.data());
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, wanted, static_cast<unsigned int>(ours.size()), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX* http2_server_context() {
  static std::string own = "\x02h2";
  static const tls::SslCtxPtr context = [] {
    tls::SslCtxPtr made = make_server_context();
    SSL_CTX_set_alpn_select_cb(made.get(), agree, &own);
    return made;
  }();
  return context.get();
}

SSL_CTX* server_context() {
  static const tls::SslCtxPtr context = make_server_context();
  return context.get();
}

}  // namespace

struct TlsEnd::Impl {
  tls::SslPtr ssl;
  std::string unsaid;
  bool finishing = false;
  bool finished = false;
  bool failed = false;
};

TlsEnd::TlsEnd(Side side, std::string_view alpn) : impl_(std::make_unique<Impl>()) {
  SSL_CTX* const server = alpn == "h2" ? http2_server_context() : server_context();
  impl_->ssl.reset(SSL_new(side == Side::Client ? client_context() : server));
  SSL* const ssl = impl_->ssl.get();
  if (side == Side::Client && !alpn.empty()) {
    const std::string list = static_cast<char>(alpn.size()) + std::string(alpn);
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(list.data()), static_cast<unsigned int>(list.size()));
  }
  side == Side::Client ? SSL_set_connect_state(ssl) : SSL_set_accept_state(ssl);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
  std::string nothing;
  advance(nothing);
}

TlsEnd::~TlsEnd() = default;

void TlsEnd::say(std::string_view plaintext) {
  impl_->unsaid += plaintext;
  std::string nothing;
  advance(nothing);
}

void TlsEnd::finish() {
  impl_->finishing = true;
  std::string nothing;
  advance(nothing);
}

bool TlsEnd::all_said() const {
  return impl_->failed || (impl_->unsaid.empty() && (!impl_->finishing || impl_->finished));
}

void TlsEnd::come(std::string_view ciphertext, std::string& heard) {
  BIO_write(SSL_get_rbio(impl_->ssl.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
  advance(heard);
}

std::string TlsEnd::take_outgoing() {
  char* data = nullptr;
  BIO* const outgoing = SSL_get_wbio(impl_->ssl.get());
  const long size = BIO_get_mem_data(outgoing, &data);
  std::string taken(data, static_cast<std::size_t>(size));
  static_cast<void>(BIO_reset(outgoing));
  return taken;
}

void TlsEnd::advance(std::string& heard) {
  SSL* const ssl = impl_->ssl.get();
  if (impl_->failed) return;
  ERR_clear_error();
  if (!SSL_is_init_finished(ssl)) {
    const int result = SSL_do_handshake(ssl);
    if (result != 1) {
      impl_->failed = SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ;
      return;
    }
  }
  std::array<char, 16384> room;
  for (int got = 0; (got = SSL_read(ssl, room.data(), static_cast<int>(room.size()))) > 0;)
    heard.append(room.data(), static_cast<std::size_t>(got));
  if (!impl_->unsaid.empty() && SSL_write(ssl, impl_->unsaid.data(), static_cast<int>(impl_->unsaid.size())) > 0)
    impl_->unsaid.clear();
  if (impl_->finishing && !impl_->finished && impl_->unsaid.empty()) {
    SSL_shutdown(ssl);
    impl_->finished = true;
  }
  ERR_clear_error();
}

}  // namespace frontdoor::testing
