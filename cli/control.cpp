#include "cli/control.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdio>
#include <ostream>

#include "base/short_text.h"
#include "base/terminal_text.h"
#include "cli/admin_client.h"
#include "cli/asking.h"
#include "cli/find_running.h"
#include "cli/hints.h"
#include "cli/status_table.h"
#include "service/process/exit_codes.h"
#include "supervisor/launcher/launch.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

std::string_view verb_of(OperateCommand::Verb verb) {
  switch (verb) {
    case OperateCommand::Verb::Restart:
      return "restart";
    case OperateCommand::Verb::Stop:
      return "stop";
    case OperateCommand::Verb::Start:
      return "start";
    case OperateCommand::Verb::Scale:
      return "scale";
  }
  return "";
}

std::string_view done_of(OperateCommand::Verb verb) {
  switch (verb) {
    case OperateCommand::Verb::Restart:
      return "restarted";
    case OperateCommand::Verb::Stop:
      return "stopped";
    case OperateCommand::Verb::Start:
      return "started";
    case OperateCommand::Verb::Scale:
      return "scaled";
  }
  return "";
}

// pm2's start takes a program; so do the fingers of whoever comes from there.
std::string hint_for_start(const OperateCommand& command) {
  if (command.verb != OperateCommand::Verb::Start) return "";
  const std::string& name = command.subject;
  const bool script = name.ends_with(".js") || name.ends_with(".mjs") || name.ends_with(".cjs");
  if (!script && name.find('/') == std::string::npos) return "";
  return "\nA program is started with: frontdoor run --detach -- " + std::string(script ? "node " : "") + name;
}

void tell_result(const OperateCommand& command, const json::object& result, const Streams& streams) {
  const auto number = [&](std::string_view name) {
    const std::string text = text_of(result, name);
    return text.empty() ? std::string("0") : text;
  };
  std::int64_t took = 0;
  const std::string millis = number("took_ms");
  std::from_chars(millis.data(), millis.data() + millis.size(), took);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f s", static_cast<double>(took) / 1000);
  streams.out << streams.out_style.paint(Ink::Green, std::string(done_of(command.verb))) << ' ' << command.subject << " in "
              << seconds;
  if (command.verb == OperateCommand::Verb::Restart) streams.out << ", " << number("replaced") << " replaced";
  if (number("served") + number("held") + number("replayed") + number("lost") == "0000") {
    streams.out << "; no requests meanwhile\n";
    return;
  }
  streams.out << "; requests meanwhile: " << number("served") << " served, " << number("held") << " held, "
              << number("replayed") << " replayed, " << number("lost") << " lost\n";
}

}  // namespace

int show_status(const StatusCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk question;
  question.socket = *socket;
  const AdminResponse response = ask(question);
  if (!response.ok()) return fail(streams, why(response, *socket, command.socket));
  if (command.json) {
    streams.out << response.body;
    return kExitOk;
  }
  const auto status = parse_object(response.body);
  if (!status) return fail(streams, *socket + ": its answer makes no sense");
  streams.out << status_table(*status, streams.out_style, command.socket);
  return kExitOk;
}

int operate(const OperateCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message + hint_for_start(command));
  std::optional<json::object> result;
  const auto line = [&](std::string_view text) {
    auto object = parse_object(text);
    if (!object) return;
    const bool has_process = !text_of(*object, "pid").empty();
    if (const auto* last = object->if_contains("result"); last != nullptr && last->is_object())
      result = last->get_object();
    else if (!command.json && (has_process || text_of(*object, "state") != "starting"))  // with its pid, a moment later
      streams.out << "  " << text_of(*object, "instance") << ' ' << text_of(*object, "state")
                  << (has_process ? " (pid " + text_of(*object, "pid") + ')' : "") << std::endl;
  };
  AdminAsk question;
  question.socket = *socket;
  question.method = "POST";
  question.target = "/api/v1/pools/" + url_encoded(command.subject) + ':' + std::string(verb_of(command.verb)) +
                    "?progress=1" + (command.now ? "&now=1" : "") +
                    (command.instances.empty() ? "" : "&instances=" + url_encoded(command.instances));
  question.patience = Millis{0};  // how long it takes is the app's affair
  question.on_bytes = Lines(line);
  const AdminResponse response = ask(question);
  if (command.json && result) streams.out << json::serialize(*result) << '\n';
  if (!response.ok()) return fail(streams, why(response, *socket, command.socket) + hint_for_start(command));
  if (!result) return fail(streams, *socket + with_socket(": it ended in the middle; `frontdoor status` tells how far it came", command.socket));
  const auto* ok = result->if_contains("ok");
  if (ok == nullptr || !ok->is_bool() || !ok->get_bool()) {
    const std::string message = lines_of(*result, "message");  // with the app's last lines, which no terminal is to obey
    return fail(streams, message.empty() ? "it failed" : message);
  }
  if (!command.json) tell_result(command, *result, streams);
  return kExitOk;
}

