#include "cli/arguments.h"

#include <algorithm>
#include <string_view>

#include "cli/command_arguments.h"
#include "cli/command_words.h"
#include "cli/commands.h"
#include "config/suggest.h"

namespace frontdoor::cli {

using config::quote;

namespace {

Parsed parse_completion(const Arguments& arguments) {
  const CommandInfo& command = *find_command("completion");
  const auto words = sort_words(arguments, command);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"completion"};
  const std::string which = config::quote_list(command.words, "or");
  if (words->plain.empty())
    return UsageError{"completion needs to know for which shell: " + which, "completion"};
  if (words->plain.size() > 1) return unexpected(words->plain[1], "completion");
  const std::string& shell = words->plain.front();
  if (std::find(command.words.begin(), command.words.end(), shell) == command.words.end())
    return UsageError{"there is no completion for " + quote(shell) + ", only for " + which, "completion"};
  return CompletionCommand{shell};
}

// What pm2 calls otherwise: whoever comes from there types it for years.
std::string_view ours_for_pm2s(std::string_view word) {
  if (word == "list" || word == "ls" || word == "l" || word == "monit" || word == "describe" || word == "show")
    return "frontdoor status";
  if (word == "delete" || word == "del" || word == "kill") return "frontdoor shutdown";
  if (word == "log") return "frontdoor logs";
  if (word == "save" || word == "startup") return "frontdoor run --print-unit, for systemd";
  return "";
}

UsageError unknown_command(const std::string& word) {
  if (const std::string_view instead = ours_for_pm2s(word); !instead.empty())
    return {"there is no command " + quote(word) + "; instead of pm2's: " + std::string(instead), ""};
  std::vector<std::string_view> known;
  for (const CommandInfo& command : commands())
    known.push_back(command.name.substr(0, command.name.find(' ')));
  return {"there is no command " + quote(word) + suggestion(word, known), ""};
}

Parsed parse_help(const Arguments& arguments) {
  std::string topic;
  for (const std::string& word : arguments) topic += (topic.empty() ? "" : " ") + word;
  if (topic == "cert") topic = "cert self-signed";
  if (topic.empty() || topic == "config" || topic == "upstream" || topic == "pm2" || find_command(topic) != nullptr) return HelpCommand{topic};
  return unknown_command(topic);
}

}  // namespace

Parsed parse_arguments(const std::vector<std::string>& words) {
  if (words.empty()) return UsageError{"say what to run, for instance: frontdoor --config fd.toml", ""};
  const std::string& first = words.front();
  const std::vector<std::string> rest(words.begin() + 1, words.end());

  if (first == "--help" || first == "-h") return parse_help(rest);
  if (first == "--version" || first == "-V") return VersionCommand{};
  if (first.starts_with('-')) return parse_run(words);  // frontdoor --config F

  if (first == "run") return parse_run(rest);
  if (first == "check") return parse_check(rest);
  if (first == "config") return parse_config(rest);
  if (first == "cert") return parse_cert(rest);
  if (first == "proxy") return parse_proxy(rest);
  if (first == "demo") return parse_demo(rest);
  if (first == "demo-app") return parse_demo_app(rest);
  if (first == "status") return parse_status(rest);
  if (first == "top") return parse_top(rest);
  if (first == "restart") return parse_operation(OperateCommand::Verb::Restart, first, rest);
  if (first == "stop") return parse_operation(OperateCommand::Verb::Stop, first, rest);
  if (first == "start") return parse_operation(OperateCommand::Verb::Start, first, rest);
  if (first == "scale") return parse_operation(OperateCommand::Verb::Scale, first, rest);
  if (first == "drain") return parse_steer(SteerCommand::Verb::Drain, first, rest);
  if (first == "ready") return parse_steer(SteerCommand::Verb::Ready, first, rest);
  if (first == "maintenance") return parse_steer(SteerCommand::Verb::Maintenance, first, rest);
  if (first == "weight") return parse_steer(SteerCommand::Verb::Weight, first, rest);
  if (first == "upstream") return parse_upstream(rest);
  if (first == "logs") return parse_logs(rest);
  if (first == "why") return parse_why(rest);
  if (first == "reload") return parse_reload(rest);
  if (first == "upgrade") return parse_upgrade(rest);
  if (first == "healthcheck") return parse_healthcheck(rest);
  if (first == "events") return parse_events(rest);
  if (first == "shutdown") return parse_shutdown(rest);
  if (first == "completion") return parse_completion(rest);
  if (first == "help") return parse_help(rest);
  if (first == "version") {
    if (rest.empty()) return VersionCommand{};
    if (rest.front() == "--help" || rest.front() == "-h") return HelpCommand{"version"};
    return unexpected(rest.front(), "version");
  }
  if (first.ends_with(".toml")) {
    return UsageError{"unexpected " + quote(first) + ", did you mean --config " + first + "?", ""};
  }
  return unknown_command(first);
}

}  // namespace frontdoor::cli
