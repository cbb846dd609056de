// What the commands that ask a running frontdoor share: how they fail, and how answers are taken apart. Main thread.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "cli/admin_client.h"
#include "cli/program.h"

namespace frontdoor::cli {

inline constexpr Millis kPatience{10'000};  // with a silent frontdoor

// Says it, and is the exit status.
int fail(const Streams& streams, const std::string& what);

std::optional<boost::json::object> parse_object(std::string_view text);

// A member that is a text of one line or several; "" when there is none. Nothing in it moves a terminal's cursor.
std::string lines_of(const boost::json::object& object, std::string_view name);

// What went wrong in its own words, or in those of the connection. `given`: what --socket says, for the commands that it names.
std::string why(const AdminResponse& response, const std::string& socket, const std::string& given = "");

// Calls `line` for each whole line of what comes in pieces.
template <class Line>
class Lines {
 public:
  explicit Lines(Line line) : line_(std::move(line)) {}
  void operator()(std::string_view bytes) {
    pending_.append(bytes);
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      line_(std::string_view(pending_).substr(0, end));
      pending_.erase(0, end + 1);
    }
  }

 private:
  Line line_;
  std::string pending_;
};

}  // namespace frontdoor::cli
