// A client's connection for as long as it is open: the socket, who is at the other end, and a timer. While requests
// come it has an H1Session; after a quiet moment the session is dropped and the connection is parked, owning no
// buffer, no coroutine and no parser. One worker; owned by its listener.

#pragma once

#include <array>
#include <memory>

#include "loop/event_loop.h"
#include "loop/task.h"
#include "loop/transport.h"
#include "proxy/h1_session.h"

namespace frontdoor {

class ConnectionOwner;

class ClientConnection final : public Listed<class ConnectionTag>, private Runnable, private Timer {
 public:
  ClientConnection(ConnectionOwner& owner, EventLoop& loop) : owner_(owner), loop_(loop), transport_(loop) {}

  // Takes an accepted socket. False: it could not be watched and is closed.
  bool adopt(int fd, const Endpoint& from);
  void cut();        // closes it now, even in the middle of an exchange

 private:
  Detached serve();
  void park();
  void run() override;
  void expired(TimePoint now) override;
  Duration idle_limit() const;

  ConnectionOwner& owner_;
  EventLoop& loop_;
  Transport transport_;
  std::unique_ptr<H1Session> session_;
  TimePoint idle_until_{};
  std::array<char, 46> ip_{};  // text; INET6_ADDRSTRLEN
  std::uint8_t ip_size_ = 0;
  ClientInfo client_;
};

// What a connection needs from where it was accepted.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual ExchangeContext& context() = 0;
  virtual BufferPool& buffers() = 0;
  virtual const bool& draining() const = 0;
  virtual bool via() const = 0;
  virtual void closed(ClientConnection& connection) = 0;  // destroys it
};

}  // namespace frontdoor
