// Which frontdoor a command means: the only one that runs, or that of --socket. Blocking; main thread.

#pragma once

#include <boost/json/object.hpp>
#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "service/process/serve_options.h"

namespace frontdoor::cli {

struct NotFound {
  std::string message;  // lines for a person
};

// The path of its socket. `given`: what --socket says; "" = find it.
boost::system::result<std::string, NotFound> find_running(const std::string& given);

// Its status; nothing when it does not answer in time or not well.
std::optional<boost::json::object> status_of(const std::string& socket, Millis patience);

// A member that is a text, a number or a boolean, as text; "" when there is none. Control characters, which a terminal
// might obey, become "?".
std::string text_of(const boost::json::object& object, std::string_view name);

// As one would type it: words with anything special in them are quoted.
std::string shell_line(const std::vector<std::string>& words);
std::string command_line_of(const boost::json::object& status);
std::string addresses_of(const boost::json::object& status);

// The frontdoor that serves on this port; nothing when none does.
std::optional<OtherFrontdoor> frontdoor_on_port(std::uint16_t port);

}  // namespace frontdoor::cli