int show_logs(const LogsCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;  // which may obey what an app has written
  constexpr Ink inks[] = {Ink::Cyan, Ink::Magenta, Ink::Yellow, Ink::Blue, Ink::Green};
  std::vector<std::string> seen;
  const auto line = [&](std::string_view raw) {
    std::string shown;
    if (terminal) append_terminal_text(shown, raw);
    const std::string_view text = terminal ? std::string_view(shown) : raw;
    const auto bar = std::min(text.find(" | "), text.find(" ! "));
    if (command.json || !streams.out_style.coloured() || bar == std::string_view::npos) {
      streams.out << text << '\n';
      return;
    }
    const std::string name(text.substr(0, bar));
    auto place = std::find(seen.begin(), seen.end(), name);
    if (place == seen.end()) place = seen.insert(seen.end(), name);
    const Ink ink = inks[static_cast<std::size_t>(place - seen.begin()) % std::size(inks)];
    streams.out << streams.out_style.paint(ink, std::string(text.substr(0, bar + 2))) << text.substr(bar + 2) << '\n';
  };
  Lines lines(line);
  AdminAsk question;
  question.socket = *socket;
  question.target = std::string("/api/v1/logs?form=") + (command.json ? "json" : "text") +
                    "&lines=" + std::to_string(command.lines) + (command.follow ? "&follow=1" : "") +
                    (command.subject.empty() ? "" : "&pool=" + url_encoded(command.subject));
  question.patience = command.follow ? Millis{0} : kPatience;
  question.on_bytes = [&](std::string_view bytes) {
    lines(bytes);
    streams.out.flush();
  };
  const AdminResponse response = ask(question);
  if (!response.ok()) return fail(streams, why(response, *socket, command.socket));
  return kExitOk;
}

// Returns when the main process has ended, so that what comes next may take its place.
int shut_down(const ShutdownCommand& command, const Streams& streams) {
  const auto socket = find_running(command.socket);
  if (!socket) return fail(streams, socket.error().message);
  AdminAsk look;
  look.socket = *socket;
  look.patience = kPatience;
  const AdminResponse answer = ask(look);
  if (!answer.ok()) return fail(streams, why(answer, *socket, command.socket));
  const auto status = parse_object(answer.body);
  if (!status) return fail(streams, *socket + ": its answer makes no sense");
  const std::string pid_text = text_of(*status, "main_pid");
  pid_t pid = 0;
  std::from_chars(pid_text.data(), pid_text.data() + pid_text.size(), pid);
  const int process = pid > 0 ? open_pidfd(pid) : -1;

  AdminAsk question;
  question.socket = *socket;
  question.method = "POST";
  question.target = "/api/v1:shutdown";
  question.patience = kPatience;
  const AdminResponse response = ask(question);
  if (!response.ok()) {
    if (process >= 0) ::close(process);
    return fail(streams, why(response, *socket, command.socket));
  }
  std::int64_t drain = 0;
  const std::string drain_text = text_of(*status, "drain_ms");
  std::from_chars(drain_text.data(), drain_text.data() + drain_text.size(), drain);
  streams.out << "pid " << pid_text << " finishes its requests and ends, in " << short_duration(drain + 999)
              << " at most" << std::endl;
  if (process < 0) return fail(streams, "the process can not be seen from here, so its end is not waited for");
  pollfd watched{process, POLLIN, 0};
  while (::poll(&watched, 1, -1) < 0 && errno == EINTR) {
  }
  ::close(process);
  streams.out << streams.out_style.paint(Ink::Green, "ended") << '\n';
  return kExitOk;
}

}  // namespace frontdoor::cli
