// A health check and the traffic read HTTP alike: what clients get fails no check, and what they do not get
// passes none. Each response goes to a probe and, through a whole worker, to a client.

#include <gtest/gtest.h>

#include <string>

#include "health/probe.h"
#include "support/h2_upstream.h"
#include "support/test_proxy.h"
#include "tests/health/scripted_server.h"
#include "tests/support/run_until.h"

namespace frontdoor::testing {
namespace {

using namespace std::string_literals;

enum class Spoken { Http1, Http2 };

bool passes_the_check(const std::string& response, Spoken spoken = Spoken::Http1) {
  boost::asio::io_context io;
  test::ScriptedServer server(io);
  server.keep_open();
  server.answer(response);
  config::HealthCheck check;
  check.timeout = std::chrono::seconds(5);
  ProbeTarget target{.endpoints = {server.endpoint()}, .check = check, .host = "app"};
  target.http2 = spoken == Spoken::Http2;
  Probe probe(io.get_executor(), target);
  std::optional<ProbeReport> report;
  boost::asio::co_spawn(io, probe.run(),
                        [&](std::exception_ptr, ProbeReport got) { report = std::move(got); });
  EXPECT_TRUE(test::run_until(io, [&] { return report.has_value(); }));
  return report && report->outcome == Outcome::Passed;
}

// The status of the final response, behind any 1xx; 0: not there yet.
int final_status(std::string_view received) {
  for (;;) {
    const auto end = received.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    const int status = std::atoi(std::string(received.substr(9, 3)).c_str());
    if (status >= 200) return status;
    received.remove_prefix(end + 4);
  }
}

int status_for_clients(const std::string& response) {
  ScriptedUpstream upstream;
  upstream.always_reply(response);
  TestProxy proxy({&upstream});
  const auto client = proxy.client();
  client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(proxy.until({client.get()}, [&] { return final_status(client->received()) != 0; }));
  return final_status(client->received());
}

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

TEST(OneReader, ProbesAndTrafficAgree) {
  const std::string length = "Content-Length: 2\r\n";
  const struct {
    const char* what;
    std::string response;
    int status;  // 502: refused
  } rows[] = {
      {"plain", ok(length) + "ok", 200},
      {"no reason", "HTTP/1.1 200\r\n" + length + "\r\nok", 200},
      {"empty reason", "HTTP/1.1 200 \r\n" + length + "\r\nok", 200},
      {"white space before a colon", ok("X-Sp : 1\r\n" + length) + "ok", 200},
      {"a head of 20 KiB", ok("X: " + std::string(20'000, 'x') + "\r\n" + length) + "ok", 200},
      {"a head of 40 KiB", ok("X: " + std::string(40'000, 'x') + "\r\n" + length) + "ok", 502},
      {"90 fields",
       ok([] {
         std::string all;
         for (int i = 0; i < 90; ++i) all += "X: y\r\n";
         return all;
       }() +
          length) +
           "ok",
       200},
      {"110 fields",
       ok([] {
         std::string all;
         for (int i = 0; i < 110; ++i) all += "X: y\r\n";
         return all;
       }() +
          length) +
           "ok",
       502},
      {"a body that stays open", ok(""), 200},
      {"a body that does not come", ok("Content-Length: 5\r\n"), 200},
      {"chunks that do not come", ok("Transfer-Encoding: chunked\r\n"), 200},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\n" + length + "\r\nok", 200},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", 204},
      {"100 first", "HTTP/1.1 100 Continue\r\n\r\n" + ok(length) + "ok", 200},
      {"103 first, twice",
       "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + ok(length) + "ok",
       200},
      {"chunked on two lines",
       ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\n\r\n", 200},
      {"sizes padded with blanks", ok("Transfer-Encoding: chunked\r\n") + "2 \r\nok\r\n0  \r\n\r\n", 200},
      {"101", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", 502},
      {"two equal Content-Lengths", ok(length + length) + "ok", 502},
      {"Content-Length as a list", ok("Content-Length: 2, 2\r\n") + "ok", 502},
      {"an invalid Content-Length", ok("Content-Length: two\r\n") + "ok", 502},
      {"gzip, chunked", ok("Transfer-Encoding: gzip, chunked\r\n") + "2\r\nok\r\n0\r\n\r\n", 502},
      {"chunked and Content-Length", ok("Transfer-Encoding: chunked\r\n" + length) + "2\r\nok\r\n0\r\n\r\n",
       502},
      {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502},
      {"folded", ok("X: a\r\n b\r\n" + length) + "ok", 502},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 502},
      {"NUL in a value", ok("X: \0\r\n"s + length) + "ok", 502},
      {"a field without a colon", ok("nonsense\r\n" + length) + "ok", 502},
      {"a name with a space", ok("X Y: a\r\n" + length) + "ok", 502},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\n" + length + "\r\nok", 502},
      {"HTTP/2 in text", "HTTP/2 200 OK\r\n" + length + "\r\nok", 502},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 502},
      {"a request", "GET / HTTP/1.1\r\n\r\n", 502},
      {"status 099", "HTTP/1.1 099 x\r\n" + length + "\r\nok", 502},
      {"status 999", "HTTP/1.1 999 x\r\n" + length + "\r\nok", 999},
      {"status 503", "HTTP/1.1 503 x\r\n" + length + "\r\nok", 503},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(status_for_clients(row.response), row.status) << row.what;
    EXPECT_EQ(passes_the_check(row.response), row.status < 400) << row.what;
  }
}

int status_for_clients_of_http2(const std::string& frames) {
  H2Upstream upstream;
  TestProxy proxy({&upstream}, "", "protocol = \"h2c\"\nretry.attempts = 0\n");
  const auto client = proxy.client();
  client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  bool answered = false;
  EXPECT_TRUE(proxy.until({client.get()}, [&] {
    upstream.read();
    if (!answered && upstream.requests() == 1) upstream.end(0).send(frames), answered = true;
    return final_status(client->received()) != 0;
  }));
  return final_status(client->received());
}

// The same of upstreams of HTTP/2.
TEST(OneReader, ProbesAndTrafficAgreeOverHttp2) {
  const auto head = [](std::string status, h2::Pairs more = {}, std::uint8_t flags = h2::kEndHeaders) {
    return h2::headers(1, h2::status(std::move(status), std::move(more)), flags);
  };
  const std::uint8_t whole = h2::kEndHeaders | h2::kEndStream;
  const struct {
    const char* what;
    std::string frames;
    int status;  // 502: refused
  } rows[] = {
      {"plain", head("200", {{"content-length", "2"}}) + h2::end_of(1, "ok"), 200},
      {"a head alone", head("204", {}, whole), 204},
      {"a body that stays open", head("200"), 200},
      {"a body that does not come", head("200", {{"content-length", "5"}}), 200},
      {"status 503", head("503", {}, whole), 503},
      {"103 first", head("103") + head("200", {}, whole), 200},
      {"100 first, twice", head("100") + head("100") + head("200", {}, whole), 200},
      {"a head of 20 KiB", h2::frame(h2::kHeaders, h2::kNone, 1, h2::block(h2::status("200", {{"x", std::string(10'000, 'x')}}))) +
                               h2::frame(h2::kContinuation, h2::kEndHeaders, 1, h2::block({{"y", std::string(10'000, 'y')}})), 200},
      {"a head of 40 KiB", h2::frame(h2::kHeaders, h2::kNone, 1, h2::block(h2::status("200", {{"x", std::string(14'000, 'x')}}))) +
                               h2::frame(h2::kContinuation, h2::kNone, 1, h2::block({{"y", std::string(14'000, 'y')}})) +
                               h2::frame(h2::kContinuation, h2::kEndHeaders, 1, h2::block({{"z", std::string(14'000, 'z')}})), 502},
      {"no status", h2::headers(1, {{"x", "y"}}, h2::kEndHeaders), 502},
      {"two statuses", h2::headers(1, {{":status", "200"}, {":status", "200"}}, h2::kEndHeaders), 502},
      {"a status of two digits", head("20"), 502},
      {"a status that is no number", head("2xx"), 502},
      {"status 101", head("101"), 502},
      {"a pseudo-header behind a field", h2::headers(1, {{"x", "y"}, {":status", "200"}}, h2::kEndHeaders), 502},
      {"a field of one connection", head("200", {{"connection", "close"}}), 502},
      {"a name in capitals", head("200", {{"X", "y"}}), 502},
      {"a line break in a value", head("200", {{"x", "y\r\nz: 1"}}), 502},
      {"NUL in a value", head("200", {{"x", std::string("y\0", 2)}}), 502},
      {"two lengths", head("200", {{"content-length", "2"}, {"content-length", "3"}}) + h2::end_of(1, "ok"), 502},
      {"a length that is none", head("200", {{"content-length", "two"}}), 502},
      {"a length and an end without a body", head("200", {{"content-length", "5"}}, whole), 502},
      {"an end behind a 1xx", head("103", {}, whole), 502},
      {"a reset", h2::reset(1, 2), 502},
      {"a body without a head", h2::data(1, "ok"), 502},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(status_for_clients_of_http2(row.frames), row.status) << row.what;
    EXPECT_EQ(passes_the_check(h2::settings() + row.frames, Spoken::Http2), row.status < 400) << row.what;
  }
}

}  // namespace
}  // namespace frontdoor::testing
