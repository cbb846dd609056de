// Our own side of connections to upstreams: whom we believe, and who we are. One for all pools whose `tls` is the same, the
// name included, since a session that is resumed is not verified again. Made on the control thread, immutable afterwards and
// shared by the workers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tls/session.h"

namespace frontdoor::tls {

struct ClientFiles {
  bool verify = true;
  std::string ca = {};    // PEM; "" = the system's store
  std::string cert = {};  // PEM, to be shown when we are asked; "" = none
  std::string key = {};
};

// Where the system keeps the authorities that it believes: a file and a directory, of which one may be missing.
std::vector<std::string> system_store();

// Sessions with one upstream, so that the next connections need no full handshake. One worker's.
class SessionShelf {
 public:
  static constexpr std::size_t kMost = 8;  // as many connections as are commonly opened at once

  void put(SessionPtr session, SSL_CTX* made_by);
  // Null: none that this context has verified.
  SessionPtr take(SSL_CTX* for_whom);
  void forget() { sessions_.clear(); }
  std::size_t count() const { return sessions_.size(); }

 private:
  SslCtxPtr made_by_;  // held, so that no other can come to lie where it was
  std::vector<SessionPtr> sessions_;  // the last one is the newest
};

class ClientContext {
 public:
  // Null, and `error` says why. Reads files.
  static std::shared_ptr<const ClientContext> load(const ClientFiles& files, std::string& error);

  // What it shows of itself when it is asked for it.
  struct OwnCertificate {
    std::string file;
    std::int64_t not_after = 0;  // seconds since 1970
    // That it has expired or soon will; "" = neither.
    std::string expiry_warning(std::int64_t now) const;
  };
  const std::optional<OwnCertificate>& own_certificate() const { return own_; }

  // `name`: what the upstream's certificate must be for, and what it is asked for: a host or an address. `shelf` is taken
  // from and put into; it must outlive the session. `alpn`: the protocol that is offered. Throws bad_alloc.
  SslPtr begin(std::string name, std::string_view alpn = kAlpnHttp11) const;
  std::unique_ptr<Session> connect(Transport& transport, const std::string& name, SessionShelf& shelf,
                                   std::string_view alpn = kAlpnHttp11) const;

 private:
  explicit ClientContext(const ClientFiles& files);
  std::string set_up(const ClientFiles& files);

  const bool verify_;
  SslCtxPtr context_;
  std::optional<OwnCertificate> own_;
};

}  // namespace frontdoor::tls
