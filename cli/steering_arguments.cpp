#include <algorithm>

#include "base/most_instances.h"
#include "cli/command_arguments.h"
#include "cli/command_words.h"
#include "config/suggest.h"

namespace frontdoor::cli {

using config::quote;

Parsed parse_operation(OperateCommand::Verb verb, const std::string& topic, const Arguments& arguments) {
  const bool scales = verb == OperateCommand::Verb::Scale;
  const auto words = control_words(arguments, topic, scales ? 2 : 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{topic};
  if (words->plain.empty())
    return UsageError{topic + " needs to know which pool, for instance " + topic + " app" + (scales ? " +1" : ""), topic};
  if (scales && words->plain.size() == 1)
    return UsageError{"scale needs to know how many, for instance scale " + words->plain.front() + " 4 or scale " +
                          words->plain.front() + " +1",
                      topic};
  OperateCommand command;
  command.verb = verb;
  command.subject = words->plain.front();
  command.now = words->has("--now");
  command.socket = words->value("--socket");
  command.json = words->has("--json");
  if (!scales) return command;
  command.instances = words->plain.size() > 1 ? words->plain[1] : "";
  const bool is_change = command.instances.starts_with('+') || command.instances.starts_with('-');
  const auto number = to_number<std::uint32_t>(std::string_view(command.instances).substr(is_change ? 1 : 0));
  if (!number || *number > kMostInstances || (*number == 0 && !is_change))
    return UsageError{"scale takes a number from 1 to " + std::to_string(kMostInstances) + ", or a change as in +1 and -1, not " +
                          quote(command.instances),
                      topic};
  return command;
}

Parsed parse_steer(SteerCommand::Verb verb, const std::string& topic, const Arguments& arguments) {
  const bool weighs = verb == SteerCommand::Verb::Weight;
  const auto words = control_words(arguments, topic, weighs ? 2 : 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{topic};
  const std::string example = topic + " app/10.0.0.2:8080" + (weighs ? " 3" : "");
  if (words->plain.empty()) return UsageError{topic + " needs to know what, for instance " + example, topic};
  SteerCommand command;
  command.verb = verb;
  command.subject = words->plain.front();
  command.page_file = words->value("--page");
  command.retry_after = words->value("--retry-after");
  command.reason = words->value("--reason");
  command.yes = words->has("--yes");
  command.json = words->has("--json");
  command.waits = !words->has("--no-wait") && !command.json;
  command.socket = words->value("--socket");
  const auto seconds = to_number<std::uint32_t>(command.retry_after);
  if (words->has("--retry-after") && (!seconds || *seconds < 1 || *seconds > 86'400))
    return UsageError{"--retry-after takes seconds, from 1 to 86400, not " + quote(command.retry_after), topic};
  if (!weighs) return command;
  command.weight = words->plain.size() > 1 ? words->plain[1] : "";
  const auto number = to_number<std::uint32_t>(command.weight);
  if (command.weight != "config" && (!number || *number < 1 || *number > 1000))
    return UsageError{"weight takes a number from 1 to 1000, or config for what the config says, not " +
                          quote(command.weight),
                      topic};
  return command;
}

// "app 10.0.0.4:8080", or "app/10.0.0.4:8080" as other commands have it.
Parsed parse_upstream(Arguments arguments) {
  const auto word = std::find_if(arguments.begin(), arguments.end(), [](auto& w) { return !w.starts_with('-'); });
  const std::string verb = word == arguments.end() ? "" : *word;
  if (verb != "add" && verb != "remove") {
    const bool help = std::any_of(arguments.begin(), arguments.end(), [](auto& w) { return w == "--help" || w == "-h"; });
    if (help) return HelpCommand{"upstream"};
    return UsageError{"upstream knows two things: upstream add POOL ADDRESS, and upstream remove POOL ADDRESS", "upstream"};
  }
  arguments.erase(word);
  const std::string topic = "upstream " + verb;
  const auto words = control_words(arguments, topic, 2);
  if (!words) return words.error();
  if (words->help) return HelpCommand{topic};
  std::vector<std::string> plain = words->plain;
  if (const auto slash = plain.size() == 1 ? plain[0].find('/') : std::string::npos; slash != std::string::npos)
    plain = {plain[0].substr(0, slash), plain[0].substr(slash + 1)};
  if (plain.size() < 2 || plain[0].empty() || plain[1].empty())
    return UsageError{topic + " needs a pool and an address, for instance " + topic + " app 10.0.0.4:8080", topic};
  UpstreamCommand command;
  command.verb = verb == "add" ? UpstreamCommand::Verb::Add : UpstreamCommand::Verb::Remove;
  command.pool = plain[0];
  command.address = plain[1];
  command.weight = words->value("--weight");
  command.priority = words->value("--priority");
  command.host = words->value("--host");
  command.reason = words->value("--reason");
  command.yes = words->has("--yes");
  command.json = words->has("--json");
  command.waits = !words->has("--no-wait") && !command.json;
  command.socket = words->value("--socket");
  const auto weight = to_number<std::uint32_t>(command.weight);
  if (words->has("--weight") && (!weight || *weight < 1 || *weight > 1000))
    return UsageError{"--weight takes a number from 1 to 1000, not " + quote(command.weight), topic};
  const auto priority = to_number<std::uint32_t>(command.priority);
  if (words->has("--priority") && (!priority || *priority > 100))
    return UsageError{"--priority takes a number up to 100, not " + quote(command.priority), topic};
  return command;
}

}  // namespace frontdoor::cli
