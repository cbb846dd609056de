#include "tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <span>
#include <utility>

#include "tls/client_certificate.h"
#include "tls/context_rules.h"

namespace frontdoor::tls {

namespace {

// How long a client may come back by a ticket. The keys live no longer (ticket_keys.h).
constexpr long kTicketSeconds = 12 * 3600;

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const auto& name : protocols) list.append(1, static_cast<char>(name.size())).append(name);
  return list;
}

// The client's server name (RFC 6066 §3): a list in which only a host name means anything.
std::string server_name_in(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size < 5) return "";
  const std::size_t length = std::size_t{bytes[3]} << 8 | bytes[4];
  if (bytes[2] != TLSEXT_NAMETYPE_host_name || length + 5 > size || length > 253) return "";
  return normal_name({reinterpret_cast<const char*>(bytes) + 5, length});
}

bool use(SSL* ssl, const Certificate& certificate) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  if (!chain) return false;
  for (const auto& one : certificate.chain) sk_X509_push(chain, one.get());  // not owned: only read
  const int used = SSL_use_cert_and_key(ssl, certificate.leaf.get(), certificate.key.get(), chain, 1);
  sk_X509_free(chain);
  return used == 1;
}

std::int64_t unix_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

// Called by OpenSSL, through which no exception may pass.
struct ServerContext::Callbacks {
  static const ServerContext& of(SSL* ssl) {
    return *static_cast<const ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  }

  // Comes first, also when a session is resumed.
  static int client_hello(SSL* ssl, int* alert, void*) {
    try {
      Facts& facts = Session::of(ssl)->facts();
      const CertificateTable& table = of(ssl).table_;
      facts.server_name = server_name_in(ssl);
      facts.certificate = table.share(table.select(facts.server_name).each[0]);
      return SSL_CLIENT_HELLO_SUCCESS;
    } catch (const std::bad_alloc&) {
      *alert = SSL_AD_INTERNAL_ERROR;
      return SSL_CLIENT_HELLO_ERROR;
    }
  }

  static int certificate(SSL* ssl, void*) {
    const auto selected = of(ssl).table_.select(Session::of(ssl)->facts().server_name);
    for (const Certificate* each : selected.each)
      if (each && !use(ssl, *each)) return 0;
    return 1;
  }

  static int staple(SSL* ssl, void*) {
    const X509* shown = SSL_get_certificate(ssl);
    for (const Certificate* each : of(ssl).table_.select(Session::of(ssl)->facts().server_name).each) {
      if (!each || each->leaf.get() != shown || each->staple.empty()) continue;
      if (each->staple_until != 0 && each->staple_until < unix_now()) break;
      void* copy = OPENSSL_memdup(each->staple.data(), each->staple.size());
      if (!copy) break;
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(each->staple.size()));
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  // RFC 7301 §3.2: a client that offers none of ours is told so.
  static int protocol(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                      unsigned offered_size, void*) {
    const std::string& ours = of(ssl).protocols_;
    const auto* list = reinterpret_cast<const unsigned char*>(ours.data());
    unsigned char* chosen = nullptr;
    const int result =
        SSL_select_next_proto(&chosen, size, list, static_cast<unsigned>(ours.size()), offered, offered_size);
    *out = chosen;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static bool set_mac_key(EVP_MAC_CTX* mac, TicketKey& key) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
                                 OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params) == 1;
  }

  // 1: done. 0: no such key, or none at all. 2: opened, and the client should get a newer ticket.
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                        int seal) {
    try {
      TicketKeys& keys = *of(ssl).ticket_keys_;
      const TimePoint now = Clock::now();
      if (seal != 0) {
        TicketKey key = keys.newest(now);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
        std::copy(key.name.begin(), key.name.end(), name);
        if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) != 1) return -1;
        return set_mac_key(mac, key) ? 1 : -1;
      }
      auto found = keys.find(std::span<const std::uint8_t, 16>(name, 16), now);
      if (!found) return 0;
      if (!set_mac_key(mac, found->key)) return -1;
      if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.cipher.data(), iv) != 1) return -1;
      // A ticket of TLS 1.3 is used once (RFC 8446 §C.4), so that each needs a successor.
      return found->newest && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
    } catch (const std::bad_alloc&) {
      return 0;
    }
  }
};

ServerContext::ServerContext(CertificateTable table, const ServerRules& rules, std::shared_ptr<TicketKeys> ticket_keys)
    : table_(std::move(table)),
      protocols_(alpn_list(rules.protocols)),
      ticket_keys_(std::move(ticket_keys)),
      asks_client_(!rules.client_ca.empty()),
      context_(SSL_CTX_new(TLS_server_method())) {
  if (!context_) throw std::bad_alloc();
  SSL_CTX* const context = context_.get();
  apply_common_rules(context);
  // Our order, but that of a client which puts ChaCha20 first: it has no AES in hardware.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  if (rules.only_tls13) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (SSL_CTX_set_app_data(context, static_cast<void*>(this)) != 1) throw std::bad_alloc();
  SSL_CTX_set_client_hello_cb(context, Callbacks::client_hello, nullptr);
  SSL_CTX_set_cert_cb(context, Callbacks::certificate, nullptr);
  // Its macro has a cast of C's.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(Callbacks::staple));
  SSL_CTX_set_alpn_select_cb(context, Callbacks::protocol, nullptr);
  // Sessions are with the clients, in their tickets: nothing is kept for those that do not come back.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Callbacks::ticket_key);
  // A ticket opens only where the same certificates of clients are taken as where it was made.
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(rules.client_ca.data()), rules.client_ca.size(), hash);
  SSL_CTX_set_session_id_context(context, hash, sizeof hash);
}

std::string ServerContext::require_client(const std::string& client_ca) {
  const BioPtr bio = bio_of(client_ca);
  X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
  int count = 0;
  while (const X509Ptr authority{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, authority.get());
    SSL_CTX_add_client_CA(context_.get(), authority.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return "no certificate (PEM) in the client_ca";
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return "";
}

std::shared_ptr<const ServerContext> ServerContext::make(CertificateTable table, const ServerRules& rules,
                                                         std::shared_ptr<TicketKeys> ticket_keys, std::string& error) {
  const std::shared_ptr<ServerContext> made(new ServerContext(std::move(table), rules, std::move(ticket_keys)));
  if (!rules.client_ca.empty()) error = made->require_client(rules.client_ca);
  // What a handshake would find out.
  const SslPtr trial(error.empty() ? SSL_new(made->context_.get()) : nullptr);
  for (const auto& each : made->table_.all())
    if (trial && !use(trial.get(), *each)) error = each->file + ": " + take_error();
  return error.empty() ? made : nullptr;
}

std::unique_ptr<Session> ServerContext::accept(Transport& transport) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_accept_state(ssl.get());
  return std::make_unique<Session>(std::move(ssl), transport, shared_from_this());
}

const char* ServerContext::settle(Session& session) const {
  if (!asks_client_) return "";
  X509* shown = SSL_get0_peer_certificate(session.ssl());
  if (!shown) return "no client certificate";
  // A ticket brings back what was verified when it was made.
  if (X509_cmp_current_time(X509_get0_notAfter(shown)) < 0) return "the client's certificate has expired";
  session.facts().client = std::make_unique<const ClientCertificate>(describe(shown));
  return "";
}

}  // namespace frontdoor::tls
