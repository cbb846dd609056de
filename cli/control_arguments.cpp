#include <algorithm>
#include <array>

#include "base/address.h"
#include "cli/command_arguments.h"
#include "cli/command_words.h"
#include "config/suggest.h"

namespace frontdoor::cli {

using config::quote;

Parsed parse_status(const Arguments& arguments) {
  const auto words = control_words(arguments, "status", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"status"};
  if (words->has("--watch") && words->has("--json")) return UsageError{"status takes one of --watch and --json", "status"};
  return StatusCommand{words->value("--socket"), words->has("--json"), words->has("--watch")};
}

Parsed parse_top(const Arguments& arguments) {
  const auto words = control_words(arguments, "top", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"top"};
  TopCommand command;
  command.socket = words->value("--socket");
  if (!words->has("--sort")) return command;
  const std::string by = words->value("--sort");
  constexpr std::array orders = {std::pair("requests", TopOrder::Requests), std::pair("now", TopOrder::Now),
                                 std::pair("memory", TopOrder::Memory), std::pair("cpu", TopOrder::Cpu)};
  const auto found = std::find_if(orders.begin(), orders.end(), [&](const auto& order) { return order.first == by; });
  if (found == orders.end())
    return UsageError{"--sort takes requests, now, memory or cpu, not " + quote(by), "top"};
  command.order = found->second;
  return command;
}

Parsed parse_logs(Arguments arguments) {
  std::replace(arguments.begin(), arguments.end(), std::string("--follow"), std::string("-f"));  // as tail has both
  const auto words = control_words(arguments, "logs", 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"logs"};
  LogsCommand command;
  command.subject = words->plain.empty() ? "" : words->plain.front();
  command.follow = words->has("-f");
  command.socket = words->value("--socket");
  command.json = words->has("--json");
  if (!words->has("-n")) return command;
  const auto number = to_number<std::uint32_t>(words->value("-n"));
  if (!number || *number > 1000)
    return UsageError{"-n takes a number up to 1000, not " + quote(words->value("-n")), "logs"};
  command.lines = *number;
  return command;
}

Parsed parse_events(Arguments arguments) {
  std::replace(arguments.begin(), arguments.end(), std::string("--follow"), std::string("-f"));
  const auto words = control_words(arguments, "events", 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"events"};
  EventsCommand command;
  command.subject = words->plain.empty() ? "" : words->plain.front();
  command.follow = words->has("-f");
  command.level = words->value("--level");
  command.socket = words->value("--socket");
  command.json = words->has("--json");
  if (words->has("--level") && command.level != "info" && command.level != "warn" && command.level != "error")
    return UsageError{"--level takes info, warn or error, not " + quote(command.level), "events"};
  if (!words->has("-n")) return command;
  const auto number = to_number<std::uint32_t>(words->value("-n"));
  if (!number || *number > 2000)
    return UsageError{"-n takes a number up to 2000, not " + quote(words->value("-n")), "events"};
  command.lines = *number;
  return command;
}

Parsed parse_why(const Arguments& arguments) {
  const auto words = control_words(arguments, "why", 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"why"};
  return WhyCommand{words->plain.empty() ? "" : words->plain.front(), words->value("--socket"), words->has("--json")};
}

Parsed parse_reload(const Arguments& arguments) {
  const auto words = control_words(arguments, "reload", 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"reload"};
  if (!words->plain.empty())  // as pm2 has it
    return UsageError{"reload takes no pool, it reads the config again; instances are replaced by: frontdoor restart " +
                          words->plain.front(),
                      "reload"};
  return ReloadCommand{words->value("--socket"), words->has("--json")};
}

Parsed parse_upgrade(const Arguments& arguments) {
  const auto words = control_words(arguments, "upgrade", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"upgrade"};
  UpgradeCommand command;
  command.socket = words->value("--socket");
  command.json = words->has("--json");
  if (!words->has("--within")) return command;
  const auto seconds = to_number<std::uint32_t>(words->value("--within"));
  if (!seconds || *seconds == 0 || *seconds > 600)
    return UsageError{"--within takes seconds from 1 to 600, not " + quote(words->value("--within")), "upgrade"};
  command.within_seconds = *seconds;
  return command;
}

Parsed parse_healthcheck(const Arguments& arguments) {
  const auto words = control_words(arguments, "healthcheck", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"healthcheck"};
  HealthCommand command{words->has("--ready"), words->value("--socket"), words->value("--address")};
  if (!command.socket.empty() && !command.address.empty())
    return UsageError{"healthcheck takes one of --socket and --address", "healthcheck"};
  if (command.address.starts_with("http://")) command.address.erase(0, 7);
  if (command.address.ends_with('/')) command.address.pop_back();
  AddressError problem;
  if (command.address.empty()) return command;
  const auto address = parse_address(command.address, problem);
  if (!address || address->kind != Address::Kind::Tcp || address->port == 0)
    return UsageError{"--address takes an address as in 127.0.0.1:9900, not " + quote(words->value("--address")), "healthcheck"};
  return command;
}

Parsed parse_diff(const Arguments& arguments) {
  const auto words = control_words(arguments, "config diff", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"config diff"};
  return DiffCommand{words->value("--socket"), words->has("--json")};
}

Parsed parse_shutdown(const Arguments& arguments) {
  const auto words = control_words(arguments, "shutdown", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"shutdown"};
  return ShutdownCommand{words->value("--socket")};
}

}  // namespace frontdoor::cli
