#include "service/admin/admin_address.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "proxy/server/listen_socket.h"

namespace frontdoor {

namespace {

constexpr std::uint16_t kUsualPort = 9'900;
constexpr int kPortsTried = 32;  // the usual one, and those behind it

}  // namespace

AdminAddress::AdminAddress(AdminAddress&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      bound_(other.bound_),
      error_(std::move(other.error_)),
      warning_(std::move(other.warning_)) {}

AdminAddress& AdminAddress::operator=(AdminAddress&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  bound_ = other.bound_;
  error_ = std::move(other.error_);
  warning_ = std::move(other.warning_);
  return *this;
}

void AdminAddress::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool AdminAddress::listen(const Address& address) {
  const ListenSockets sockets = open_listen_sockets(address, 1);
  if (!sockets.error.empty()) {
    error_ = sockets.error;
    return false;
  }
  fd_ = sockets.fds.front();
  bound_ = sockets.bound;
  error_.clear();
  return true;
}

AdminAddress AdminAddress::open(const std::string& configured) {
  AdminAddress opened;
  if (configured == "off") return opened;
  if (!configured.empty()) {
    AddressError problem;
    const auto address = parse_address(configured, problem);
    if (address) opened.listen(*address);
    else opened.error_ = problem.what;
    return opened;
  }
  Address address{.host = "127.0.0.1", .port = kUsualPort};
  for (int i = 0; i < kPortsTried; ++i, ++address.port) {
    if (opened.listen(address)) break;
    if (i == 0) opened.warning_ = opened.error_;
  }
  return opened;
}

AdminAddress AdminAddress::adopt(int fd) {
  AdminAddress adopted;
  adopted.fd_ = fd;
  socklen_t size = Endpoint::capacity();
  ::getsockname(fd, adopted.bound_.data(), &size);
  adopted.bound_.resize(size);
  return adopted;
}

bool AdminAddress::on_loopback() const {
  if (bound_.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(bound_.data());
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  if (bound_.family() != AF_INET6) return true;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(bound_.data());
  return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
}

}  // namespace frontdoor
