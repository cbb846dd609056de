#include "tls/client_context.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <new>
#include <utility>

#include "base/address.h"
#include "tls/certificate.h"
#include "tls/context_rules.h"

namespace frontdoor::tls {

namespace {

int shelf_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);  // OpenSSL's, for the whole program
  return index;
}

// OpenSSL gives the session away when it is told 1.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* shelf = static_cast<SessionShelf*>(SSL_get_ex_data(ssl, shelf_index()));
  if (!shelf) return 0;
  try {
    shelf->put(SessionPtr(session), SSL_get_SSL_CTX(ssl));
  } catch (const std::bad_alloc&) {  // it is freed, and the next connection takes longer
  }
  return 1;
}

// RFC 6761 §6.4: no certificate is for it.
constexpr const char* kNobody = "nobody.invalid";

bool is_address(const std::string& name) { return Endpoint::numeric(name, 0).has_value(); }

std::string or_default(const char* variable, const char* place) {
  const char* const value = std::getenv(variable);
  return value ? value : place;
}

// A container without ca-certificates believes nobody, and says so only with the first request.
bool system_believes_anybody() {
  namespace fs = std::filesystem;
  for (const std::string& place : system_store()) {
    std::error_code error;
    if (fs::is_regular_file(place, error)) return true;
    if (fs::is_directory(place, error) && !fs::is_empty(place, error) && !error) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> system_store() {
  return {or_default(X509_get_default_cert_file_env(), X509_get_default_cert_file()),
          or_default(X509_get_default_cert_dir_env(), X509_get_default_cert_dir())};
}

// ---- Sessions

void SessionShelf::put(SessionPtr session, SSL_CTX* made_by) {
  if (made_by != made_by_.get()) {
    sessions_.clear();
    SSL_CTX_up_ref(made_by);
    made_by_.reset(made_by);
  }
  const bool serves_many = SSL_SESSION_get_protocol_version(session.get()) != TLS1_3_VERSION;
  if (serves_many) sessions_.clear();
  else if (sessions_.size() == kMost) sessions_.erase(sessions_.begin());
  sessions_.push_back(std::move(session));
}

// A ticket of TLS 1.3 is for one connection (RFC 8446 §C.4), a session of TLS 1.2 for many.
SessionPtr SessionShelf::take(SSL_CTX* for_whom) {
  if (sessions_.empty() || for_whom != made_by_.get()) return nullptr;
  if (SSL_SESSION_get_protocol_version(sessions_.back().get()) != TLS1_3_VERSION) {
    SSL_SESSION_up_ref(sessions_.back().get());
    return SessionPtr(sessions_.back().get());
  }
  SessionPtr taken = std::move(sessions_.back());
  sessions_.pop_back();
  return taken;
}

// ---- Connections

ClientContext::ClientContext(const ClientFiles& files) : verify_(files.verify), context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_) throw std::bad_alloc();
  apply_common_rules(context_.get());
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
}

std::string ClientContext::set_up(const ClientFiles& files) {
  SSL_CTX* const context = context_.get();
  if (verify_) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (files.ca.empty() && !system_believes_anybody())
      return "this system has no certificates of authorities (" + system_store()[0] + ", " + system_store()[1] +
             "): install ca-certificates, or name a file as ca";
    const bool loaded = files.ca.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                         : SSL_CTX_load_verify_file(context, files.ca.c_str()) == 1;
    if (!loaded) return "ca " + files.ca + ": " + take_error();
  }
  if (!files.cert.empty()) {
    bool asked = false;
    SSL_CTX_set_default_passwd_cb(context, note_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    if (SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) != 1) return "cert " + files.cert + ": " + take_error();
    const bool usable = SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (!usable) {
      const std::string reason = take_error();
      return "key " + files.key + ": " + (asked ? kEncryptedKey : reason);
    }
    own_ = OwnCertificate{files.cert, seconds_of(X509_get0_notAfter(SSL_CTX_get0_certificate(context)))};
  }
  return "";
}

std::shared_ptr<const ClientContext> ClientContext::load(const ClientFiles& files, std::string& error) {
  const std::shared_ptr<ClientContext> made(new ClientContext(files));
  error = made->set_up(files);
  return error.empty() ? made : nullptr;
}

std::string ClientContext::OwnCertificate::expiry_warning(std::int64_t now) const {
  return tls::expiry_warning(not_after, now, "upstreams");
}

SslPtr ClientContext::begin(std::string name, std::string_view alpn) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl.get());
  if (name.ends_with('.')) name.pop_back();  // says where DNS may look, and is in no certificate (RFC 6066 §3)
  // What is not set is not verified: the library would take every certificate that somebody we believe has signed.
  bool bound = false;
  if (is_address(name)) {
    name.resize(std::min(name.size(), name.find('%')));  // which interface leads to fe80::1 is no part of who it is
    bound = X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1;
  } else {
    // Its macro has a cast of C's.
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bound = !name.empty() && X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), 0) == 1;
  }
  if (verify_ && !bound && X509_VERIFY_PARAM_set1_host(wanted, kNobody, 0) != 1) throw std::bad_alloc();
  std::string offer(1, static_cast<char>(alpn.size()));  // RFC 7301 §3.1
  offer.append(alpn);
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offer.data()), static_cast<unsigned>(offer.size()));
  return ssl;
}

std::unique_ptr<Session> ClientContext::connect(Transport& transport, const std::string& name, SessionShelf& shelf,
                                                std::string_view alpn) const {
  SslPtr ssl = begin(name, alpn);
  SSL_set_ex_data(ssl.get(), shelf_index(), &shelf);
  if (const SessionPtr known = shelf.take(context_.get())) SSL_set_session(ssl.get(), known.get());
  return std::make_unique<Session>(std::move(ssl), transport, nullptr);
}

}  // namespace frontdoor::tls
