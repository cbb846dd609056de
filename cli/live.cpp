#include "cli/live.h"

#include <boost/json/object.hpp>
#include <optional>
#include <ostream>

#include "cli/asking.h"
#include "cli/find_running.h"
#include "cli/live_screen.h"
#include "cli/status_table.h"
#include "cli/top_table.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr Millis kLookAgain{1'000};

}  // namespace

int watch_status(const StatusCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  std::optional<LiveScreen> screen(streams.out);
  for (;;) {
    const auto status = status_of(*socket, kPatience);
    if (!status) {
      screen.reset();
      return fail(streams, *socket + ": it does not answer any more");
    }
    screen->show(status_table(*status, streams.out_style, command.socket));
    if (!screen->wait(kLookAgain)) return kExitOk;
  }
}

// Without a terminal one page, for scripts.
int show_top(const TopCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  std::optional<LiveScreen> screen(streams.out);
  std::optional<json::object> before = status_of(*socket, kPatience);
  TimePoint then = Clock::now();
  while (before) {
    if (!screen->wait(kLookAgain)) return kExitOk;
    std::optional<json::object> after = status_of(*socket, kPatience);
    if (!after) break;
    const TimePoint now = Clock::now();
    screen->show(top_table(*before, *after, std::chrono::duration_cast<Millis>(now - then).count(), command.order,
                           streams.out_style));
    if (!screen->is_terminal()) return kExitOk;
    before = std::move(after);
    then = now;
  }
  screen.reset();
  return fail(streams, *socket + ": it does not answer any more");
}

}  // namespace frontdoor::cli
