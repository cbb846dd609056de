// A keep-alive request in the steady state allocates nothing. The global operator new of this binary counts; only the
// worker's turns are looked at, not what the scripted ends do.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "support/test_proxy.h"

// AddressSanitizer keeps its own, which finds mismatched pairs; and frames are not recycled under it.
#ifndef __SANITIZE_ADDRESS__

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // it does not see that new is malloc here

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto align = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (size + align - 1) / align * align)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace frontdoor::testing {
namespace {

constexpr int kWarmUp = 20;
constexpr int kRequests = 60;  // their lines fit into the access log's buffer

const std::string kGet =
    "GET /assets/app.js?v=3 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nReferer: https://www.example.com/\r\nCookie: session=abc\r\n\r\n";
const std::string kReply =
    "HTTP/1.1 200 OK\r\nServer: app\r\nContent-Type: text/javascript\r\nContent-Length: 5\r\n\r\nhello";

// One client connection through a whole worker, and what the worker's turns allocated for its requests.
class KeptConnection {
 public:
  explicit KeptConnection(std::string_view extra = "") : proxy_({&upstream_}, extra) { upstream_.always_reply(kReply); }

  std::uint64_t allocations_of(const std::string& request, int times) {
    std::uint64_t counted = 0;
    for (int i = 0; i < times; ++i) {
      client_->forget();
      client_->send(request);
      for (int turn = 0; turn < kTurns && !complete_response(client_->received()); ++turn) {
        const std::uint64_t before = allocations;
        proxy_.worker().run_once(Millis{1});
        counted += allocations - before;
        upstream_.poll();
        client_->poll();
      }
      EXPECT_TRUE(complete_response(client_->received())) << "request " << i << ": " << client_->received();
    }
    return counted;
  }

  std::uint64_t in_the_steady_state(const std::string& request) {
    allocations_of(request, kWarmUp);
    EXPECT_NE(proxy_.log(), "");  // handed over: the buffer is empty again. It lets time pass, and parks the connection
    allocations_of(request, kWarmUp);
    return allocations_of(request, kRequests);
  }

 private:
  static constexpr int kTurns = 5'000;  // a millisecond each at most

  ScriptedUpstream upstream_;
  TestProxy proxy_;
  std::unique_ptr<Peer> client_ = proxy_.client();
};

TEST(Allocations, NoneForAKeepAliveRequest) {
  const struct {
    const char* what;
    std::string request;
  } cases[] = {
      {"GET", kGet},
      {"no field but Host", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a long path", "GET /" + std::string(200, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"dot segments, escapes and capitals",
       "GET /a/../%7Euser/and/a/path/that/is/longer/than/sixteen HTTP/1.1\r\nHost: WWW.A-Long-Name.Example.COM\r\n\r\n"},
      {"POST", "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
      {"PUT, whose body is kept for a replay", "PUT /it HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
      {"chunked", "POST /form HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
  };
  for (const auto& [what, request] : cases) {
    KeptConnection connection;
    EXPECT_EQ(connection.in_the_steady_state(request), 0u) << what;
  }
}

// The count must be able to fail: a first request makes a session, a connection to the upstream and their frames.
TEST(Allocations, OfAFirstRequestAreCounted) {
  KeptConnection connection;
  EXPECT_GT(connection.allocations_of(kGet, 1), 3u);
}

}  // namespace
}  // namespace frontdoor::testing

#endif
