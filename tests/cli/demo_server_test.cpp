#include "cli/demo_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

namespace frontdoor::cli {
namespace {

constexpr Millis kLong{20'000};  // what is waited for happens long before

class DemoServerTest : public ::testing::Test {
 protected:
  DemoServerTest() {
    EXPECT_TRUE(server.listen(0));
    client = connect();
  }

  OwnedFd connect() {
    OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    server.turn(kLong);  // takes it
    return fd;
  }

  void send(std::string_view text) {
    EXPECT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    server.turn(kLong);
  }

  // What has come; the server answers in its turn, so there is nothing to wait for.
  std::string received() {
    std::array<char, 64 * 1024> block;
    const ssize_t got = ::recv(client.get(), block.data(), block.size(), MSG_DONTWAIT);
    return got < 0 ? "nothing" : got == 0 ? "the end" : std::string(block.data(), static_cast<std::size_t>(got));
  }

  static std::string ok(const std::string& body, const std::string& more = "") {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nCache-Control: no-store\r\n" + more + "\r\n" + body;
  }

  DemoServer server{[](const http::RequestHead& head) -> DemoAnswer {
    if (head.target == "/none") return {.status = 404, .body = "none"};
    if (head.target == "/away") return {.status = 503, .body = "away"};
    if (head.target == "/later") return {.status = 202, .type = "text/html", .body = "later"};
    return {.body = std::string(head.method_text) + " " + std::string(head.target)};
  }};
  OwnedFd client;
};

TEST_F(DemoServerTest, AnswersOneAfterAnotherOnOneConnection) {
  send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(received(), ok("GET /a"));
  send("GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(received(), ok("GET /b") + ok("GET /c"));
}

TEST_F(DemoServerTest, WaitsForTheRestOfAHead) {
  send("GET /a HTT");
  EXPECT_EQ(received(), "nothing");
  send("P/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(received(), ok("GET /a"));
}

TEST_F(DemoServerTest, StepsOverBodies) {
  send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345");
  EXPECT_EQ(received(), ok("POST /a"));
  send("6789GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(received(), ok("GET /b"));
}

TEST_F(DemoServerTest, ClosesWhereItDoesNotKnowTheEndOrIsAskedTo) {
  const char* const requests[] = {
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      "POST /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };
  for (const char* request : requests) {
    client = connect();
    send(request);
    EXPECT_EQ(received(), ok("POST /a", "Connection: close\r\n")) << request;
    EXPECT_EQ(received(), "the end") << request;
  }
}

TEST_F(DemoServerTest, HasNoAnswerToWhatIsNoRequest) {
  send("nonsense\r\n\r\n");
  EXPECT_EQ(received(), "the end");
}

TEST_F(DemoServerTest, SendsNoBodyForAHead) {
  send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string expected = ok("HEAD /a");
  expected.resize(expected.size() - 7);
  EXPECT_EQ(received(), expected);
}

TEST_F(DemoServerTest, SaysWhatKindOfAnswerItIs) {
  send("GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(received().starts_with("HTTP/1.1 404 Not Found\r\n"));
  send("GET /away HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(received().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(received().starts_with("HTTP/1.1 202 Accepted\r\nContent-Type: text/html\r\n"));
}

TEST_F(DemoServerTest, OneThatLeavesDoesNotDisturbAnother) {
  OwnedFd other = connect();
  other = OwnedFd();
  server.turn(kLong);
  send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(received(), ok("GET /a"));
}

TEST_F(DemoServerTest, TheSecondOnOnePortIsTold) {
  DemoServer second([](const http::RequestHead&) { return DemoAnswer{}; });
  EXPECT_FALSE(second.listen(server.port()));
}

}  // namespace
}  // namespace frontdoor::cli
