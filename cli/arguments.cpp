#include "cli/arguments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>

#include "base/address.h"
#include "cli/commands.h"
#include "config/patterns.h"
#include "config/suggest.h"

namespace frontdoor::cli {
namespace {

using config::quote;
using Parsed = boost::system::result<Command, UsageError>;

// The words behind a command, sorted: options with their values, and everything else.
struct Words {
  std::map<std::string_view, std::vector<std::string>> options;
  std::vector<std::string> plain;
  std::optional<std::vector<std::string>> behind_dashes;  // what follows a lone --
  bool help = false;

  bool has(std::string_view option) const { return options.contains(option); }
  std::string value(std::string_view option) const { return has(option) ? options.at(option).front() : ""; }
};

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const auto nearest = config::nearest(word, known);
  return nearest ? ", did you mean " + quote(*nearest) + "?" : "";
}

boost::system::result<Words, UsageError> sort_words(const std::vector<std::string>& words,
                                                    const CommandInfo& command) {
  const std::string topic(command.name);
  Words sorted;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      sorted.behind_dashes.emplace(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word == "--help" || word == "-h") {
      sorted.help = true;
      continue;
    }
    const bool is_number = word.size() > 1 && word[1] >= '0' && word[1] <= '9';  // as in scale app -1
    if (word.size() < 2 || word[0] != '-' || is_number) {  // a lone "-" is a value: standard input
      sorted.plain.push_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = command.find(name);
    if (option == nullptr) {
      std::vector<std::string_view> names;
      for (const Option& o : command.options) names.push_back(o.name);
      return UsageError{"unknown option " + quote(name) + suggestion(name, names), topic};
    }
    if (option->takes == Option::Takes::Nothing) {
      if (equals != word.npos) return UsageError{name + " takes no value", topic};
      sorted.options[option->name] = {""};
      continue;
    }
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size() && (words[i + 1] == "-" || !words[i + 1].starts_with('-'))) {
      value = words[++i];
    }
    if (value.empty()) {
      return UsageError{name + " needs a value, for instance " + name + " " + std::string(option->example),
                        topic};
    }
    auto& values = sorted.options[option->name];
    if (!values.empty() && !option->repeatable) return UsageError{name + " is given twice", topic};
    values.push_back(std::move(value));
  }
  return sorted;
}

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

boost::system::result<ServingArguments, UsageError> serving_arguments(const Words& words,
                                                                      const std::string& topic) {
  ServingArguments serving{words.value("--ready-file"), std::nullopt, words.has("--exit-with-child")};
  if (!words.has("--workers")) return serving;
  serving.workers = to_number<std::uint32_t>(words.value("--workers"));
  if (!serving.workers || *serving.workers < 1 || *serving.workers > 1024) {
    return UsageError{"--workers takes a number from 1 to 1024, not " + quote(words.value("--workers")),
                      topic};
  }
  return serving;
}

UsageError unexpected(std::string_view word, const std::string& topic) {
  return {"unexpected " + quote(word), topic};
}

// The options that say how a command is run, as `run` takes them without a config.
boost::system::result<ImportRun, UsageError> run_options(const Words& words) {
  ImportRun run{"", std::nullopt, words.value("--listen"), words.value("--health"), words.has("--watch")};
  if (words.has("-i") && words.value("-i") != "max") {
    run.instances = to_number<std::uint32_t>(words.value("-i"));
    if (!run.instances || *run.instances < 1 || *run.instances > 1000)
      return UsageError{"-i takes a number from 1 to 1000 or max, not " + quote(words.value("-i")), "run"};
  } else if (words.has("-i")) {
    run.instances = 0;
  }
  if (words.has("--health") && !run.health_path.starts_with('/'))
    return UsageError{"--health takes a path that starts with /, not " + quote(run.health_path), "run"};
  return run;
}

boost::system::result<QuickRun, UsageError> quick_run(const Words& words) {
  const std::vector<std::string>& command = *words.behind_dashes;
  if (command.empty() || command.front().empty())
    return UsageError{"there is no command behind --, as in -- node server.js", "run"};
  const auto options = run_options(words);
  if (!options) return options.error();
  return QuickRun{command, options->instances.value_or(1), options->listen, options->health_path, options->watch,
                  words.value("--env")};
}

