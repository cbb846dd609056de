// All that a listener's handshakes need: its certificates, its rules, its ticket keys. Built on the control thread,
// immutable afterwards and shared by the workers; other certificates make another one.

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tls/certificate_table.h"
#include "tls/session.h"
#include "tls/ticket_keys.h"

namespace frontdoor::tls {

struct ServerRules {
  bool only_tls13 = false;
  std::vector<std::string> protocols = {"http/1.1"};  // for ALPN, the one we like best first
  std::string client_ca = {};                         // PEM: a client must show a certificate of one of these; "" = need not
};

class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  // Null, and `error` says why: the client_ca holds no certificate, a key is of a kind that OpenSSL does not take.
  static std::shared_ptr<const ServerContext> make(CertificateTable table, const ServerRules& rules,
                                                   std::shared_ptr<TicketKeys> ticket_keys, std::string& error);

  std::unique_ptr<Session> accept(Transport& transport) const;  // throws bad_alloc
  const CertificateTable& table() const { return table_; }

  // What is known when the handshake is complete. Not "": why the connection is ended after all; a constant.
  const char* settle(Session& session) const;

 private:
  struct Callbacks;
  ServerContext(CertificateTable table, const ServerRules& rules, std::shared_ptr<TicketKeys> ticket_keys);
  std::string require_client(const std::string& client_ca);

  const CertificateTable table_;
  std::string protocols_;  // as ALPN writes them
  const std::shared_ptr<TicketKeys> ticket_keys_;
  const bool asks_client_;
  SslCtxPtr context_;
};

// A listener's context of the moment. Workers ask once a handshake, control replaces it.
class Server {
 public:
  explicit Server(std::shared_ptr<const ServerContext> context) : context_(std::move(context)) {}

  std::shared_ptr<const ServerContext> context() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }
  void replace(std::shared_ptr<const ServerContext> context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ServerContext> context_;
};

}  // namespace frontdoor::tls
