// The TCP address on which the running program is looked at: the one that the config names and no other, or the usual
// one and the next free port when somebody has that already. Control thread, at the start.

#pragma once

#include <string>

#include "base/address.h"

namespace frontdoor {

class AdminAddress {
 public:
  // `configured`: [admin] address; "" = the usual one, "off" = none.
  static AdminAddress open(const std::string& configured);
  static AdminAddress adopt(int fd);  // of another process of ours, which listens on. Takes it

  AdminAddress() = default;
  AdminAddress(AdminAddress&& other) noexcept;
  AdminAddress& operator=(AdminAddress&& other) noexcept;
  ~AdminAddress() { close(); }

  bool valid() const { return fd_ >= 0; }
  int fd() const { return fd_; }  // listens; non-blocking
  const Endpoint& bound() const { return bound_; }
  std::string text() const { return valid() ? bound_.to_string() : ""; }
  bool on_loopback() const;
  const std::string& error() const { return error_; }      // why there is none; "" = none was asked for
  const std::string& warning() const { return warning_; }  // why it is another port than the usual one
  void close();

 private:
  bool listen(const Address& address);

  int fd_ = -1;
  Endpoint bound_;
  std::string error_;
  std::string warning_;
};

}  // namespace frontdoor