// `run` serves one of three things.
Parsed parse_run(const std::vector<std::string>& arguments) {
  const auto words = sort_words(arguments, *find_command("run"));
  if (!words) return words.error();
  if (words->help) return HelpCommand{"run"};
  const bool runs_command = words->behind_dashes.has_value();
  if (!words->has("--config") && !runs_command && words->plain.size() > 1) {
    std::string command;
    for (const std::string& word : words->plain) command += ' ' + word;
    return UsageError{"a command stands behind --, as in run --" + command, "run"};
  }
  if (words->has("--config") + runs_command + !words->plain.empty() > 1 || words->plain.size() > 1) {
    return UsageError{"run takes one of --config FILE, a directory, or -- COMMAND", "run"};
  }
  const auto serving = serving_arguments(*words, "run");
  if (!serving) return serving.error();
  if (words->has("--detach") && words->has("--print-unit"))
    return UsageError{"run takes one of --detach and --print-unit: a unit runs in the foreground", "run"};
  const auto how = words->has("--detach")       ? RunCommand::How::Detached
                   : words->has("--print-unit") ? RunCommand::How::AsUnit
                                                : RunCommand::How::Here;
  if (how == RunCommand::How::AsUnit && words->value("--config") == "-")
    return UsageError{"a unit has no standard input to read a config from", "run"};
  if (runs_command) {
    auto quick = quick_run(*words);
    if (!quick) return quick.error();
    return RunCommand{"", *serving, std::move(*quick), std::nullopt, how, words->value("--env")};
  }
  if (!words->plain.empty()) {
    const std::string& word = words->plain.front();
    if (word.ends_with(".toml") || word == "-") {
      return UsageError{"unexpected " + quote(word) + ", did you mean --config " + word + "?", "run"};
    }
    auto import = run_options(*words);
    if (!import) return import.error();
    import->path = word;
    return RunCommand{"", *serving, std::nullopt, std::move(*import), how, words->value("--env")};
  }
  for (const std::string_view option : {"-i", "--listen", "--health"})
    if (words->has(option))
      return UsageError{std::string(option) + " needs a command, as in run " + std::string(option) + " … -- node server.js", "run"};
  if (!words->has("--config"))
    return UsageError{"run needs to know what: --config FILE, a directory as in run ., or -- COMMAND", "run"};
  if (words->has("--watch") && words->value("--config") == "-")
    return UsageError{"--watch needs a file: what standard input said can not be read again", "run"};
  ServingArguments watched = *serving;
  watched.watch_config = words->has("--watch");
  return RunCommand{words->value("--config"), watched, std::nullopt, std::nullopt, how, words->value("--env")};
}

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

Parsed parse_import(const std::vector<std::string>& arguments) {
  const auto words = sort_words(arguments, *find_command("config import"));
  if (!words) return words.error();
  if (words->help) return HelpCommand{"config import"};
  if (words->plain.empty())
    return UsageError{"config import needs to know what: an ecosystem file, a Procfile, a package.json, or their directory",
                      "config import"};
  if (words->plain.size() > 1) return unexpected(words->plain[1], "config import");
  return ImportCommand{words->plain.front()};
}

Parsed parse_diff(const std::vector<std::string>& arguments);

