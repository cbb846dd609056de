#include "admin/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <utility>

#include "base/quietly.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;

constexpr std::size_t kMostDiscarded = 1024 * 1024;  // of a request that was refused
constexpr std::size_t kMostBehindARequest = 4 * 1024;
constexpr int kLongestJsonDepth = 4;

// A socket that only its user can open has no browser behind it and no name that could be forged, so neither Host nor
// a token tells anything. Whatever has come through a proxy or out of a page was meant for somebody else.
constexpr std::array kForeign{http::field::origin, http::field::via, http::field::forwarded};
constexpr std::string_view kForwardedFor = "X-Forwarded-For";

// Headers of every answer. No other page may read or embed it, and what it says holds for this moment.
std::string head_of(unsigned status, std::string_view content_type, const std::string& more, bool may_be_kept = false) {
  return "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(http::obsolete_reason(http::int_to_status(status))) +
         "\r\nContent-Type: " + std::string(content_type) +
         (may_be_kept ? "\r\n" : "\r\nCache-Control: no-store\r\n") +
         "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n" + more +
         "\r\n";
}

// The members of a JSON object are parameters like those of the query; false when it is none.
bool add_parameters(AdminParameters& parameters, std::string_view body) {
  json::parse_options options;
  options.max_depth = kLongestJsonDepth;
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
  if (error || !value.is_object()) return false;
  for (const auto& [name, member] : value.as_object()) {
    if (member.is_string())
      parameters.insert_or_assign(std::string(name), std::string(member.as_string()));
    else if (member.is_bool())
      parameters.insert_or_assign(std::string(name), member.as_bool() ? "1" : "0");
    else if (member.is_int64())
      parameters.insert_or_assign(std::string(name), std::to_string(member.as_int64()));
    else if (member.is_uint64())
      parameters.insert_or_assign(std::string(name), std::to_string(member.as_uint64()));
    else if (!member.is_null())
      return false;
  }
  return true;
}

}  // namespace

AdminConnection::AdminConnection(asio::io_context& control, int fd, const AdminLimits& limits, const AdminPolicy& policy,
                                 std::shared_ptr<AdminStreams> streams)
    : limits_(limits), policy_(policy), fd_(fd), stream_(control), streams_(std::move(streams)) {
  int family = AF_UNIX;
  socklen_t size = sizeof family;
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  stream_.socket().assign(asio::generic::stream_protocol(family, 0), fd);
}

AdminConnection::~AdminConnection() {
  std::erase(*streams_, this);
}

void AdminConnection::close() { stream_.close(); }

asio::awaitable<void> AdminConnection::serve(const AdminRoutes& routes) {
  const auto self = shared_from_this();
  const auto peer = policy_.rules ? std::nullopt : peer_of(fd_);
  if (!policy_.rules && (!peer || !may_use(*peer, policy_.access))) {
    unread_ = true;
    const AdminProblem problem(403, "not_allowed", "this user may not use the admin socket");
    co_await refuse(problem);
  } else {
    if (peer) by_ = name_of(*peer, policy_.access);
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.head_bytes));
    parser.body_limit(limits_.body_bytes);
    const bool complete = co_await read(parser);
    reading_ = false;
    if (complete) co_await dispatch(routes, parser);
  }
  co_await end();
}

asio::awaitable<bool> AdminConnection::read(Parser& parser) {
  stream_.expires_after(limits_.read);
  auto [error, size] = co_await http::async_read(stream_, buffer_, parser, quietly);
  if (!error) co_return true;
  unread_ = true;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    const AdminProblem problem(431, "head_too_large", "the request's head is too large");
    co_await refuse(problem);
  } else if (error == http::error::body_limit) {
    const AdminProblem problem(413, "body_too_large", "the request's body is too large");
    co_await refuse(problem);
  } else if (error == boost::beast::error::timeout || error.category() == asio::error::get_system_category() ||
             error == http::error::end_of_stream || error == http::error::partial_message ||
             error.category() == asio::error::get_misc_category()) {
    gone_ = true;  // silent for too long, or it has left
  } else {
    const AdminProblem problem(400, "bad_request", "this is no HTTP request");
    co_await refuse(problem);
  }
  co_return false;
}

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

template <class Message>
AdminOrigin origin_of(const Message& message) {
  AdminOrigin from{.host = view(message[http::field::host]), .authorization = view(message[http::field::authorization])};
  if (const auto origin = message.find(http::field::origin); origin != message.end()) from.origin = view(origin->value());
  return from;
}

}  // namespace

std::optional<AdminProblem> AdminConnection::why_not_welcome(const Parser& parser) const {
  const auto& message = parser.get();
  if (policy_.rules) return why_not_for_us(origin_of(message), *policy_.rules);
  bool foreign = message.find(boost::beast::string_view(kForwardedFor.data(), kForwardedFor.size())) != message.end();
  for (const http::field field : kForeign) foreign = foreign || message.find(field) != message.end();
  if (!foreign) return std::nullopt;
  return AdminProblem(403, "not_allowed", "the admin socket takes no request that comes from a page or through a proxy");
}

