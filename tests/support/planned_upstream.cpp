#include "support/planned_upstream.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace frontdoor::testing {

namespace {

// Where the first request in `text` ends; 0: it is not whole. Bodies in these tests have no chunk that ends
// in 0.
std::size_t whole_request(std::string_view text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  const std::size_t start = head_end + 4;
  const std::string_view head = text.substr(0, head_end + 2);
  const std::string_view body = text.substr(start);
  if (head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string_view::npos) {
    const auto end = body.find("0\r\n\r\n");
    return end == std::string_view::npos ? 0 : start + end + 5;
  }
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto at = head.find(kLength);
  if (at == std::string_view::npos) return start;
  const std::size_t length = std::strtoull(head.data() + at + kLength.size(), nullptr, 10);
  return body.size() < length ? 0 : start + length;
}

}  // namespace

void PlannedUpstream::act() {
  socket_.poll();
  connections_.resize(socket_.connections());
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Peer& peer = socket_.connection(i);
    Connection& connection = connections_[i];
    const std::string_view text = peer.received();
    // Asked for even where it has come already, as servers do that do not look.
    const auto ask_for_body = [&] {
      const std::string_view rest = text.substr(connection.taken);
      const bool waits = rest.find("\r\nExpect: 100-continue\r\n") != std::string_view::npos &&
                         rest.find("\r\n\r\n") != std::string_view::npos;
      if (waits && !std::exchange(connection.continued, true)) peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    };
    ask_for_body();
    while (const std::size_t size = whole_request(text.substr(connection.taken))) {
      if (text.substr(connection.taken).starts_with("POST ")) ++posts_delivered_;
      connection.taken += size;
      ++delivered_;
      connection.continued = false;
      carry_out(deeds_[std::min(next_++, deeds_.size() - 1)], peer, connection);
      ask_for_body();
    }
    if (peer.ended()) peer.close();
  }
}

void PlannedUpstream::carry_out(Deed deed, Peer& peer, Connection& connection) {
  switch (deed) {
    case Deed::Answer:
      peer.send(answer_);
      break;
    case Deed::Unavailable:
      peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
      break;
    case Deed::Finish:
      peer.close();
      break;
    case Deed::Reset:
      peer.reset();
      break;
    case Deed::BreakOffHead:
      peer.send("HTTP/1.1 200 O");
      peer.reset();
      break;
    case Deed::Garbage:
      peer.send("This is no HTTP.\r\n\r\n");
      break;
    case Deed::Begin:
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
      connection.hangs = true;
      break;
    case Deed::BeginChunked:
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n");
      connection.hangs = true;
      break;
    case Deed::Hang:
      connection.hangs = true;
      break;
  }
}

void PlannedUpstream::release() {
  for (std::size_t i = 0; i < connections_.size(); ++i)
    if (std::exchange(connections_[i].hangs, false)) socket_.connection(i).send(answer_);
}

void PlannedUpstream::reset_all() {
  for (std::size_t i = 0; i < socket_.connections(); ++i) socket_.connection(i).reset();
}

void PlannedUpstream::close_all() {
  for (std::size_t i = 0; i < socket_.connections(); ++i) socket_.connection(i).close();
}

std::size_t PlannedUpstream::still_waiting() {
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const Peer& peer = socket_.connection(i);
    const bool unanswered = connections_[i].hangs || peer.received().size() > connections_[i].taken;
    if (unanswered && peer.is_open() && !peer.ended()) ++waiting;
  }
  return waiting;
}

}  // namespace frontdoor::testing
