#include <string>

#include "base/most_instances.h"
#include "cli/command_arguments.h"
#include "cli/command_words.h"
#include "config/suggest.h"

namespace frontdoor::cli {

using config::quote;

namespace {

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

// The options that say how a command is run, as `run` takes them without a config.
boost::system::result<ImportRun, UsageError> run_options(const Words& words) {
  ImportRun run{"", std::nullopt, words.value("--listen"), words.value("--health"), words.has("--watch")};
  if (words.has("-i") && words.value("-i") != "max") {
    run.instances = to_number<std::uint32_t>(words.value("-i"));
    if (!run.instances || *run.instances < 1 || *run.instances > kMostInstances)
      return UsageError{"-i takes a number from 1 to " + std::to_string(kMostInstances) + " or max, not " + quote(words.value("-i")), "run"};
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

}  // namespace

// `run` serves one of three things.
Parsed parse_run(const Arguments& arguments) {
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

Parsed parse_proxy(const Arguments& arguments) {
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

Parsed parse_demo(const Arguments& arguments) {
  const auto words = sort_words(arguments, *find_command("demo"));
  if (!words) return words.error();
  if (words->help) return HelpCommand{"demo"};
  if (!words->plain.empty()) return unexpected(words->plain.front(), "demo");
  const auto serving = serving_arguments(*words, "demo");
  if (!serving) return serving.error();
  return DemoCommand{words->value("--listen"), *serving};
}

// The instances of the demo, which nobody else starts: in no help and no completion.
Parsed parse_demo_app(const Arguments& arguments) {
  if (!arguments.empty()) return unexpected(arguments.front(), "demo");
  return DemoAppCommand{};
}

}  // namespace frontdoor::cli
