// Asks the program that listens on an admin socket, or at an admin address. Blocking; for the commands that do nothing else.

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace frontdoor::cli {

struct AdminResponse {
  unsigned status = 0;  // of HTTP; 0: there was none
  std::string body = {};
  std::string error = {};  // why there was no (whole) answer

  bool ok() const { return error.empty() && status >= 200 && status < 300; }
};

struct AdminAsk {
  std::string socket;
  std::string address = {};  // instead of the socket: "127.0.0.1:9900", ":9900" is this machine's; names are looked up
  std::string method = "GET";
  std::string target = "/api/v1/status";
  std::string body = {};  // JSON; "" = none
  Millis patience{5'000};  // with silence; 0 = for ever
  // Called with each piece of a good answer as it comes, instead of `body`.
  std::function<void(std::string_view)> on_bytes = {};
};

AdminResponse ask(const AdminAsk& question);

// What stands in a target or a query: letters, digits and "-._~" stay.
std::string url_encoded(std::string_view text);

}  // namespace frontdoor::cli
