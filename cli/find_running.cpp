#include "cli/find_running.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "admin/place.h"
#include "admin/socket.h"
#include "cli/admin_client.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr Millis kAnswerPatience{2'000};

using Found = boost::system::result<std::string, NotFound>;  // its conversions take a text for either

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return result;
}

// The end of what is too long for a terminal's line is what tells least.
std::string cut(std::string line) {
  constexpr std::size_t kWidth = 80;
  if (line.size() <= kWidth) return line;
  line.resize(kWidth - 3);
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();  // no half a character
  if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xC0) line.pop_back();
  return line + "...";
}

// What is to be typed, whole, on a line of its own.
std::string lines_about(const std::string& socket) {
  AdminAsk question;
  question.socket = socket;
  question.patience = kAnswerPatience;
  const AdminResponse response = ask(question);
  boost::system::error_code error;
  const json::value value = json::parse(response.ok() ? response.body : std::string(), error);
  std::string about = response.status == 403 ? "this user may not use it" : "it does not answer";
  if (!error && value.is_object()) {
    const json::object& status = value.get_object();
    about = "pid " + text_of(status, "main_pid") + ", " + addresses_of(status) + ": " + command_line_of(status);
  }
  return "  --socket " + socket + '\n' + cut("      " + about) + '\n';
}

}  // namespace

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return printable(std::string_view(value->get_string().data(), value->get_string().size()));
  return json::serialize(*value);
}

std::optional<json::object> status_of(const std::string& socket, Millis patience) {
  AdminAsk question;
  question.socket = socket;
  question.patience = patience;
  const AdminResponse response = ask(question);
  if (!response.ok()) return std::nullopt;
  boost::system::error_code error;
  json::value value = json::parse(response.body, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") ==
                                            std::string::npos;
    if (!line.empty()) line += ' ';
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

std::string command_line_of(const json::object& status) {
  std::vector<std::string> words{"frontdoor"};
  if (const auto* line = status.if_contains("command_line"); line != nullptr && line->is_array())
    for (const json::value& word : line->get_array())
      if (word.is_string()) words.push_back(printable(std::string(word.get_string())));
  return shell_line(words);
}

std::string addresses_of(const json::object& status) {
  std::string text;
  if (const auto* listeners = status.if_contains("listeners"); listeners != nullptr && listeners->is_array())
    for (const json::value& listener : listeners->get_array())
      if (listener.is_object()) text += (text.empty() ? "" : " ") + text_of(listener.get_object(), "address");
  return text;
}

boost::system::result<std::string, NotFound> find_running(const std::string& given) {
  if (!given.empty()) {
    switch (look_at_socket(given).owner) {
      case SocketOwner::Alive:
        return Found(boost::system::in_place_value, given);
      case SocketOwner::None:
        return NotFound{"there is no socket at " + given};
      case SocketOwner::Dead:
        return NotFound{"nobody listens at " + given + " any more"};
      case SocketOwner::Denied:
        return NotFound{given + " is no socket, or this user may not use it"};
    }
  }
  const AdminSurroundings surroundings = AdminSurroundings::of_this_process();
  std::vector<std::string> alive, denied;
  for (const std::string& path : find_admin_sockets(surroundings)) {
    const SocketOwner owner = look_at_socket(path).owner;
    if (owner == SocketOwner::Alive) alive.push_back(path);
    if (owner == SocketOwner::Denied) denied.push_back(path);
  }
  if (alive.size() == 1) return Found(boost::system::in_place_value, alive.front());
  if (alive.empty()) {
    if (!denied.empty())
      return NotFound{"a frontdoor may be running (" + denied.front() +
                      "), but this user may not use it; its own user, root, or the [admin] group may"};
    std::string where;
    for (const std::string& directory : admin_directories(surroundings))
      where += (where.empty() ? "" : ", ") + directory;
    return NotFound{"no frontdoor is running (there is no admin socket in " + where +
                    "); frontdoor run starts one, --socket PATH names one elsewhere"};
  }
  std::string message = "several frontdoors are running, say which:\n";
  for (const std::string& path : alive) message += lines_about(path);
  message.pop_back();
  return NotFound{message};
}

std::optional<OtherFrontdoor> frontdoor_on_port(std::uint16_t port) {
  const std::string end = ':' + std::to_string(port);
  for (const std::string& path : find_admin_sockets(AdminSurroundings::of_this_process())) {
    if (look_at_socket(path).owner != SocketOwner::Alive) continue;
    const auto status = status_of(path, kAnswerPatience);
    if (!status) continue;
    const std::string addresses = addresses_of(*status) + ' ';
    if (addresses.find(end + ' ') == std::string::npos) continue;
    return OtherFrontdoor{text_of(*status, "main_pid"), command_line_of(*status), text_of(*status, "directory"),
                          "frontdoor shutdown --socket " + path};
  }
  return std::nullopt;
}

}  // namespace frontdoor::cli
