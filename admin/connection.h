// One request to the admin server, from its first byte to the last of its answer. Owned by its coroutine. Control
// thread.

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "admin/reply.h"
#include "admin/route.h"
#include "admin/server.h"
#include "base/time.h"

namespace frontdoor {

// Who may use what of the place where it was accepted.
struct AdminPolicy {
  std::optional<AdminTcpRules> rules = {};  // none: it is the unix socket
  AdminAccess access = {};                  // of that
};

class AdminConnection;

// Answers in pieces that are open at a place where connections are accepted, oldest first.
using AdminStreams = std::list<AdminConnection*>;

class AdminConnection final : public AdminReply, public std::enable_shared_from_this<AdminConnection> {
 public:
  // `streams`: over all connections of its place.
  AdminConnection(boost::asio::io_context& control, int fd, const AdminLimits& limits, const AdminPolicy& policy,
                  std::shared_ptr<AdminStreams> streams);
  ~AdminConnection() override;

  boost::asio::awaitable<void> serve(const AdminRoutes& routes);
  bool reading() const { return reading_; }  // its request is not complete yet
  bool trusted() const { return trusted_; }  // only once it is
  // It has been written to for so long, and does not take it.
  bool stuck(Millis patience) const { return writing_since_ && Clock::now() - *writing_since_ > patience; }
  void close();

  // AdminReply
  boost::asio::awaitable<void> answer_with(AdminBody body) override;
  boost::asio::awaitable<bool> begin(std::string_view content_type) override;
  boost::asio::awaitable<bool> write(const std::string& bytes) override;
  void when_gone(std::function<void()> call) override { when_gone_ = std::move(call); }
  bool gone() const override { return gone_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  std::optional<AdminProblem> why_not_welcome(const Parser& parser) const;
  boost::asio::awaitable<bool> read(Parser& parser);  // false: refused, or gone
  boost::asio::awaitable<void> dispatch(const AdminRoutes& routes, Parser& parser);
  boost::asio::awaitable<void> send(std::string bytes);
  boost::asio::awaitable<void> end();
  boost::asio::awaitable<void> watch(std::shared_ptr<AdminConnection> self);
  bool take_stream();
  void client_left();

  const AdminLimits& limits_;
  const AdminPolicy& policy_;
  const int fd_;  // the stream's
  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<AdminStreams> streams_;
  std::string by_;  // who has connected
  std::string allow_;
  bool head_only_ = false;  // what it asks for is the head of the answer
  bool reading_ = true;
  bool trusted_ = false;
  bool answered_ = false;
  bool streaming_ = false;
  bool unread_ = false;  // the client may still be sending
  bool gone_ = false;
  std::optional<TimePoint> writing_since_;
  std::function<void()> when_gone_;
};

}  // namespace frontdoor
