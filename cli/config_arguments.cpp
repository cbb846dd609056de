#include <algorithm>

#include "base/address.h"
#include "cli/command_arguments.h"
#include "cli/command_words.h"
#include "config/patterns.h"
#include "config/suggest.h"

namespace frontdoor::cli {

using config::quote;

namespace {

// The commands that take a config and nothing else.
template <class CommandType>
Parsed parse_config_only(const std::vector<std::string>& arguments, const std::string& topic) {
  const auto words = sort_words(arguments, *find_command(topic));
  if (!words) return words.error();
  if (words->help) return HelpCommand{topic};
  if (!words->plain.empty()) {
    const std::string& word = words->plain.front();
    if (words->has("--config")) return unexpected(word, topic);
    return UsageError{"unexpected " + quote(word) + ", did you mean --config " + word + "?", topic};
  }
  if (!words->has("--config")) return UsageError{topic + " needs --config FILE", topic};
  return CommandType{words->value("--config"), words->value("--env")};
}

Parsed parse_import(const Arguments& arguments) {
  const auto words = sort_words(arguments, *find_command("config import"));
  if (!words) return words.error();
  if (words->help) return HelpCommand{"config import"};
  if (words->plain.empty())
    return UsageError{"config import needs to know what: an ecosystem file, a Procfile, a package.json, or their directory",
                      "config import"};
  if (words->plain.size() > 1) return unexpected(words->plain[1], "config import");
  return ImportCommand{words->plain.front()};
}

}  // namespace

Parsed parse_check(const Arguments& arguments) { return parse_config_only<CheckCommand>(arguments, "check"); }

Parsed parse_config(Arguments arguments) {
  const auto verb =
      std::find_if(arguments.begin(), arguments.end(), [](auto& w) { return !w.starts_with('-'); });
  if (verb != arguments.end() && *verb == "show") {
    arguments.erase(verb);
    return parse_config_only<ShowCommand>(arguments, "config show");
  }
  if (verb != arguments.end() && *verb == "import") {
    arguments.erase(verb);
    return parse_import(arguments);
  }
  if (verb != arguments.end() && *verb == "diff") {
    arguments.erase(verb);
    return parse_diff(arguments);
  }
  const bool help = std::any_of(arguments.begin(), arguments.end(), [](auto& w) { return w == "--help" || w == "-h"; });
  if (help) return HelpCommand{"config"};
  return UsageError{"config knows three things: config show --config FILE, config import FILE, and config diff", "config"};
}

Parsed parse_cert(const Arguments& arguments) {
  const std::string topic = "cert self-signed";
  const auto words = sort_words(arguments, *find_command(topic));
  if (!words) return words.error();
  if (words->help) return HelpCommand{topic};
  if (words->plain.empty() || words->plain.front() != "self-signed")
    return UsageError{"cert knows one thing: cert self-signed NAME", topic};
  SelfSignedCommand command;
  command.names.assign(words->plain.begin() + 1, words->plain.end());
  if (command.names.empty()) return UsageError{"cert self-signed needs a name, for instance localhost", topic};
  for (const std::string& name : command.names)
    if (!Endpoint::numeric(name, 0))
      if (const auto problem = config::host_pattern_problem(name); !problem.empty())
        return UsageError{"a certificate can not be for " + quote(name) + ": " + problem, topic};
  if (words->has("--cert")) command.cert_file = words->value("--cert");
  if (words->has("--key")) command.key_file = words->value("--key");
  return command;
}

}  // namespace frontdoor::cli
