// One worker, an upstream of HTTP/1 and a client of HTTP/2, for the conversations between them.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/h2_client.h"

namespace frontdoor::testing {

inline constexpr const char* kUpstreamHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Up: Yes\r\n\r\nhello";

inline std::size_t times_in(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

struct H2Stage {
  ScriptedUpstream upstream;
  TestProxy proxy;
  H2Client client;

  explicit H2Stage(std::string_view extra = "", std::string_view pool = "", std::string_view hello = h2::hello())
      : proxy({&upstream}, extra, pool), client(proxy, hello) {}
  bool upstream_has(std::size_t connections) {
    return client.until([&] { return upstream.connections() >= connections && upstream.connection(connections - 1).saw("\r\n\r\n"); });
  }
};

}  // namespace frontdoor::testing
