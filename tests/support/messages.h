// The plainest messages of conversations, for tests in which what is said does not matter.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor::testing {

inline constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: e\r\n\r\n";
inline constexpr const char* kPut = "PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc";
inline constexpr const char* kPost = "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 3\r\n\r\nabc";
inline constexpr const char* kEmptyPost = "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 0\r\n\r\n";
inline constexpr const char* kChunkedPost =
    "POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

inline std::string get_request(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: e\r\n\r\n"; }

inline constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace frontdoor::testing
