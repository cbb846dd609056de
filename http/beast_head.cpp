#include "http/beast_head.h"

namespace frontdoor::http::detail {

const char* describe(const beast::error_code& ec) {
  using beast::http::error;
  if (ec == error::bad_field) return "invalid field name";
  if (ec == error::bad_value) return "invalid field value";
  if (ec == error::bad_content_length) return "invalid Content-Length";
  if (ec == error::multiple_content_length) return "conflicting Content-Length";
  if (ec == error::bad_transfer_encoding) return "Transfer-Encoding beside other framing";
  if (ec == error::bad_reason) return "invalid reason phrase";
  if (ec == error::bad_line_ending) return "invalid line ending";
  return "malformed head";
}

}  // namespace frontdoor::http::detail
