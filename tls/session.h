// One encrypted connection, either side of it: OpenSSL between a Transport and its socket. It reads and writes through
// the Transport, so that what epoll has said is remembered and the tests' faulty sockets are met, and gathers what
// OpenSSL writes into one system call. An idle one holds no buffer (SSL_MODE_RELEASE_BUFFERS).
// One worker; owned by its Transport.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "loop/tls_layer.h"
#include "loop/transport.h"
#include "tls/facts.h"
#include "tls/openssl.h"

namespace frontdoor::tls {

// What ALPN calls the protocols (RFC 7301 §6, RFC 9113 §3.1).
inline constexpr std::string_view kAlpnHttp2 = "h2";
inline constexpr std::string_view kAlpnHttp11 = "http/1.1";

class ServerContext;

class Session final : public TlsLayer {
 public:
  // `ssl`: made for its side, with the handshake still to come. `server`: whose connection it is; null on our own to an
  // upstream.
  Session(SslPtr ssl, Transport& transport, std::shared_ptr<const ServerContext> server);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // One step of the handshake, as far as what has come allows: at most one signature. Pending: wait for the transport.
  enum class Step : std::uint8_t { Done, Pending, Failed };
  Step shake_hands();
  bool untrusted() const;  // what failed is the peer's certificate
  // What has come began like a plain HTTP request.
  bool saw_plain_http() const { return first_byte_ >= 'A' && first_byte_ <= 'Z'; }
  bool saw_anything() const { return first_byte_ != 0; }
  // What somebody has read of the connection before.
  void put_back(std::string_view ciphertext) { put_back_.assign(ciphertext); }

  bool shaken() const { return shaken_; }
  std::string_view protocol() const;  // agreed by ALPN; "" = none. Valid as long as the session
  Facts& facts() { return facts_; }
  const Facts& facts() const { return facts_; }
  SSL* ssl() { return ssl_.get(); }

  // TlsLayer
  IoResult read(char* into, std::size_t room) override;
  IoResult write(const iovec* parts, std::size_t count) override;
  IoStatus flush() override;
  std::size_t owed() const override { return owed_.size() - owed_begin_; }
  bool input_waits() override;
  void finish_writing() override;
  bool finished() const override { return ended_ == Ended::Closed; }
  const char* failure() const override { return failure_; }  // "no shared cipher"; after Failed
  void send_ahead(std::string_view plain) override { owed_.append(plain); }

  static Session* of(const SSL* ssl);

 private:
  friend struct SessionBio;
  void note_input(bool ended);
  int pull(char* into, std::size_t room, bool& retry);

  enum class Ended : std::uint8_t { No, Closed, Failed };
  std::string& outgoing() { return transport_.loop().scratch(); }
  void begin();
  IoStatus deliver();
  IoResult ended_result() const;
  IoResult after_failed_read(int result);
  const char* reason_of_failure();

  Transport& transport_;
  const std::shared_ptr<const ServerContext> server_;
  SslPtr ssl_;
  Facts facts_;
  std::string put_back_;
  std::string owed_;  // sealed, and the kernel had no room for it
  std::size_t owed_begin_ = 0;
  std::size_t pulled_ = 0;  // from the socket, in this call of OpenSSL
  const char* failure_ = "";
  unsigned char first_byte_ = 0;
  bool shaken_ = false;
  bool cut_off_ = false;  // the socket ended without a close_notify
  bool write_failed_ = false;
  Ended ended_ = Ended::No;
  int error_ = 0;  // errno of the socket
};

}  // namespace frontdoor::tls
