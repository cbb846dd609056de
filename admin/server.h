// The HTTP server behind the admin socket and the admin address. One request a connection; of the socket the kernel says
// which user has connected, of the address admin/gate.h judges what a request may have. Everything is bounded, for each
// of the two by itself, so that a client that is slow, stuck or hostile costs a place for some seconds and nothing else:
// when the places run out, the connection that has been silent longest makes room, or one that does not read what it has
// asked for, or over TCP the oldest without the token: a probe that the life of the process hangs on must not wait for a
// stranger. Control thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "admin/peer.h"
#include "admin/route.h"
#include "base/log.h"
#include "base/time.h"

namespace frontdoor {

struct AdminLimits {
  std::size_t connections = 64;  // of each place where they are accepted
  std::size_t streams = 16;  // of these, answers in pieces
  std::size_t head_bytes = 16 * 1024;
  std::size_t body_bytes = 192 * 1024;  // a page of 64 KiB as JSON, if it is no text of quotes
  Millis read{5'000};    // the whole request
  Millis write{10'000};  // until a client has read something; and all of it, were it not for the next line
  std::size_t least_bytes_per_second = 16 * 1024;  // that a client takes of a large answer
};

class AdminServer {
 public:
  AdminServer(boost::asio::io_context& control, Log& log, AdminAccess access, AdminLimits limits = {});
  ~AdminServer();

  // Before anything is accepted. What changes something needs trust, whatever is said here.
  void route(std::string method, std::string pattern, AdminHandler handler, AdminNeeds needs = AdminNeeds::Nothing);
  const std::vector<AdminRoute>& routes() const;
  // The descriptors stay the caller's; accepts until stop().
  void start(int unix_socket);
  void start_tcp(int tcp_socket, AdminTcpRules rules);
  void set_rules(AdminTcpRules rules);  // a reload: from the next request on
  void refuse_changes(std::string why);  // "" = no more
  void stop_accepting();         // what is open may finish
  void stop();                   // accepts no more and ends what is open

  std::size_t connections() const;  // of both

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
