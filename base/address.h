// Addresses as people write them (Address) and as the kernel takes them (Endpoint). Values; any thread.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace frontdoor {

// "host:port", "[v6]:port", ":port", "unix:/path", "fd:name". What the config says, not yet resolved.
struct Address {
  enum class Kind : std::uint8_t { Tcp, Unix, Fd };

  Kind kind = Kind::Tcp;
  std::string host = {};  // Tcp: name or literal without brackets, empty = every interface; Unix: path; Fd: name
  std::uint16_t port = 0;
  bool tls = false;  // of an upstream: it is spoken to by https

  std::string to_string() const;  // parses back to the same value, but for tls: "https://host:port"
  std::string host_field() const;  // what a request's Host says: without the port where it is the scheme's
  bool operator==(const Address&) const = default;
};

struct AddressError {
  std::string what;  // "port 70000 is out of range", fit to stand behind "file:line:column: "
};

// Returns nothing and fills `error` when the text is no address. A TCP address needs a port.
std::optional<Address> parse_address(std::string_view text, AddressError& error);

// A resolved socket address: what connect, bind and accept use. Trivially copyable.
class Endpoint {
 public:
  Endpoint() = default;
  static Endpoint from(const sockaddr* address, socklen_t length);
  static Endpoint unix_path(std::string_view path);  // path must fit sun_path (107 bytes)
  // Numeric hosts only ("127.0.0.1", "::1"); nothing for a name.
  static std::optional<Endpoint> numeric(std::string_view host, std::uint16_t port);

  const sockaddr* data() const { return &storage_.base; }
  sockaddr* data() { return &storage_.base; }
  socklen_t size() const { return size_; }
  void resize(socklen_t size) { size_ = size; }
  static constexpr socklen_t capacity() { return sizeof(Storage); }

  int family() const { return storage_.base.sa_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  std::uint16_t port() const;        // 0 for unix
  void set_port(std::uint16_t port);  // no effect for unix
  std::string ip() const;            // "127.0.0.1", "::1"; "unix" for a unix socket
  std::string to_string() const;     // "127.0.0.1:80", "[::1]:80", "unix:/path"
  bool operator==(const Endpoint& other) const;

 private:
  union Storage {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };
  Storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace frontdoor
