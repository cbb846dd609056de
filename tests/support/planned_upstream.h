// An upstream that reads requests to their ends, counts them, and does with each what it was told beforehand.
// A client that waits for a 100 gets one.

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/peers.h"

namespace frontdoor::testing {

// What becomes of a request that has come whole.
enum class Deed : std::uint8_t {
  Answer,
  Unavailable,   // is answered 503
  Finish,        // the connection ends instead of an answer
  Reset,         // the same with a RST
  BreakOffHead,  // the head of an answer begins, then RST
  Garbage,       // is answered with what is no HTTP
  Begin,         // an answer begins and never ends
  BeginChunked,  // the same with a body of unknown length
  Hang,          // nothing, until release()
};

class PlannedUpstream {
 public:
  ScriptedUpstream& socket() { return socket_; }

  // `deeds`: of the next requests in turn; the last one for all that follow.
  void plan(std::vector<Deed> deeds) {
    deeds_ = std::move(deeds);
    next_ = 0;
  }
  void answer_with(std::string answer) { answer_ = std::move(answer); }
  void act();        // whatever is to be done now
  void release();    // answers those that hang
  void reset_all();  // its connections, that is
  void close_all();

  // Requests that have come whole.
  std::size_t delivered() const { return delivered_; }
  std::size_t posts_delivered() const { return posts_delivered_; }
  // Of the connections with a request that came in parts or was not answered, those that the proxy has not
  // closed.
  std::size_t still_waiting();

 private:
  struct Connection {
    std::size_t taken = 0;  // bytes of requests that came whole
    bool hangs = false;
    bool continued = false;  // the next request was asked for its body
  };
  void carry_out(Deed deed, Peer& peer, Connection& connection);

  ScriptedUpstream socket_;
  std::string answer_ = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  std::vector<Deed> deeds_{Deed::Answer};
  std::size_t next_ = 0;
  std::size_t delivered_ = 0;
  std::size_t posts_delivered_ = 0;
  std::vector<Connection> connections_;
};

}  // namespace frontdoor::testing
