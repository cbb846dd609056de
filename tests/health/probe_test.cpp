// Single probes against real sockets: what is asked, and what each kind of answer is taken for.

#include "health/probe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "scripted_server.h"
#include "tests/support/deaf_socket.h"
#include "tests/support/h2_frames.h"
#include "tests/support/run_until.h"
#include "tests/support/stale_event.h"

namespace frontdoor {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::run_until;
using test::ScriptedServer;

config::HealthCheck http_check() {
  config::HealthCheck check;
  check.path = "/healthz";
  check.timeout = 5s;
  return check;
}

class ProbeTest : public ::testing::Test {
 protected:
  ProbeReport probe(const ProbeTarget& target) {
    Probe one(io_.get_executor(), target);
    std::optional<ProbeReport> report;
    asio::co_spawn(io_, one.run(), [&](std::exception_ptr, ProbeReport got) { report = std::move(got); });
    EXPECT_TRUE(run_until(io_, [&] { return report.has_value(); }));
    return report.value_or(ProbeReport{});
  }

  ProbeReport probe(const ScriptedServer& server, const config::HealthCheck& check = http_check(),
                    ProxyVersion send_proxy = ProxyVersion::None) {
    Upstream upstream("app", server.address(), 1, std::make_shared<PoolMemory>());
    upstream.set_endpoints({server.endpoint()});
    return probe(ProbeTarget::of(upstream, check, send_proxy));
  }

