#include "cli/admin_client.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/address.h"

namespace frontdoor::cli {

namespace {

namespace http = boost::beast::http;

constexpr std::size_t kLongestPath = 107;
constexpr std::size_t kLongestAnswer = 64 * 1024 * 1024;

class Connection {
 public:
  explicit Connection(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// "" when there is something to read or room to write, else why not.
std::string wait_for(int fd, short events, Millis patience) {
  pollfd watched{fd, events, 0};
  const int limit = patience.count() == 0 ? -1 : static_cast<int>(patience.count());
  for (;;) {
    const int ready = ::poll(&watched, 1, limit);
    if (ready > 0) return "";
    if (ready == 0) return "it does not answer";
    if (errno != EINTR) return std::strerror(errno);
  }
}

std::string send_all(int fd, std::string_view bytes, Millis patience) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN) return std::strerror(errno);
    if (auto why = wait_for(fd, POLLOUT, patience); !why.empty()) return why;
  }
  return "";
}

// A full backlog is waited for; so is a program that is just being started anew.
std::string connect_to(int fd, const std::string& path, Millis patience) {
  if (path.size() > kLongestPath) return "the path is too long for a socket";
  const Endpoint endpoint = Endpoint::unix_path(path);
  for (Millis waited{0};; waited += Millis{20}) {
    if (::connect(fd, endpoint.data(), endpoint.size()) == 0) return "";
    if (errno != EAGAIN || (patience.count() != 0 && waited >= patience))
      return errno == ECONNREFUSED ? "nobody listens there any more" : std::strerror(errno);
    ::usleep(20'000);
  }
}

// "" and connected, or why not.
std::string connect_over_tcp(int fd, const Endpoint& endpoint, Millis patience) {
  if (::connect(fd, endpoint.data(), endpoint.size()) != 0) {
    if (errno != EINPROGRESS) return std::strerror(errno);
    if (auto why = wait_for(fd, POLLOUT, patience); !why.empty()) return why;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return std::strerror(error != 0 ? error : errno);
  }
  return "";
}

// Where an address leads, in the order to try; and why to nowhere.
std::vector<Endpoint> endpoints_of(const std::string& text, std::string& error) {
  AddressError problem;
  const auto address = parse_address(text, problem);
  std::vector<Endpoint> endpoints;
  if (!address || address->kind != Address::Kind::Tcp) {
    error = "it is no address";
    return endpoints;
  }
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const std::string host = address->host.empty() ? "127.0.0.1" : address->host;
  if (const int failed = ::getaddrinfo(host.c_str(), std::to_string(address->port).c_str(), &hints, &found); failed != 0) {
    error = ::gai_strerror(failed);
    return endpoints;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    endpoints.push_back(Endpoint::from(each->ai_addr, each->ai_addrlen));
  ::freeaddrinfo(found);
  return endpoints;
}

AdminResponse receive(int fd, const AdminAsk& question) {
  AdminResponse response;
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(boost::none);
  std::string unread;
  std::array<char, 16 * 1024> block;
  while (!parser.is_done()) {
    const ssize_t size = ::recv(fd, block.data(), block.size(), 0);
    boost::system::error_code error;
    if (size < 0 && errno == EAGAIN) {
      response.error = wait_for(fd, POLLIN, question.patience);
      if (!response.error.empty()) return response;
      continue;
    }
    if (size < 0) {
      response.error = std::strerror(errno);
      return response;
    }
    if (size == 0) {
      parser.put_eof(error);
      if (error || !parser.is_done()) response.error = "it ended in the middle of its answer";
    }
    unread.append(block.data(), static_cast<std::size_t>(size));
    while (!unread.empty() && !error && !parser.is_done()) {
      const std::size_t used = parser.put(boost::asio::buffer(unread), error);
      unread.erase(0, used);
      if (used == 0 && !error) break;
    }
    if (error && error != http::error::need_more && response.error.empty()) response.error = "it answers no HTTP";
    if (parser.is_header_done()) {
      response.status = parser.get().result_int();
      std::string& body = parser.get().body();
      if (question.on_bytes && response.status == 200)
        question.on_bytes(body);
      else
        response.body += body;
      body.clear();
    }
    if (response.body.size() > kLongestAnswer) response.error = "its answer is too long";
    if (!response.error.empty()) return response;
  }
  return response;
}

}  // namespace

namespace {

AdminResponse ask_over(const Connection& connection, const AdminAsk& question) {
  AdminResponse failed;
  // Over TCP the server wants to hear by which name it is asked.
  std::string host = question.address.empty() ? "frontdoor" : question.address;
  if (host.starts_with(':')) host.insert(0, "127.0.0.1");
  const std::string request = question.method + ' ' + question.target + " HTTP/1.1\r\nHost: " + host +
                              "\r\nConnection: close\r\n" + (question.body.empty() ? "" : "Content-Type: application/json\r\n") +
                              "Content-Length: " + std::to_string(question.body.size()) + "\r\n\r\n" + question.body;
  failed.error = send_all(connection.get(), request, question.patience);
  if (!failed.error.empty()) return failed;
  return receive(connection.get(), question);
}

}  // namespace

AdminResponse ask(const AdminAsk& question) {
  AdminResponse failed;
  if (question.address.empty()) {
    const Connection connection(AF_UNIX);
    failed.error = connection.get() < 0 ? std::strerror(errno)
                                        : connect_to(connection.get(), question.socket, question.patience);
    return failed.error.empty() ? ask_over(connection, question) : failed;
  }
  for (const Endpoint& endpoint : endpoints_of(question.address, failed.error)) {
    const Connection connection(endpoint.family());
    failed.error = connection.get() < 0 ? std::strerror(errno) : connect_over_tcp(connection.get(), endpoint, question.patience);
    if (failed.error.empty()) return ask_over(connection, question);
  }
  return failed;
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      result += c;
    else
      result += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

}  // namespace frontdoor::cli
