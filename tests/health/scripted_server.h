// A server for probes to meet, in the test's own io_context: answers what it is told, or stays silent, or
// refuses. Its port stays reserved while it refuses, so that it can come back on the same one.

#pragma once

#include <boost/asio.hpp>
#include <memory>
#include <string>

#include "base/address.h"

namespace frontdoor::test {

namespace asio = boost::asio;

inline std::string ok(const std::string& body = "ok") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
inline std::string unavailable() { return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"; }

class ScriptedServer {
 public:
  using Protocol = asio::generic::stream_protocol;

  explicit ScriptedServer(asio::io_context& io) : ScriptedServer(io, *Endpoint::numeric("127.0.0.1", 0)) {}
  ScriptedServer(asio::io_context& io, const Endpoint& where)
      : io_(io), endpoint_(where), reserved_(io), acceptor_(io) {
    if (!where.is_unix()) bind(reserved_);
    listen();
  }

  const Endpoint& endpoint() const { return endpoint_; }
  Address address() const {
    if (endpoint_.is_unix()) return {.kind = Address::Kind::Unix, .host = endpoint_.to_string().substr(5)};
    return {.kind = Address::Kind::Tcp, .host = endpoint_.ip(), .port = endpoint_.port()};
  }

  void answer(std::string text) { answer_ = std::move(text), silent_ = false; }
  void stay_silent() { silent_ = true; }
  void keep_open() { keeps_open_ = true; }  // behind each answer, until the prober closes
  void refuse() { acceptor_.close(); }
  void listen() {
    bind(acceptor_);
    acceptor_.listen();
    accept();
  }

  int connections() const { return connections_; }
  int requests() const { return requests_; }
  const std::string& last_request() const { return last_request_; }

 private:
  struct Connection {
    explicit Connection(asio::io_context& io) : socket(io) {}
    asio::basic_stream_socket<Protocol> socket;
    std::string request, answer;
  };

  void bind(asio::basic_socket_acceptor<Protocol>& acceptor) {
    acceptor.open(Protocol(endpoint_.family(), 0));
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind({endpoint_.data(), endpoint_.size()});
    const auto bound = acceptor.local_endpoint();
    endpoint_ = Endpoint::from(bound.data(), static_cast<socklen_t>(bound.size()));
  }

  // What is still queued when the server goes must not touch it.
  template <class Handler>
  auto while_alive(Handler handler) {
    return [alive = std::weak_ptr(alive_), handler](const boost::system::error_code& error, auto&&...) {
      if (!error && !alive.expired()) handler();
    };
  }

  void accept() {
    auto connection = std::make_shared<Connection>(io_);
    acceptor_.async_accept(connection->socket, while_alive([this, connection] {
                             ++connections_;
                             read(connection);
                             accept();
                           }));
  }

  void read(const std::shared_ptr<Connection>& connection) {
    asio::async_read_until(connection->socket, asio::dynamic_buffer(connection->request), "\r\n\r\n",
                           while_alive([this, connection] { reply(connection); }));
  }

  void reply(const std::shared_ptr<Connection>& connection) {
    ++requests_;
    last_request_ = connection->request;
    if (silent_) {  // until the prober gives up
      return connection->socket.async_wait(asio::socket_base::wait_read, while_alive([connection] {}));
    }
    connection->answer = answer_;
    asio::async_write(connection->socket, asio::buffer(connection->answer), while_alive([this, connection] {
      if (keeps_open_) connection->socket.async_wait(asio::socket_base::wait_read, while_alive([connection] {}));
    }));
  }

  asio::io_context& io_;
  Endpoint endpoint_;
  asio::basic_socket_acceptor<Protocol> reserved_;  // bound, never listening
  asio::basic_socket_acceptor<Protocol> acceptor_;
  std::string answer_ = ok();
  bool silent_ = false;
  bool keeps_open_ = false;
  int connections_ = 0;
  int requests_ = 0;
  std::string last_request_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>();
};

}  // namespace frontdoor::test
