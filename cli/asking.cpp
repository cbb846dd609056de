#include "cli/asking.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <ostream>

#include "cli/exit_codes.h"
#include "cli/find_running.h"

namespace frontdoor::cli {

namespace json = boost::json;

int fail(const Streams& streams, const std::string& what) {
  streams.err << "frontdoor: " << what << '\n';
  return kExitFailure;
}

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string why(const AdminResponse& response, const std::string& socket) {
  if (!response.error.empty()) return socket + ": " + response.error;
  if (const auto body = parse_object(response.body))
    if (const std::string message = text_of(*body, "message"); !message.empty()) return message;
  return socket + ": it answered with status " + std::to_string(response.status);
}

}  // namespace frontdoor::cli
