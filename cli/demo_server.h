// The HTTP server of the demo's instances, as small as one can be: one thread, poll(2), each answer known as a whole. It
// stands behind a front door on loopback, which reads fast and keeps clients' misbehaviour away. Main thread of such an
// instance.

#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/head_parser.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor::cli {

struct DemoAnswer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body;
};

class DemoServer {
 public:
  using Handler = std::function<DemoAnswer(const http::RequestHead&)>;

  explicit DemoServer(Handler handler) : handler_(std::move(handler)) {}

  bool listen(std::uint16_t port);  // on loopback
  // Waits for something to do, at most so long, and does it.
  void turn(Millis patience);

  std::uint16_t port() const;

 private:
  struct Connection {
    explicit Connection(OwnedFd socket) : fd(std::move(socket)) {}
    OwnedFd fd;
    std::string input = {};
    http::RequestHeadParser parser{http::HeadLimits{}};
    std::uint64_t body_left = 0;  // of a request that has been answered
  };

  void accept();
  bool read(Connection& connection);          // false: it is over
  bool answer_all(Connection& connection);    // that have come
  bool answer(Connection& connection) const;  // the one whose head is complete

  const Handler handler_;
  OwnedFd listener_;
  std::list<Connection> connections_;
};

}  // namespace frontdoor::cli
