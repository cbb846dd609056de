#include "cli/asking.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <ostream>

#include "base/terminal_text.h"
#include "cli/find_running.h"
#include "cli/hints.h"
#include "service/process/exit_codes.h"

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

std::string lines_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return "";
  std::string text;
  for (std::string_view rest(value->get_string().data(), value->get_string().size());;) {
    const std::size_t end = rest.find('\n');
    append_terminal_text(text, rest.substr(0, end));
    if (end == std::string_view::npos) return text;
    text += '\n';
    rest.remove_prefix(end + 1);
  }
}

std::string why(const AdminResponse& response, const std::string& socket, const std::string& given) {
  if (!response.error.empty()) return socket + ": " + response.error;
  if (const auto body = parse_object(response.body))
    if (const std::string message = lines_of(*body, "message"); !message.empty()) return with_socket(message, given);
  return socket + ": it answered with status " + std::to_string(response.status);
}

}  // namespace frontdoor::cli
