// One HTTP/1.1 request that is sent somewhere, and the status of its answer: connect, for https a verified handshake, send,
// read the head, all within one deadline. For what the control thread tells others. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "health/deadline.h"
#include "tls/pipe.h"

namespace frontdoor {

struct PostTarget {
  std::vector<Endpoint> endpoints = {};  // tried in order
  std::shared_ptr<const tls::ClientContext> tls = {};  // null: plain
  std::string server_name = {};
};

struct PostOutcome {
  unsigned status = 0;     // 0 = there was no answer
  std::string error = {};  // why: "connection refused", "TLS: certificate has expired"; nothing that was sent
  std::string retry_after = {};  // the answer's field, as it stands there; "" = it has none
};

class Post {
 public:
  Post(boost::asio::io_context& control, PostTarget target, Millis patience);
  ~Post();
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  boost::asio::awaitable<PostOutcome> run(std::string request);  // once; this must outlive it
  void cancel();  // run() ends soon

 private:
  boost::asio::awaitable<std::string> connect_to(const Endpoint& endpoint);
  boost::asio::awaitable<std::string> shake_hands();
  boost::asio::awaitable<std::string> send(std::string text);
  boost::asio::awaitable<std::string> receive(std::string& into);  // "end": nothing follows
  boost::asio::awaitable<PostOutcome> read_answer(std::string write_error);
  std::string describe(const boost::system::error_code& error) const;
  void close();

  const PostTarget target_;
  const Millis patience_;
  boost::asio::generic::stream_protocol::socket socket_;
  std::unique_ptr<tls::Pipe> tls_;
  std::shared_ptr<Deadline> deadline_;
};

}  // namespace frontdoor
