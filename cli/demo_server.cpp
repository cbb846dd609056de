#include "cli/demo_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace frontdoor::cli {
namespace {

constexpr std::size_t kMostConnections = 1'000;  // then the others wait in the backlog
constexpr timeval kSlowReader{5, 0};             // who does not read is cut off, since everybody waits for it

std::string_view reason(int status) {
  return status == 200 ? "OK" : status == 202 ? "Accepted" : status == 404 ? "Not Found" : "Service Unavailable";
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

bool DemoServer::listen(std::uint16_t port) {
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  if (::listen(fd.get(), SOMAXCONN) != 0) return false;
  listener_ = std::move(fd);
  return true;
}

std::uint16_t DemoServer::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void DemoServer::turn(Millis patience) {
  std::vector<pollfd> watched;
  for (const Connection& connection : connections_) watched.push_back({connection.fd.get(), POLLIN, 0});
  if (connections_.size() < kMostConnections) watched.push_back({listener_.get(), POLLIN, 0});
  if (::poll(watched.data(), watched.size(), static_cast<int>(patience.count())) <= 0) return;
  auto seen = watched.begin();
  for (auto connection = connections_.begin(); connection != connections_.end(); ++seen) {
    const bool over = seen->revents != 0 && !read(*connection);
    connection = over ? connections_.erase(connection) : std::next(connection);
  }
  if (seen != watched.end() && seen->revents != 0) accept();
}

void DemoServer::accept() {
  OwnedFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.valid()) return;
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kSlowReader, sizeof kSlowReader);
  connections_.emplace_back(std::move(fd));
}

bool DemoServer::read(Connection& connection) {
  std::array<char, 16 * 1024> block;
  const ssize_t got = ::recv(connection.fd.get(), block.data(), block.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  connection.input.append(block.data(), static_cast<std::size_t>(got));
  return answer_all(connection);
}

bool DemoServer::answer_all(Connection& connection) {
  std::string& input = connection.input;
  for (;;) {
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(connection.body_left, input.size()));
    input.erase(0, skipped);
    connection.body_left -= skipped;
    if (input.empty()) return true;
    const http::HeadStatus status = connection.parser.parse(input);
    if (status == http::HeadStatus::Incomplete) return true;
    if (status == http::HeadStatus::Refused || !answer(connection)) return false;
    connection.body_left = connection.parser.head().framing.length;
    const std::size_t size = connection.parser.head_size();
    connection.parser.reset();
    input.erase(0, size);
  }
}

bool DemoServer::answer(Connection& connection) const {
  const http::RequestHead& head = connection.parser.head();
  const DemoAnswer said = handler_(head);
  // The end of chunks is not looked for; an HTTP/1.0 client expects the end of the connection.
  const bool goes_on = head.keep_alive && head.version == http::Version::Http11 &&
                       head.framing.kind != http::BodyKind::Chunked;
  std::string text = "HTTP/1.1 " + std::to_string(said.status) + ' ';
  text.append(reason(said.status)).append("\r\nContent-Type: ").append(said.type);
  text += "\r\nContent-Length: " + std::to_string(said.body.size()) + "\r\nCache-Control: no-store\r\n";
  if (!goes_on) text += "Connection: close\r\n";
  text += "\r\n";
  if (head.method != http::Method::Head) text += said.body;
  return send_all(connection.fd.get(), text) && goes_on;
}

}  // namespace frontdoor::cli
