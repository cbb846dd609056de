// Sockets are opened natively, since Asio's are not close-on-exec and its connect to a unix socket reports
// success when the backlog is full.

#include "health/probe.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <utility>

#include "base/ready_now.h"
#include "base/self_connection.h"
#include "health/grpc_health.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto quietly = asio::as_tuple(asio::deferred);
constexpr std::size_t kReadBytes = 4 * 1024;  // at once; a head and all of a small body
constexpr std::size_t kHttp2Room = 16 * 1024;         // for what a check says; it says little
constexpr std::size_t kLargestGrpcAnswer = 4 * 1024;  // a HealthCheckResponse has a few bytes
constexpr int kTicks = 8;  // per timeout: a late loop is noticed with this resolution

// "Connection refused" -> "connection refused", to stand in the middle of a sentence.
std::string describe(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

std::string request_text(const ProbeTarget& target) {
  return "GET " + target.check.path + " HTTP/1.1\r\nHost: " + target.host +
         "\r\nUser-Agent: frontdoor-health\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

bool expected(const config::HealthCheck& check, unsigned status) {
  return std::any_of(check.expect_status.begin(), check.expect_status.end(),
                     [status](const auto& range) { return status >= range.first && status <= range.last; });
}

// Of several addresses that all failed: no answer says more than a refusal (one family may simply not be
// served), and both say more than a fault of our own (a machine without IPv6).
int gravity(Outcome outcome) {
  switch (outcome) {
    case Outcome::Failed:
    case Outcome::TimedOut:
      return 2;
    case Outcome::Refused:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

ProbeTarget ProbeTarget::of(const Upstream& upstream, const config::HealthCheck& check, ProxyVersion send_proxy,
                            const Approach& approach) {
  ProbeTarget target{.endpoints = *upstream.endpoints(), .check = check, .host = check.host, .send_proxy = send_proxy};
  Address address = upstream.address();
  target.encrypted = address.tls;
  target.tls = approach.tls;
  target.server_name = approach.server_name.empty() ? address.host : approach.server_name;
  target.http2 = approach.http2;
  if (check.port != 0) {
    if (check.port != address.port) target.send_proxy = ProxyVersion::None;
    address.port = check.port;
    for (Endpoint& endpoint : target.endpoints) endpoint.set_port(check.port);
  }
  if (target.host.empty()) target.host = approach.host.empty() ? address.host_field() : approach.host;
  return target;
}

Outcome outcome_of(ConnectFailure failure) {
  switch (failure) {
    case ConnectFailure::Refused:
      return Outcome::Refused;
    case ConnectFailure::TimedOut:
      return Outcome::TimedOut;
    case ConnectFailure::Full:  // waited for instead, until the probe's time is up
    case ConnectFailure::OurFault:
      return Outcome::NotEvidence;
    case ConnectFailure::Unreachable:
      break;
  }
  return Outcome::Failed;
}

Probe::Probe(const asio::any_io_executor& executor, ProbeTarget target)
    : target_(std::move(target)), socket_(executor) {
  const Duration tick = std::max(Duration(target_.check.timeout) / kTicks, Duration(Millis{1}));
  deadline_ = std::make_shared<Deadline>(executor, tick, [this] { close(); });
}

Probe::~Probe() { deadline_->stop(); }

void Probe::cancel() {
  deadline_->stop();
  close();
}

// Closed rather than cancelled: a read that has just completed would go on to its next, uncancelled one.
void Probe::close() {
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<ProbeReport> Probe::run() {
  const TimePoint started = Clock::now();
  due_ = started + target_.check.timeout;
  ProbeReport report = co_await connect();
  if (report.outcome == Outcome::Passed && target_.send_proxy != ProxyVersion::None) co_await introduce();
  const bool speaks = target_.check.type != config::HealthCheck::Type::Tcp;
  if (report.outcome == Outcome::Passed && target_.encrypted && speaks) report = co_await shake_hands();
  const bool asks = target_.check.type == config::HealthCheck::Type::Http || target_.check.type == config::HealthCheck::Type::Grpc;
  if (report.outcome == Outcome::Passed && asks) {
    if (target_.http2) report = co_await exchange_http2();
    else report = co_await exchange();
  }
  const TimePoint ended = Clock::now();
  report.latency = ended - started;
  report.lateness = deadline_->lateness(ended);
  deadline_->stop();
  say_goodbye();
  close();
  co_return report;
}

// Each address gets its share of what time is left, so that a silent first one does not hide a second that
// answers.
asio::awaitable<ProbeReport> Probe::connect() {
  ProbeReport gravest = failure(Outcome::NotEvidence, "no address");
  std::size_t left = target_.endpoints.size();
  for (const Endpoint& endpoint : target_.endpoints) {
    const TimePoint now = Clock::now();
    deadline_->expire_at(now + (due_ - now) / static_cast<int>(left--));
    ProbeReport report = co_await connect_to(endpoint);
    if (report.outcome == Outcome::Passed) {
      deadline_->expire_at(due_);
      co_return report;
    }
    if (gravity(report.outcome) >= gravity(gravest.outcome)) gravest = std::move(report);
  }
  co_return gravest;
}

asio::awaitable<ProbeReport> Probe::connect_to(const Endpoint& endpoint) {
  close();
  const int fd = ::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) co_return failure(Outcome::NotEvidence, describe(errno));
  error_code error;
  socket_.assign(asio::generic::stream_protocol(endpoint.family(), 0), fd, error);
  if (error) {
    ::close(fd);
    co_return failure(Outcome::NotEvidence, error.message());
  }

  int result = ::connect(fd, endpoint.data(), endpoint.size()) == 0 ? 0 : errno;
  // A full backlog: over TCP the kernel would wait for a place in it. An upstream that has none all the time is as
  // silent as one that accepts and does not answer; a process that hangs under load is full before it is found out.
  while (result == EAGAIN && endpoint.is_unix()) {
    asio::steady_timer pause(socket_.get_executor(), target_.check.timeout / kTicks);
    co_await pause.async_wait(quietly);
    if (!socket_.is_open()) co_return failure(Outcome::TimedOut, "probe timed out");
    result = ::connect(fd, endpoint.data(), endpoint.size()) == 0 ? 0 : errno;
  }
  if (result == EINPROGRESS) {
    do {
      co_await socket_.async_wait(asio::socket_base::wait_write, quietly);
      if (!socket_.is_open()) co_return failure(Outcome::TimedOut, "probe timed out");
    } while (!ready_now(fd, POLLOUT));  // or it would be connected without having an error
    result = pending_error(fd);
  }
  if (result == 0 && connected_to_itself(fd, endpoint.port())) result = ECONNREFUSED;
  if (result == 0) co_return ProbeReport();
  co_return failure(outcome_of(connect_failure(result, endpoint.is_unix())), describe(result));
}

// A check speaks for no client. Whether the header was taken shows in the answer; a check that only connects has none.
asio::awaitable<void> Probe::introduce() {
  ProxyHeaderBytes room;
  const auto header = write_local_proxy_header(target_.send_proxy, room);
  [[maybe_unused]] auto [error, written] =
      co_await asio::async_write(socket_, asio::buffer(header), quietly);
}

// A full handshake each time: a session that is resumed would not show that the certificate has expired.
asio::awaitable<ProbeReport> Probe::shake_hands() {
  if (!target_.tls) co_return failure(Outcome::Failed, "TLS: the files of the pool's tls can not be used");
  tls_ = std::make_unique<tls::Pipe>(*target_.tls, target_.server_name,
                                     target_.http2 ? tls::kAlpnHttp2 : tls::kAlpnHttp11);
  for (;;) {
    const auto step = tls_->shake_hands();
    const std::string outgoing = tls_->take_outgoing();
    if (!outgoing.empty()) co_await asio::async_write(socket_, asio::buffer(outgoing), quietly);
    if (step == tls::Session::Step::Done && target_.http2 && tls_->protocol() != tls::kAlpnHttp2)
      co_return failure(Outcome::Failed, "TLS: the upstream did not agree to HTTP/2 (ALPN)");
    if (step == tls::Session::Step::Done) co_return ProbeReport();
    if (step == tls::Session::Step::Failed) co_return failure(Outcome::Failed, std::string("TLS: ") + tls_->failure());
    std::array<char, kReadBytes> room;
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(room), quietly);
    if (error) co_return read_failure(error, false);
    tls_->feed({room.data(), size});
  }
}

// Or its log has a line of an unexpected end for each check.
void Probe::say_goodbye() {
  if (!tls_ || !socket_.is_open()) return;
  tls_->finish();
  const std::string last = tls_->take_outgoing();
  [[maybe_unused]] const ssize_t sent = ::send(socket_.native_handle(), last.data(), last.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

asio::awaitable<error_code> Probe::send(std::string text) {
  if (tls_) {
    tls_->write(text);
    text = tls_->take_outgoing();
  }
  auto [error, written] = co_await asio::async_write(socket_, asio::buffer(text), quietly);
  co_return error;
}

asio::awaitable<error_code> Probe::receive(std::string& into) {
  for (;;) {
    if (tls_) {
      const auto read = tls_->read(into);
      if (read == tls::Pipe::Read::Bytes) co_return error_code();
      if (read == tls::Pipe::Read::End) co_return asio::error::eof;
    }
    std::array<char, kReadBytes> room;
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(room), quietly);
    if (error) co_return error;
    const std::string_view came(room.data(), size);
    if (!tls_) {
      into.append(came);
      co_return error_code();
    }
    tls_->feed(came);
  }
}

asio::awaitable<ProbeReport> Probe::exchange() {
  std::string request = request_text(target_);
  const error_code write_error = co_await send(std::move(request));
  // A server may answer and close before it has read all: what it said counts, and if it said nothing the
  // read fails.
  http::ResponseHeadParser parser(target_.limits);
  std::string received;
  for (std::uint32_t informational = 0;;) {
    switch (parser.parse(received, http::Method::Get)) {
      case http::HeadStatus::Refused:
        co_return failure(Outcome::Failed, std::string("invalid response: ") + parser.refusal().detail);
      case http::HeadStatus::Complete:
        // The head has answered. Its body may be an event stream's.
        if (!parser.head().informational()) co_return judge_status(parser.head().status);
        if (parser.head().status == 101)
          co_return failure(Outcome::Failed, "invalid response: 101 without an upgrade");
        if (++informational > http::kMaxInformational)
          co_return failure(Outcome::Failed, "invalid response: too many 1xx");
        received.erase(0, parser.head_size());
        parser.reset();
        continue;
      case http::HeadStatus::Incomplete:
        break;
    }
    const error_code error = co_await receive(received);  // at most header_bytes and a read
    if (error) co_return read_failure(write_error ? write_error : error, !received.empty());
  }
}

// The same over HTTP/2, where the session is what reads and writes.
asio::awaitable<ProbeReport> Probe::exchange_http2() {
  const bool grpc = target_.check.type == config::HealthCheck::Type::Grpc;
  http2::ClientSession session({.head = target_.limits, .streams = 1});
  std::string room(kHttp2Room, '\0');
  http2::Output output;
  output.lend(room.data(), room.size());
  const std::string body = grpc ? grpc_health::question(target_.check.service) : "";
  const http::Fields get{{"user-agent", "frontdoor-health"}, {"accept", "*/*"}};
  const http::Fields call{{"user-agent", "frontdoor-health"}, {"content-type", "application/grpc", http::FieldId::ContentType}};
  http2::RequestStream* const stream =
      session.ask({.method_text = grpc ? "POST" : "GET", .method = grpc ? http::Method::Post : http::Method::Get,
                   .scheme = target_.encrypted ? "https" : "http", .authority = target_.host,
                   .target = grpc ? grpc_health::kPath : std::string_view(target_.check.path), .fields = grpc ? call : get,
                   .ended = !grpc});
  if (!stream) co_return failure(Outcome::Failed, "the request is too large");
  if (grpc) session.push(*stream, body, true, {}, output, body.size());
  std::string received;
  for (;;) {
    session.produce(output);
    std::string outgoing(output.unsent());
    output.sent(outgoing.size());
    error_code write_error;
    if (!outgoing.empty()) write_error = co_await send(std::move(outgoing));
    if (const auto report = judge_http2(session, *stream)) co_return *report;
    received.clear();
    const error_code error = co_await receive(received);
    if (error) co_return read_failure(write_error ? write_error : error, session.knows_settings());
    session.receive(received, Clock::now());
  }
}

// Nothing: there is more to come.
std::optional<ProbeReport> Probe::judge_http2(const http2::ClientSession& session, const http2::RequestStream& stream) const {
  using Closed = http2::Stream::Closed;
  const bool grpc = target_.check.type == config::HealthCheck::Type::Grpc;
  const http::ResponseHead* const head = stream.final_head();
  if (head && (!grpc || head->status != 200)) return judge_status(head->status);
  if (head && stream.response_ended()) {
    const auto find = [](const http::Fields& fields, std::string_view name) {
      for (const auto& field : fields)
        if (http::equal_ignoring_case(field.name, name)) return field.value;
      return std::string_view();
    };
    // Trailers-only: it is in the head.
    const http::Fields& fields = find(stream.trailers(), "grpc-status").empty() ? head->fields : stream.trailers();
    const std::string wrong = grpc_health::verdict(find(fields, "grpc-status"), find(fields, "grpc-message"), stream.received());
    return wrong.empty() ? ProbeReport() : failure(Outcome::Failed, "gRPC: " + wrong);
  }
  if (grpc && stream.received().size() > kLargestGrpcAnswer) return failure(Outcome::Failed, "gRPC: the answer is too large");
  if (*stream.fault()) return failure(Outcome::Failed, std::string("invalid response: ") + stream.fault());
  if (stream.closed() == Closed::ByReset)
    return failure(Outcome::Failed, std::string("stream reset: ") + http2::name_of(stream.error()));
  if (*session.fault() && !session.knows_settings()) return failure(Outcome::Failed, "it does not speak HTTP/2");
  if (*session.fault()) return failure(Outcome::Failed, std::string("HTTP/2: ") + session.fault());
  if (session.finished()) return failure(Outcome::Failed, "closed without an answer");
  return std::nullopt;
}

ProbeReport Probe::judge_status(unsigned status) const {
  const bool grpc = target_.check.type == config::HealthCheck::Type::Grpc;  // all but a 200 is no answer of gRPC
  if (!grpc && expected(target_.check, status)) return {};
  return failure(Outcome::Failed, "status " + std::to_string(status));
}

ProbeReport Probe::failure(Outcome outcome, std::string detail) const {
  return {.outcome = outcome, .detail = std::move(detail)};
}

ProbeReport Probe::read_failure(const error_code& error, bool begun) const {
  if (deadline_->expired()) return failure(Outcome::TimedOut, "probe timed out");
  if (error == asio::error::eof)
    return failure(Outcome::Failed, begun ? "answer ended early" : "closed without an answer");
  return failure(Outcome::Failed, describe(error.value()));
}

}  // namespace frontdoor
