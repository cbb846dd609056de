// The heads that are measured.

#pragma once

#include <string_view>

namespace frontdoor::bench {

inline constexpr std::string_view kMinimalHead = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";

// What Chromium sends for a page's script, 700 bytes.
inline constexpr std::string_view kBrowserHead =
    "GET /assets/application-4f1c6c2b9d.js HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Not_A Brand\";v=\"8\", \"Chromium\";v=\"120\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Accept: */*\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Dest: script\r\n"
    "Referer: https://www.example.com/products/overview?page=2\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; consent=necessary%2Cstatistics; theme=dark; "
    "currency=EUR; visits=12; _ga=GA1.2.1094376125.1700000000\r\n\r\n";
static_assert(kBrowserHead.size() > 690 && kBrowserHead.size() < 710);

inline constexpr std::string_view kResponseHead =
    "HTTP/1.1 200 OK\r\n"
    "Server: app/2.1\r\n"
    "Date: Mon, 23 Nov 2026 17:27:00 GMT\r\n"
    "Content-Type: text/javascript; charset=utf-8\r\n"
    "Content-Length: 48213\r\n"
    "Cache-Control: public, max-age=31536000, immutable\r\n"
    "ETag: \"4f1c6c2b9d\"\r\n"
    "Vary: Accept-Encoding\r\n"
    "Connection: keep-alive\r\n\r\n";

}  // namespace frontdoor::bench