Parsed parse_config(std::vector<std::string> arguments) {
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

Parsed parse_cert(const std::vector<std::string>& arguments) {
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

Parsed parse_proxy(const std::vector<std::string>& arguments) {
  const auto words = sort_words(arguments, *find_command("proxy"));
  if (!words) return words.error();
  if (words->help) return HelpCommand{"proxy"};
  if (!words->plain.empty()) {
    const std::string& word = words->plain.front();
    return UsageError{"unexpected " + quote(word) + ", did you mean --to " + word + "?", "proxy"};
  }
  if (!words->has("--listen"))
    return UsageError{"proxy needs --listen ADDRESS, for instance --listen :8080", "proxy"};
  if (!words->has("--to")) return UsageError{"proxy needs --to ADDRESS, for instance --to :3001", "proxy"};
  if (words->has("--health") && !words->value("--health").starts_with('/')) {
    return UsageError{"--health takes a path that starts with /, not " + quote(words->value("--health")),
                      "proxy"};
  }
  const auto serving = serving_arguments(*words, "proxy");
  if (!serving) return serving.error();
  return ProxyCommand{words->value("--listen"), words->options.at("--to"), words->value("--health"),
                      *serving};
}

Parsed parse_demo(const std::vector<std::string>& arguments) {
  const auto words = sort_words(arguments, *find_command("demo"));
  if (!words) return words.error();
  if (words->help) return HelpCommand{"demo"};
  if (!words->plain.empty()) return unexpected(words->plain.front(), "demo");
  const auto serving = serving_arguments(*words, "demo");
  if (!serving) return serving.error();
  return DemoCommand{words->value("--listen"), *serving};
}

// The instances of the demo, which nobody else starts: in no help and no completion.
Parsed parse_demo_app(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return unexpected(arguments.front(), "demo");
  return DemoAppCommand{};
}

Parsed parse_completion(const std::vector<std::string>& arguments) {
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

// status, logs, shutdown and those that change something: their words, when they make sense so far.
boost::system::result<Words, UsageError> control_words(const std::vector<std::string>& arguments,
                                                       const std::string& topic, std::size_t most_plain) {
  auto words = sort_words(arguments, *find_command(topic));
  if (words && !words->help && words->plain.size() > most_plain) return unexpected(words->plain[most_plain], topic);
  return words;
}

Parsed parse_status(const std::vector<std::string>& arguments) {
  const auto words = control_words(arguments, "status", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"status"};
  if (words->has("--watch") && words->has("--json")) return UsageError{"status takes one of --watch and --json", "status"};
  return StatusCommand{words->value("--socket"), words->has("--json"), words->has("--watch")};
}

Parsed parse_top(const std::vector<std::string>& arguments) {
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

Parsed parse_operation(OperateCommand::Verb verb, const std::string& topic, const std::vector<std::string>& arguments) {
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
  if (!number || *number > 1000 || (*number == 0 && !is_change))
    return UsageError{"scale takes a number from 1 to 1000, or a change as in +1 and -1, not " + quote(command.instances),
                      topic};
  return command;
}

Parsed parse_steer(SteerCommand::Verb verb, const std::string& topic, const std::vector<std::string>& arguments) {
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
Parsed parse_upstream(std::vector<std::string> arguments) {
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

Parsed parse_logs(std::vector<std::string> arguments) {
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

Parsed parse_events(std::vector<std::string> arguments) {
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

Parsed parse_why(const std::vector<std::string>& arguments) {
  const auto words = control_words(arguments, "why", 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"why"};
  return WhyCommand{words->plain.empty() ? "" : words->plain.front(), words->value("--socket"), words->has("--json")};
}

Parsed parse_reload(const std::vector<std::string>& arguments) {
  const auto words = control_words(arguments, "reload", 1);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"reload"};
  if (!words->plain.empty())  // as pm2 has it
    return UsageError{"reload takes no pool, it reads the config again; instances are replaced by: frontdoor restart " +
                          words->plain.front(),
                      "reload"};
  return ReloadCommand{words->value("--socket"), words->has("--json")};
}

Parsed parse_healthcheck(const std::vector<std::string>& arguments) {
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

Parsed parse_diff(const std::vector<std::string>& arguments) {
  const auto words = control_words(arguments, "config diff", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"config diff"};
  return DiffCommand{words->value("--socket"), words->has("--json")};
}

Parsed parse_shutdown(const std::vector<std::string>& arguments) {
  const auto words = control_words(arguments, "shutdown", 0);
  if (!words) return words.error();
  if (words->help) return HelpCommand{"shutdown"};
  return ShutdownCommand{words->value("--socket")};
}

// What pm2 calls otherwise: whoever comes from there types it for years.
std::string_view instead_of_pm2(std::string_view word) {
  if (word == "list" || word == "ls" || word == "l" || word == "monit" || word == "describe" || word == "show")
    return "frontdoor status";
  if (word == "delete" || word == "del" || word == "kill") return "frontdoor shutdown";
  if (word == "log") return "frontdoor logs";
  if (word == "save" || word == "startup") return "frontdoor run --print-unit, for systemd";
  return "";
}

UsageError unknown_command(const std::string& word) {
  if (const std::string_view instead = instead_of_pm2(word); !instead.empty())
    return {"there is no command " + quote(word) + "; instead of pm2's: " + std::string(instead), ""};
  std::vector<std::string_view> known;
  for (const CommandInfo& command : commands())
    known.push_back(command.name.substr(0, command.name.find(' ')));
  return {"there is no command " + quote(word) + suggestion(word, known), ""};
}

Parsed parse_help(const std::vector<std::string>& arguments) {
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
  if (first == "check") return parse_config_only<CheckCommand>(rest, "check");
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