  asio::io_context io_;
};

TEST_F(ProbeTest, AsksForThePathAndClosesAfterwards) {
  ScriptedServer server(io_);
  const ProbeReport report = probe(server);
  EXPECT_EQ(report.outcome, Outcome::Passed) << report.detail;
  EXPECT_GT(report.latency, 0ms);
  EXPECT_EQ(server.last_request(),
            "GET /healthz HTTP/1.1\r\nHost: " + server.address().to_string() +
                "\r\nUser-Agent: frontdoor-health\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

TEST_F(ProbeTest, TheHostFieldCanBeConfigured) {
  ScriptedServer server(io_);
  config::HealthCheck check = http_check();
  check.host = "app.internal";
  EXPECT_EQ(probe(server, check).outcome, Outcome::Passed);
  EXPECT_NE(server.last_request().find("Host: app.internal\r\n"), std::string::npos);
}

TEST(ProbeTarget, AsksAsRequestsDo) {
  config::HealthCheck plain, other_port, own_host;
  other_port.port = 81;
  own_host.host = "check.example";
  const Address tcp{.host = "a.example", .port = 80}, https{.host = "a.example", .port = 443, .tls = true},
      odd{.host = "::1", .port = 8443, .tls = true}, local{.kind = Address::Kind::Unix, .host = "/run/a.sock"};
  struct {
    Address address;
    config::HealthCheck check;
    Approach approach;
    std::string host, server_name;
    bool encrypted;
  } cases[] = {
      {tcp, plain, {}, "a.example:80", "a.example", false},
      {tcp, plain, {.host = "b.example"}, "b.example", "a.example", false},
      {tcp, own_host, {.host = "b.example"}, "check.example", "a.example", false},
      {tcp, other_port, {}, "a.example:81", "a.example", false},
      {https, plain, {}, "a.example", "a.example", true},
      {https, other_port, {}, "a.example:81", "a.example", true},
      {https, other_port, {.host = "b.example"}, "b.example", "a.example", true},
      {https, plain, {.server_name = "c.example"}, "a.example", "c.example", true},
      {odd, plain, {}, "[::1]:8443", "::1", true},
      {local, plain, {}, "localhost", "/run/a.sock", false},
  };
  for (const auto& c : cases) {
    Upstream upstream("app", c.address, 1, std::make_shared<PoolMemory>());
    const ProbeTarget target = ProbeTarget::of(upstream, c.check, ProxyVersion::None, c.approach);
    EXPECT_EQ(target.host, c.host);
    EXPECT_EQ(target.encrypted, c.encrypted) << c.host;
    EXPECT_EQ(target.server_name, c.server_name) << c.host;
  }
}

TEST_F(ProbeTest, AnHttpsUpstreamWhoseFilesCanNotBeUsedFails) {
  ScriptedServer server(io_);
  Address address = server.address();
  address.tls = true;
  Upstream upstream("app", address, 1, std::make_shared<PoolMemory>());
  upstream.set_endpoints({server.endpoint()});
  const ProbeReport report = probe(ProbeTarget::of(upstream, http_check(), ProxyVersion::None));
  EXPECT_EQ(report.outcome, Outcome::Failed);
  EXPECT_EQ(report.detail, "TLS: the files of the pool's tls can not be used");
}

TEST_F(ProbeTest, BeginsWithAHeaderForItselfWhereThePoolSendsThem) {
  ScriptedServer server(io_);
  EXPECT_EQ(probe(server, http_check(), ProxyVersion::V1).outcome, Outcome::Passed);
  EXPECT_TRUE(server.last_request().starts_with("PROXY UNKNOWN\r\nGET /healthz HTTP/1.1\r\n"))
      << server.last_request();

  config::HealthCheck connects;
  connects.type = config::HealthCheck::Type::Tcp;
  EXPECT_EQ(probe(server, connects, ProxyVersion::V2).outcome, Outcome::Passed);
  EXPECT_TRUE(run_until(io_, [&] { return server.requests() == 2; }));
  EXPECT_EQ(server.last_request(), std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16));
}

// Its header says who the traffic is from; what serves the checks elsewhere does not expect one.
TEST_F(ProbeTest, SendsNoHeaderToAPortOfItsOwn) {
  ScriptedServer server(io_);
  config::HealthCheck check = http_check();
  check.port = server.endpoint().port();
  Upstream upstream("app", {.host = "127.0.0.1", .port = 1}, 1, std::make_shared<PoolMemory>());
  upstream.set_endpoints({*Endpoint::numeric("127.0.0.1", 1)});
  EXPECT_EQ(probe(ProbeTarget::of(upstream, check, ProxyVersion::V1)).outcome, Outcome::Passed);
  EXPECT_TRUE(server.last_request().starts_with("GET ")) << server.last_request();
}

TEST_F(ProbeTest, TakesAnswersForWhatTheyAre) {
  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  const std::string large =
      "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x');
  std::string storm;
  for (int i = 0; i < 40; ++i) storm += "HTTP/1.1 103 Early Hints\r\n\r\n";
  storm += test::ok();
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x');
  struct {
    std::string answer;
    Outcome outcome;
    const char* detail;
  } cases[] = {
      {test::ok(), Outcome::Passed, ""},
      {"HTTP/1.1 204 No Content\r\n\r\n", Outcome::Passed, ""},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", Outcome::Passed, ""},
      {"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", Outcome::Passed, ""},
      {"HTTP/1.1 100 Continue\r\n\r\n" + test::ok(), Outcome::Passed, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Outcome::Passed, ""},
      {large, Outcome::Passed, ""},  // the status has answered already
      {endless, Outcome::Passed, ""},
      {test::unavailable(), Outcome::Failed, "status 503"},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Outcome::Failed, "status 404"},
      {half, Outcome::Passed, ""},
      {"HTTP/1.1 200 OK\r\nContent-Le", Outcome::Failed, "answer ended early"},
      {"", Outcome::Failed, "closed without an answer"},
      {"HTTP/1.1 103 Early Hints\r\n\r\n", Outcome::Failed, "closed without an answer"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", Outcome::Failed, "invalid response: not an HTTP/1 response"},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", Outcome::Failed,
       "invalid response: 101 without an upgrade"},
      {storm, Outcome::Failed, "invalid response: too many 1xx"},
  };
  ScriptedServer server(io_);
  for (const auto& c : cases) {
    server.answer(c.answer);
    const ProbeReport report = probe(server);
    EXPECT_EQ(report.outcome, c.outcome) << c.answer.substr(0, 60) << report.detail;
    EXPECT_EQ(report.detail, c.detail) << c.answer.substr(0, 60);
  }
}

TEST_F(ProbeTest, StatusRangesAreTheConfigs) {
  ScriptedServer server(io_);
  config::HealthCheck check = http_check();
  check.expect_status = {{200, 200}, {503, 503}};
  server.answer(test::unavailable());
  EXPECT_EQ(probe(server, check).outcome, Outcome::Passed);
  server.answer("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(probe(server, check).outcome, Outcome::Failed);
}

// An event stream has no end, and an app may hold its body back.
TEST_F(ProbeTest, TheHeadIsEnoughForAVerdict) {
  ScriptedServer server(io_);
  server.keep_open();
  for (const std::string framing : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    server.answer("HTTP/1.1 200 OK\r\n" + framing + "\r\n");
    const ProbeReport report = probe(server);
    EXPECT_EQ(report.outcome, Outcome::Passed) << framing << report.detail;
    EXPECT_LT(report.latency, 5s) << framing;
  }
}

TEST_F(ProbeTest, HeadsHaveTheLimitsOfTheTraffic) {
  ScriptedServer server(io_);
  ProbeTarget target{.endpoints = {server.endpoint()}, .check = http_check(), .host = "app"};
  server.answer("HTTP/1.1 200 OK\r\nX: " + std::string(20 * 1024, 'x') + "\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(probe(target).outcome, Outcome::Passed);
  target.limits.header_bytes = 16 * 1024;
  const ProbeReport report = probe(target);
  EXPECT_EQ(report.outcome, Outcome::Failed);
  EXPECT_EQ(report.detail, "invalid response: head exceeds header_bytes");
}

TEST_F(ProbeTest, SilenceIsATimeout) {
  ScriptedServer server(io_);
  server.stay_silent();
  config::HealthCheck check = http_check();
  check.timeout = 60ms;
  const ProbeReport report = probe(server, check);
  EXPECT_EQ(report.outcome, Outcome::TimedOut);
  EXPECT_EQ(report.detail, "probe timed out");
  EXPECT_GE(report.latency, 60ms);
}

TEST_F(ProbeTest, NobodyListeningIsARefusal) {
  ScriptedServer server(io_);
  server.refuse();
  const ProbeReport report = probe(server);
  EXPECT_EQ(report.outcome, Outcome::Refused);
  EXPECT_EQ(report.detail, "connection refused");
}

TEST_F(ProbeTest, AnEventOfAnotherDescriptorIsNoConnection) {
  const testing::DeafSocket deaf;
  config::HealthCheck check;
  check.type = config::HealthCheck::Type::Tcp;
  check.timeout = 100ms;
  Upstream upstream("app", {.kind = Address::Kind::Tcp, .host = "127.0.0.1", .port = deaf.endpoint().port()}, 1,
                    std::make_shared<PoolMemory>());
  upstream.set_endpoints({deaf.endpoint()});
  Probe one(io_.get_executor(), ProbeTarget::of(upstream, check, ProxyVersion::None));
  std::optional<ProbeReport> report;
  test::with_stale_event(io_, [&] {
    asio::co_spawn(io_, one.run(), [&](std::exception_ptr, ProbeReport got) { report = std::move(got); });
  });
  ASSERT_TRUE(run_until(io_, [&] { return report.has_value(); }));
  EXPECT_EQ(report->outcome, Outcome::TimedOut) << report->detail;
}

TEST_F(ProbeTest, ATcpProbeOnlyConnects) {
  ScriptedServer server(io_);
  config::HealthCheck check = http_check();
  check.type = config::HealthCheck::Type::Tcp;
  EXPECT_EQ(probe(server, check).outcome, Outcome::Passed);
  EXPECT_TRUE(run_until(io_, [&] { return server.connections() == 1; }));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(ProbeTest, SpeaksOverUnixSockets) {
  const std::string path = "/tmp/frontdoor-probe-" + std::to_string(::getpid()) + ".sock";
  const Endpoint endpoint = Endpoint::unix_path(path);
  {
    ScriptedServer server(io_, endpoint);
    EXPECT_EQ(probe(server).outcome, Outcome::Passed);
    EXPECT_NE(server.last_request().find("Host: localhost\r\n"), std::string::npos);
    server.refuse();
    EXPECT_EQ(probe(server).outcome, Outcome::Refused);  // a stale socket file
    std::filesystem::remove(path);
    EXPECT_EQ(probe(server).outcome, Outcome::Refused);  // none
  }
}

TEST_F(ProbeTest, TriesTheNextAddressOfAName) {
  ScriptedServer good(io_), dead(io_);
  dead.refuse();
  EXPECT_EQ(
      probe({.endpoints = {dead.endpoint(), good.endpoint()}, .check = http_check(), .host = "app"}).outcome,
      Outcome::Passed);
  EXPECT_EQ(
      probe({.endpoints = {dead.endpoint(), dead.endpoint()}, .check = http_check(), .host = "app"}).outcome,
      Outcome::Refused);
  EXPECT_EQ(probe({.endpoints = {}, .check = http_check(), .host = "app"}).outcome, Outcome::NotEvidence);
}

TEST_F(ProbeTest, TheCheckMayHaveAPortOfItsOwn) {
  ScriptedServer traffic(io_), health(io_);
  traffic.refuse();
  config::HealthCheck check = http_check();
  check.port = health.endpoint().port();
  EXPECT_EQ(probe(traffic, check).outcome, Outcome::Passed);
  EXPECT_NE(health.last_request().find("Host: " + health.address().to_string()), std::string::npos);
}

TEST_F(ProbeTest, NoticesThatItsOwnLoopWasLate) {
  ScriptedServer server(io_);
  server.stay_silent();
  config::HealthCheck check = http_check();
  check.timeout = 100ms;
  Probe one(io_.get_executor(), {.endpoints = {server.endpoint()}, .check = check, .host = "app"});
  std::optional<ProbeReport> report;
  asio::co_spawn(io_, one.run(), [&](std::exception_ptr, ProbeReport got) { report = std::move(got); });
  ASSERT_TRUE(run_until(io_, [&] { return server.requests() == 1; }));
  std::this_thread::sleep_for(300ms);  // as if the whole process had been stopped for three timeouts
  ASSERT_TRUE(run_until(io_, [&] { return report.has_value(); }));
  EXPECT_FALSE(Verdict::on_time(report->lateness, check.timeout));
}

// A unix socket's listener that accepts nothing, with as many connections in its backlog as go in.
class FullBacklog {
 public:
  explicit FullBacklog(const std::string& path) : path_(path), at_(Endpoint::unix_path(path)) {
    ::unlink(path.c_str());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, at_.data(), at_.size()), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    for (;;) {
      const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      waiting_.push_back(fd);
      if (::connect(fd, at_.data(), at_.size()) != 0) break;
    }
  }
  ~FullBacklog() {
    for (const int fd : waiting_) ::close(fd);
    ::close(listener_);
    ::unlink(path_.c_str());
  }
  const Endpoint& endpoint() const { return at_; }
  void accept_one() { waiting_.push_back(::accept(listener_, nullptr, nullptr)); }

 private:
  const std::string path_;
  const Endpoint at_;
  int listener_ = -1;
  std::vector<int> waiting_;
};

TEST_F(ProbeTest, AFullBacklogIsSilenceAndWaitedFor) {
  FullBacklog full((std::filesystem::temp_directory_path() / ("fd-full-" + std::to_string(::getpid()))).string());
  config::HealthCheck check;
  check.type = config::HealthCheck::Type::Tcp;
  check.timeout = 100ms;
  ProbeTarget target{.endpoints = {full.endpoint()}, .check = check, .host = "app"};
  const ProbeReport silent = probe(target);
  EXPECT_EQ(silent.outcome, Outcome::TimedOut) << silent.detail;
  EXPECT_GE(silent.latency, 100ms);

  target.check.timeout = 5s;
  Probe one(io_.get_executor(), target);
  std::optional<ProbeReport> report;
  asio::co_spawn(io_, one.run(), [&](std::exception_ptr, ProbeReport got) { report = std::move(got); });
  io_.restart();
  while (io_.poll() != 0) {
  }
  EXPECT_FALSE(report);
  full.accept_one();
  ASSERT_TRUE(run_until(io_, [&] { return report.has_value(); }));
  EXPECT_EQ(report->outcome, Outcome::Passed) << report->detail;
}

// A server of HTTP/2, which says all that it has to say as soon as it is connected: streams begin at 1.
class Http2ProbeTest : public ProbeTest {
 protected:
  ProbeReport ask(std::string frames, config::HealthCheck::Type type = config::HealthCheck::Type::Http) {
    ScriptedServer server(io_);
    server.answer(testing::h2::settings() + std::move(frames));
    server.keep_open();
    Upstream upstream("app", server.address(), 1, std::make_shared<PoolMemory>());
    upstream.set_endpoints({server.endpoint()});
    config::HealthCheck check = http_check();
    check.type = type;
    check.service = "shop.Cart";
    const ProbeReport report = probe(ProbeTarget::of(upstream, check, ProxyVersion::None, {.http2 = true}));
    const std::string& sent = server.last_request();
    EXPECT_TRUE(sent.starts_with("PRI * HTTP/2.0"));
    asked_ = {};
    testing::h2::Reader reader;
    reader.feed(std::string_view(sent).substr(24));
    asked_ = reader.asked(1);
    return report;
  }
  testing::h2::Asked asked_;
};

TEST_F(Http2ProbeTest, AGetIsTheSameOverHttp2) {
  namespace h2 = testing::h2;
  EXPECT_EQ(ask(h2::headers(1, h2::status("204"))).outcome, Outcome::Passed);
  EXPECT_EQ(ask(h2::headers(1, h2::status("103"), h2::kEndHeaders) + h2::headers(1, h2::status("200"), h2::kEndHeaders)).outcome,
            Outcome::Passed) << "the head has answered";
  const struct {
    std::string frames;
    std::string detail;
  } cases[] = {
      {h2::headers(1, h2::status("503")), "status 503"},
      {h2::headers(1, h2::status("200", {{"connection", "close"}})), "invalid response: malformed HTTP/2 response"},
      {h2::reset(1, 2), "stream reset: INTERNAL_ERROR"},
      {h2::goaway(0), "stream reset: REFUSED_STREAM"},
      {h2::headers(2, h2::status("200")), "HTTP/2: PROTOCOL_ERROR"},
  };
  for (const auto& one : cases) {
    const ProbeReport report = ask(one.frames);
    EXPECT_EQ(report.outcome, Outcome::Failed) << one.detail;
    EXPECT_EQ(report.detail, one.detail);
  }
}

TEST_F(Http2ProbeTest, WhoSpeaksHttp1IsSaidSo) {
  ScriptedServer server(io_);
  server.keep_open();
  Upstream upstream("app", server.address(), 1, std::make_shared<PoolMemory>());
  upstream.set_endpoints({server.endpoint()});
  const ProbeReport report = probe(ProbeTarget::of(upstream, http_check(), ProxyVersion::None, {.http2 = true}));
  EXPECT_EQ(report.outcome, Outcome::Failed);
  EXPECT_EQ(report.detail, "it does not speak HTTP/2");
}

TEST_F(Http2ProbeTest, AGrpcServerIsAskedForItsHealth) {
  namespace h2 = testing::h2;
  const auto grpc = config::HealthCheck::Type::Grpc;
  const auto answer = [](char serving, const char* status = "0") {
    return h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}}), h2::kEndHeaders) +
           h2::data(1, std::string("\0\0\0\0\2\x08", 6) + serving) + h2::headers(1, {{"grpc-status", status}});
  };
  const ProbeReport passed = ask(answer(1), grpc);
  EXPECT_EQ(passed.outcome, Outcome::Passed) << passed.detail;
  const struct {
    std::string frames;
    std::string detail;
  } cases[] = {
      {answer(2), "gRPC: status NOT_SERVING"},
      {h2::headers(1, h2::status("200", {{"content-type", "application/grpc"}, {"grpc-status", "12"}})),
       "gRPC: the server has no grpc.health.v1.Health"},
      {h2::headers(1, h2::status("200", {{"grpc-status", "5"}})), "gRPC: the server does not know the service"},
      {h2::headers(1, h2::status("404")), "status 404"},
      {h2::headers(1, h2::status("200"), h2::kEndHeaders) + h2::data(1, std::string(10'000, 'x')), "gRPC: the answer is too large"},
  };
  for (const auto& one : cases) {
    const ProbeReport report = ask(one.frames, grpc);
    EXPECT_EQ(report.outcome, Outcome::Failed) << one.detail;
    EXPECT_EQ(report.detail, one.detail);
  }
}

TEST(ConnectFailures, OnlyARefusalIsDeathAndOurOwnFaultsAreNoEvidence) {
  EXPECT_EQ(outcome_of(ConnectFailure::Refused), Outcome::Refused);
  EXPECT_EQ(outcome_of(ConnectFailure::TimedOut), Outcome::TimedOut);
  EXPECT_EQ(outcome_of(ConnectFailure::Full), Outcome::NotEvidence);
  EXPECT_EQ(outcome_of(ConnectFailure::OurFault), Outcome::NotEvidence);
  EXPECT_EQ(outcome_of(ConnectFailure::Unreachable), Outcome::Failed);
}

}  // namespace
}  // namespace frontdoor
