// The HTTP server behind the admin socket. One request a connection; the kernel says which user has connected. Everything
// is bounded, so that a client that is slow, stuck or hostile costs a place for some seconds and nothing else: when
// the places run out, the connection that has been silent longest makes room. Control thread.

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
  std::size_t connections = 64;
  std::size_t streams = 16;  // of these, answers in pieces
  std::size_t head_bytes = 16 * 1024;
  std::size_t body_bytes = 192 * 1024;  // a page of 64 KiB as JSON, if it is no text of quotes
  Millis read{5'000};    // the whole request
  Millis write{10'000};  // until a client has read something
};

class AdminServer {
 public:
  AdminServer(boost::asio::io_context& control, Log& log, AdminAccess access, AdminLimits limits = {});
  ~AdminServer();

  void route(std::string method, std::string pattern, AdminHandler handler);  // before start()
  void start(int listening_fd);  // which stays the caller's; accepts until stop()
  void stop();                   // accepts no more and ends what is open

  std::size_t connections() const;

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
