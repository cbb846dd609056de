#include "service/admin/post.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <utility>

#include "base/quietly.h"
#include "http/head_parser.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace asio = boost::asio;

namespace {

using boost::system::error_code;

constexpr std::size_t kAnswerBlock = 4 * 1024;
constexpr int kDeadlineTicks = 8;

int error_of_socket(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Post::Post(asio::io_context& control, PostTarget target, Millis patience)
    : target_(std::move(target)), patience_(patience), socket_(control) {
  deadline_ = std::make_shared<Deadline>(control.get_executor(), Duration(patience) / kDeadlineTicks, [this] { close(); });
}

Post::~Post() { deadline_->stop(); }

void Post::cancel() {
  deadline_->stop();
  close();
}

// Closed rather than cancelled, as probes are: what has just completed goes on to nothing.
void Post::close() {
  error_code ignored;
  socket_.close(ignored);
}

std::string Post::describe(const error_code& error) const {
  if (deadline_->expired()) return "no answer in time";
  if (error == asio::error::eof) return "closed without an answer";
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

asio::awaitable<PostOutcome> Post::run(std::string request) {
  PostOutcome outcome;
  outcome.error = "no address";
  const TimePoint due = Clock::now() + patience_;
  std::size_t left = target_.endpoints.size();
  for (const Endpoint& endpoint : target_.endpoints) {
    // Each has its share of the time, so that a silent one does not hide the next.
    const TimePoint now = Clock::now();
    deadline_->expire_at(now + (due - now) / static_cast<int>(left--));
    outcome.error = co_await connect_to(endpoint);
    if (outcome.error.empty()) break;
  }
  if (outcome.error.empty()) {
    deadline_->expire_at(due);
    if (target_.tls) outcome.error = co_await shake_hands();
  }
  if (outcome.error.empty()) {
    std::string write_error = co_await send(std::move(request));
    outcome = co_await read_answer(std::move(write_error));
  }
  deadline_->stop();
  close();
  co_return outcome;
}

asio::awaitable<std::string> Post::connect_to(const Endpoint& endpoint) {
  close();
  const int fd = ::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) co_return describe(error_code(errno, boost::system::generic_category()));
  error_code error;
  socket_.assign(asio::generic::stream_protocol(endpoint.family(), 0), fd, error);
  if (error) {
    ::close(fd);
    co_return describe(error);
  }
  int result = ::connect(fd, endpoint.data(), endpoint.size()) == 0 ? 0 : errno;
  if (result == EINPROGRESS) {
    co_await socket_.async_wait(asio::socket_base::wait_write, quietly);
    result = socket_.is_open() ? error_of_socket(fd) : ETIMEDOUT;
  }
  co_return result == 0 ? std::string() : describe(error_code(result, boost::system::generic_category()));
}

asio::awaitable<std::string> Post::shake_hands() {
  tls_ = std::make_unique<tls::Pipe>(*target_.tls, target_.server_name);
  for (;;) {
    const auto step = tls_->shake_hands();
    const std::string outgoing = tls_->take_outgoing();
    if (!outgoing.empty()) co_await asio::async_write(socket_, asio::buffer(outgoing), quietly);
    if (step == tls::Session::Step::Done) co_return std::string();
    if (step == tls::Session::Step::Failed) co_return std::string("TLS: ") + tls_->failure();
    std::array<char, kAnswerBlock> room;
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(room), quietly);
    if (error) co_return describe(error);
    tls_->feed({room.data(), size});
  }
}

asio::awaitable<std::string> Post::send(std::string text) {
  if (tls_) {
    tls_->write(text);
    text = tls_->take_outgoing();
  }
  auto [error, written] = co_await asio::async_write(socket_, asio::buffer(text), quietly);
  co_return error ? describe(error) : std::string();
}

asio::awaitable<std::string> Post::receive(std::string& into) {
  for (;;) {
    if (tls_) {
      const auto read = tls_->read(into);
      if (read == tls::Pipe::Read::Bytes) co_return std::string();
      if (read == tls::Pipe::Read::End) co_return std::string("closed without an answer");
    }
    std::array<char, kAnswerBlock> room;
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(room), quietly);
    if (error) co_return describe(error);
    const std::string_view came(room.data(), size);
    if (tls_) {
      tls_->feed(came);
      continue;
    }
    into.append(came);
    co_return std::string();
  }
}

// The head tells all that is asked. A receiver may answer and close before it has read everything: what it said counts.
asio::awaitable<PostOutcome> Post::read_answer(std::string write_error) {
  PostOutcome outcome;
  http::ResponseHeadParser parser(http::HeadLimits{});
  std::string received;
  for (std::uint32_t informational = 0;;) {
    const http::HeadStatus status = parser.parse(received, http::Method::Post);
    if (status == http::HeadStatus::Refused) {
      outcome.error = std::string("invalid answer: ") + parser.refusal().detail;
      co_return outcome;
    }
    if (status == http::HeadStatus::Complete && !parser.head().informational()) {
      outcome.status = parser.head().status;
      outcome.retry_after = http::find(parser.head().fields, http::FieldId::RetryAfter);
      co_return outcome;
    }
    if (status == http::HeadStatus::Complete) {
      if (parser.head().status == 101 || ++informational > http::kMaxInformational) {
        outcome.error = "invalid answer: 1xx";
        co_return outcome;
      }
      received.erase(0, parser.head_size());
      parser.reset();
      continue;
    }
    std::string error = co_await receive(received);  // at most a head and a block
    if (error.empty()) continue;
    outcome.error = write_error.empty() ? std::move(error) : std::move(write_error);
    co_return outcome;
  }
}

}  // namespace frontdoor
