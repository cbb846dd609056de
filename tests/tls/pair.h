// Two sessions on the two ends of a socket: a server's of ours, and a client's.

#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "made.h"
#include "support/counting_socket_ops.h"
#include "support/fake_time.h"
#include "tls/context_rules.h"
#include "tls/load.h"
#include "tls/self_signed.h"
#include "tls/session.h"

namespace frontdoor::tls::testing {

using frontdoor::testing::CountingSocketOps;
using frontdoor::testing::FakeTime;

inline std::shared_ptr<const ServerContext> context_of(const ServerRules& rules, std::shared_ptr<TicketKeys> keys) {
  static const auto made = make_self_signed({"a.example"}, kNow, 90);
  auto loaded = load_certificate({"a.pem", made.cert, made.key, ""}, kNow);
  std::string error;
  auto context = ServerContext::make(CertificateTable({loaded.certificate}), rules, std::move(keys), error);
  EXPECT_EQ(error, "");
  return context;
}

inline std::shared_ptr<TicketKeys> some_keys() { return std::make_shared<TicketKeys>(std::chrono::hours(12)); }

// A client that checks nothing, and keeps the last session that it was given a ticket for.
struct Client {
  explicit Client(int version = TLS1_3_VERSION) : context(SSL_CTX_new(TLS_client_method())) {
    apply_common_rules(context.get());
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_ex_data(context.get(), 0, this);
    SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<Client*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0))->ticket.reset(session);
      return 1;
    });
  }
  SslPtr begin(const char* name = "a.example") {
    SslPtr ssl(SSL_new(context.get()));
    SSL_set_connect_state(ssl.get());
    if (name) SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name));
    if (ticket) SSL_set_session(ssl.get(), ticket.get());
    return ssl;
  }
  SslCtxPtr context;
  SessionPtr ticket;
};

class SessionPair {
 public:
  SessionPair(const ServerContext& context, SslPtr client_ssl) : SessionPair(context) {
    encrypt_client(std::make_unique<Session>(std::move(client_ssl), client, nullptr));
  }
  explicit SessionPair(const ServerContext& context) {  // encrypt_client() is still to come
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    server_fd = fds[0];
    client_fd = fds[1];
    server.adopt(fds[0]);
    client.adopt(fds[1]);
    auto ours = context.accept(server);
    at_server = ours.get();
    server.encrypt(std::move(ours));
  }
  void encrypt_client(std::unique_ptr<Session> session) {
    at_client = session.get();
    client.encrypt(std::move(session));
  }

  void turn() { loop.run_once(Millis{0}); }

  // Done: both. Failed: one.
  Session::Step shake_hands() {
    auto ours = Session::Step::Pending, theirs = ours;
    for (int turns = 0; turns < 1000; ++turns) {
      if (theirs == Session::Step::Pending) theirs = at_client->shake_hands();
      if (ours == Session::Step::Pending) ours = at_server->shake_hands();
      if (ours == Session::Step::Failed || theirs == Session::Step::Failed) return Session::Step::Failed;
      at_client->flush();
      at_server->flush();
      if (ours == Session::Step::Done && theirs == Session::Step::Done) return ours;
      turn();
    }
    return Session::Step::Pending;
  }

  static std::string read_some(Transport& from) {
    std::array<char, 70'000> room;
    std::string all;
    for (;;) {
      last = from.read(room.data(), room.size());
      if (last.status != IoStatus::Ok) return all;
      all.append(room.data(), last.bytes);
    }
  }
  static IoResult write(Transport& into, std::string_view text) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    return into.write(&part, 1);
  }
  // Moves all of it across, as a writer that waits for room does.
  std::string carry(Transport& from, Transport& to, std::string_view text) {
    std::string arrived;
    for (int turns = 0; turns < 100'000 && (arrived.size() < text.size()); ++turns) {
      const std::size_t sent = done_;
      if (sent < text.size()) done_ += write(from, text.substr(sent)).bytes;
      else from.flush();
      turn();
      arrived += read_some(to);
    }
    done_ = 0;
    return arrived;
  }

  inline static IoResult last;
  FakeTime time;
  CountingSocketOps ops;
  EventLoop loop{time, ops};
  Transport server{loop};
  Transport client{loop};
  Session* at_server = nullptr;
  Session* at_client = nullptr;
  int server_fd = -1, client_fd = -1;

 private:
  std::size_t done_ = 0;
};

}  // namespace frontdoor::tls::testing
