#include "cli/show_events.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <ostream>

#include "cli/asking.h"
#include "cli/event_text.h"
#include "cli/find_running.h"
#include "cli/hints.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {

namespace {

Ink ink_of_level(std::string_view level) {
  if (level == "error") return Ink::Red;
  return level == "warn" ? Ink::Yellow : Ink::Dim;
}

}  // namespace

int show_events(const EventsCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  Lines lines([&](std::string_view line) {
    const auto event = command.json ? std::nullopt : parse_object(line);
    if (!event) {
      streams.out << line << '\n';
      return;
    }
    const std::string text = history_text(*event);
    const std::string level = text_of(*event, "level");
    const auto mark = text.find(' ' + level);
    if (!streams.out_style.coloured() || level.empty() || mark == std::string::npos)
      streams.out << text << '\n';
    else
      streams.out << streams.out_style.dim(text.substr(0, mark + 1)) << streams.out_style.paint(ink_of_level(level), level)
                  << text.substr(mark + 1 + level.size()) << '\n';
  });
  AdminAsk question;
  question.socket = *socket;
  // Without -f it is the same stream, of which only the beginning is wanted.
  question.target = "/api/v1/events?form=lines&limit=" + std::to_string(command.lines) + (command.follow ? "&follow=1" : "") +
                    (command.level.empty() ? "" : "&level=" + command.level) +
                    (command.subject.empty() ? "" : "&pool=" + url_encoded(command.subject));
  question.patience = command.follow ? Millis{0} : kPatience;
  bool anything = false;
  question.on_bytes = [&](std::string_view bytes) {
    anything = anything || !bytes.empty();
    lines(bytes);
    streams.out.flush();
  };
  const AdminResponse response = ask(question);
  if (!response.ok()) return fail(streams, why(response, *socket, command.socket));
  if (anything || command.json || command.follow) return kExitOk;
  const char* const level = command.level.empty() ? "" : " of this level";
  if (!command.subject.empty())
    streams.err << "no event" << level << " is about \"" << command.subject << with_socket("\"; frontdoor status has the names\n", command.socket);
  else
    streams.err << "no event" << level << '\n';
  return kExitOk;
}

}  // namespace frontdoor::cli
