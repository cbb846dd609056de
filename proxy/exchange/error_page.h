// What a client reads when the answer is our own. Says what happened in words and gives the two handles an
// operator needs to find it in the logs: the outcome and the request id. Never an address, an errno or a
// header of anybody. Pure; cold path.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace frontdoor {

struct ErrorPage {
  std::string_view content_type;  // string literal
  std::string body;
};

// `accept` is the request's Accept field, "" when it had none. HTML or JSON go to whom they were named by;
// everybody else (curl's */*) gets one line of text. `request_id` may come from a client: it is escaped.
ErrorPage error_page(std::uint16_t status, std::string_view outcome, std::string_view accept,
                     std::string_view request_id);

}  // namespace frontdoor