asio::awaitable<void> AdminConnection::dispatch(const AdminRoutes& routes, Parser& parser) {
  const auto& message = parser.get();
  head_only_ = message.method() == http::verb::head;
  if (const auto problem = why_not_welcome(parser)) co_return co_await refuse(*problem);
  const std::string_view target(message.target().data(), message.target().size());
  auto path = parse_admin_path(target);
  if (!path) {
    const AdminProblem problem(400, "bad_target", "the request's target is no path");
    co_return co_await refuse(problem);
  }
  if (!message.body().empty() && !add_parameters(path->parameters, message.body())) {
    const AdminProblem problem(400, "bad_body", "the request's body is no JSON object of texts, numbers and booleans");
    co_return co_await refuse(problem);
  }
  const std::string method(message.method_string().data(), message.method_string().size());
  auto found = routes.find(method, path->segments);
  if (found.route == nullptr && !found.allowed.empty()) {
    allow_ = "Allow: " + found.allowed + "\r\n";
    const AdminProblem problem(405, "wrong_method", "this takes " + found.allowed);
    co_return co_await refuse(problem);
  }
  if (found.route == nullptr) {
    const AdminProblem problem(404, "no_such_path", "there is nothing at this path");
    co_return co_await refuse(problem);
  }
  bool trusted = true;
  if (policy_.rules) {
    const auto problem = why_not_trusted(origin_of(message), *policy_.rules, AdminNeeds::Trust);
    trusted = !problem;
    if (problem && found.route->needs == AdminNeeds::Trust) co_return co_await refuse(*problem);
    if (found.route->needs == AdminNeeds::Trust) by_ = "the admin token";
  }
  trusted_ = trusted;
  if (const auto problem = routes.why_not_now(*found.route)) co_return co_await refuse(*problem);
  const AdminRequest request{std::move(path->parameters), std::move(found.placeholders), by_,
                             std::string(view(message[http::field::accept_encoding])),
                             std::string(view(message[http::field::if_none_match])), trusted};
  co_await found.route->handler(request, *this);
}

asio::awaitable<void> AdminConnection::answer_with(AdminBody body) {
  if (std::exchange(answered_, true)) co_return;
  const bool bodiless = body.status == 304;
  const std::string length = bodiless ? "" : "Content-Length: " + std::to_string(body.text.size()) + "\r\n";
  std::string bytes = head_of(body.status, body.content_type, length + allow_ + body.fields, body.may_be_kept);
  if (!head_only_ && !bodiless) bytes += body.text;
  co_await send(std::move(bytes));
}

asio::awaitable<bool> AdminConnection::begin(std::string_view content_type) {
  if (head_only_) {
    AdminBody head{.content_type = std::string(content_type)};
    co_await answer_with(std::move(head));
    co_return false;
  }
  if (!take_stream()) {
    const AdminProblem problem(503, "too_many_readers", "as many long answers as may be open at a time are open already");
    co_await refuse(problem);
    co_return false;
  }
  streaming_ = answered_ = true;
  std::string head = head_of(200, content_type, "Transfer-Encoding: chunked\r\n");
  co_await send(std::move(head));
  if (!gone_) asio::co_spawn(stream_.get_executor(), watch(shared_from_this()), asio::detached);
  co_return !gone_;
}

// A trusted client takes the place of one that is not: strangers must not keep the operator from following.
bool AdminConnection::take_stream() {
  if (streams_->size() >= limits_.streams) {
    const auto stranger = std::find_if(streams_->begin(), streams_->end(), [](const auto* each) { return !each->trusted_; });
    if (!trusted_ || stranger == streams_->end()) return false;
    AdminConnection& leaves = **stranger;
    streams_->erase(stranger);
    leaves.close();
  }
  streams_->push_back(this);
  return true;
}

asio::awaitable<bool> AdminConnection::write(const std::string& bytes) {
  if (bytes.empty() || gone_) co_return !gone_;
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  std::string chunk = size + bytes + "\r\n";
  co_await send(std::move(chunk));
  co_return !gone_;
}

// A client that reads nothing for so long is gone, however much it has been sent; so is one that reads a byte now and then
// in order to stay.
asio::awaitable<void> AdminConnection::send(std::string bytes) {
  const TimePoint began = Clock::now();
  const TimePoint latest = began + limits_.write + Millis(bytes.size() * 1'000 / limits_.least_bytes_per_second);
  writing_since_ = began;
  for (std::size_t sent = 0; sent < bytes.size() && !gone_;) {
    stream_.expires_at(std::min<TimePoint>(Clock::now() + limits_.write, latest));
    auto [error, size] =
        co_await stream_.async_write_some(asio::buffer(bytes.data() + sent, bytes.size() - sent), quietly);
    if (error) client_left();
    sent += size;
  }
  writing_since_.reset();
}

// Nothing belongs behind a request whose answer has no end, so whatever comes there is the client's farewell. A client that
// sends on is cut off.
asio::awaitable<void> AdminConnection::watch([[maybe_unused]] std::shared_ptr<AdminConnection> self) {
  std::array<char, 256> block;
  for (std::size_t more = 0; more < kMostBehindARequest;) {
    stream_.expires_never();
    auto [error, size] = co_await stream_.async_read_some(asio::buffer(block), quietly);
    if (error) break;
    more += size;
  }
  client_left();
}

void AdminConnection::client_left() {
  if (std::exchange(gone_, true)) return;
  if (const auto call = std::exchange(when_gone_, nullptr)) call();
}

// What a client that was refused is still sending is read and thrown away, for a moment: closed over it, the answer
// would be lost.
asio::awaitable<void> AdminConnection::end() {
  if (streaming_ && !gone_) {
    std::string last = "0\r\n\r\n";
    co_await send(std::move(last));
  }
  boost::system::error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  if (unread_ && !gone_) {
    std::array<char, 8192> block;
    stream_.expires_after(limits_.read);
    for (std::size_t discarded = 0; discarded < kMostDiscarded;) {
      auto [error, size] = co_await stream_.async_read_some(asio::buffer(block), quietly);
      if (error) break;
      discarded += size;
    }
  }
  gone_ = true;
  stream_.close();
}

}  // namespace frontdoor
