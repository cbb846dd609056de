#include "cli/program.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <istream>
#include <optional>
#include <ostream>

#include "cli/arguments.h"
#include "cli/change_upstream.h"
#include "cli/completion.h"
#include "cli/control.h"
#include "cli/demo.h"
#include "cli/demo_app.h"
#include "cli/detach.h"
#include "cli/executable.h"
#include "cli/find_running.h"
#include "cli/help.h"
#include "cli/import_apps.h"
#include "cli/live.h"
#include "cli/quick_config.h"
#include "cli/self_signed.h"
#include "cli/show_events.h"
#include "cli/show_why.h"
#include "cli/steer.h"
#include "cli/unit.h"
#include "cli/upkeep.h"
#include "config/load.h"
#include "config/show.h"
#include "proxy/server/server.h"
#include "service/files/certificates.h"
#include "service/files/last_config.h"
#include "service/files/log_file.h"
#include "service/files/read_config.h"
#include "service/files/ready_file.h"
#include "service/process/exit_codes.h"
#include "service/process/output_file.h"
#include "service/process/roles.h"
#include "service/process/signals.h"
#include "service/process/stop_time.h"
#include "service/process/successor.h"
#include "service/process/version.h"
#include "service/serving/serve.h"
#include "supervisor/launcher/launcher.h"

namespace frontdoor::cli {
namespace {

int refuse_usage(const UsageError& error, const Streams& streams) {
  const std::string help = error.topic.empty() ? "frontdoor --help" : "frontdoor help " + error.topic;
  streams.err << "frontdoor: " << error.what << "\n"
              << streams.err_style.dim("Try " + help + " for what there is.") << "\n";
  return kExitUsage;
}

std::string count(std::size_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

enum class Look : std::uint8_t { AtTheTextOnly, AtFilesToo, AsWhoServes };

// For whoever serves.
struct Told {
  std::string warnings = {};     // of a good config, in the place of telling them: another one may be the one to do that
  std::string first_error = {};  // of one that is not
  bool falls_back = false;       // another config is there for that
};

// Every error and warning, then, if it has errors, one line that sums up. Nothing when it can not be served.
std::optional<config::Loaded> load_or_explain(const std::string& text, const std::string& name, Look look,
                                              const Streams& streams, const std::string& profile = "",
                                              Told* for_service = nullptr) {
  auto options = config::options_of_this_process(name);
  options.profile = profile;
  if (look != Look::AtTheTextOnly) {
    options.log_file_problem = log_file_problem;
    look_at_certificates(options);
  }
  if (look == Look::AtFilesToo) {
    options.directory_problem = directory_problem_of;
    options.command_problem = command_problem_of;
    options.usable_cpus = usable_cpus();
  }
  if (look != Look::AsWhoServes) options.runs_as.reset();  // whoever checks a config need not be root
  config::Loaded loaded = config::load(text, name, options);
  std::string told;
  for (const auto& diagnostic : loaded.diagnostics) told += diagnostic.to_string() + '\n';
  if (loaded.ok() && for_service != nullptr)
    for_service->warnings = std::move(told);
  else
    streams.err << told;
  if (loaded.ok()) return loaded;
  const auto first = std::find_if(loaded.diagnostics.begin(), loaded.diagnostics.end(), [](const auto& d) {
    return d.severity == config::Diagnostic::Severity::Error;
  });
  if (for_service != nullptr && first != loaded.diagnostics.end()) {
    for_service->first_error = first->to_string();
    tell_predecessor_why_not(for_service->first_error);
  }
  const auto errors = std::count_if(loaded.diagnostics.begin(), loaded.diagnostics.end(), [](const auto& d) {
    return d.severity == config::Diagnostic::Severity::Error;
  });
  streams.err << streams.err_style.paint(Ink::Red,
                                         name + ": " + count(static_cast<std::size_t>(errors), "error"))
              << (for_service != nullptr && for_service->falls_back ? "\n" : ", nothing was started\n");
  return std::nullopt;
}

// What served before a crash, from nothing but what was kept of it.
std::optional<config::Loaded> load_kept(const config::FilesRead& files, const std::string& name, const std::string& profile) {
  auto options = config::options_of_this_process(name);
  options.profile = profile;
  options.instead_of_files = &files;
  config::Loaded loaded = config::load(files.text, name, options);
  if (!loaded.ok()) return std::nullopt;
  return loaded;
}

// Runs one command. What all of them share stays in here; what is more than a screen has its own file.
struct Runner {
  const Streams& streams;
  const std::vector<std::string>& words;  // as the program was started

  std::optional<ConfigText> read(const std::string& file, Told* for_service = nullptr) const {
    ConfigText source = read_config(file, streams.in);
    if (source.error.empty()) return source;
    const std::string error = source.name + ": " + source.error;
    streams.err << error << "\n";
    if (for_service != nullptr) for_service->first_error = error;
    tell_predecessor_why_not(error);
    return std::nullopt;
  }

  // What a command that serves does before all that may fail.
  void begin(const ServingArguments& serving) const {
    hold_signals(std::getenv(kLauncherVariable) != nullptr ? StartedBy::Launcher : StartedBy::User);
    remove_stale_ready_file(serving.ready_file);
  }

  int operator()(RunCommand command) const {
    begin(command.serving);
    const auto kept = take_last_config();
    Told told{.falls_back = kept.has_value()};
    std::optional<ConfigText> source;
    if (command.import) {
      // The process that the user started has read the directory, for all front doors that it starts.
      if (auto text = take_kept_text()) {
        source = ConfigText{std::move(*text), command.import->path, ""};
      } else {
        int status = kExitOk;
        auto imported = import_to_run(*command.import, command.profile, streams, status);
        if (!imported) return status;
        command.config_file = imported->config_file;
        if (command.config_file.empty()) {
          keep_text(imported->text);
          source = ConfigText{std::move(imported->text), imported->name, ""};
        } else {
          source = read(command.config_file, &told);
        }
      }
    } else if (command.quick) {
      const auto text = run_config(*command.quick, command.serving.exit_with_child ? Restarts::Never : Restarts::AsEver);
      if (!text) return refuse_usage(text.error(), streams);
      source = ConfigText{*text, "<command line>", ""};
    } else {
      source = read(command.config_file, &told);
    }
    std::optional<config::Loaded> loaded;
    if (source) loaded = load_or_explain(source->text, source->name, Look::AsWhoServes, streams, command.profile, &told);
    if (!loaded && kept) {
      loaded = load_kept(*kept, command.config_file, command.profile);
      streams.err << (loaded ? "what was good before serves on\n" : "what was good before can not be served either\n");
    }
    if (!loaded) return kExitBadConfig;
    if (!source) source = ConfigText{kept->text, command.config_file, ""};
    const config::Config* const config = &loaded->config;
    // A launcher's front door reads the same in a moment, and tells them where its log goes.
    const bool becomes_launcher = command.how == RunCommand::How::Here && std::getenv(kLauncherVariable) == nullptr &&
                                  std::getenv(kPredecessorVariable) == nullptr && needs_launcher(*config);
    if (!becomes_launcher) streams.err << told.warnings;
    if (command.how == RunCommand::How::AsUnit) return print_unit(*config, command);
    // Only a first start ends so: what has run once may be back in a moment.
    if (command.quick && std::getenv(kLauncherVariable) == nullptr)
      if (const auto problem = why_not_executable(command.quick->command, ExecutableSurroundings::of_this_process())) {
        streams.err << "frontdoor: " << problem->what << "\n";
        return problem->status;
      }
    if (command.how == RunCommand::How::Detached) {
      const DetachedRun run{*config, plain_words(words), command.config_file == "-" ? &source->text : nullptr};
      return run_detached(run, streams);
    }
    ServeOptions options;
    options.command_line = words;
    options.find_other_frontdoor = frontdoor_on_port;
    options.profile = command.profile;
    options.workers = command.serving.workers;
    options.config_file = command.config_file;
    options.watch_config = command.serving.watch_config;
    options.config_text = source->text;
    options.files_read = to_text(loaded->read);
    options.refused = told.first_error;
    options.ready_file = command.serving.ready_file;
    options.exit_with_child = command.serving.exit_with_child;
    if (options.exit_with_child && !has_instances(*config)) {
      streams.err << "frontdoor: --exit-with-child needs a command, in a [pool.NAME] or behind --\n";
      return kExitUsage;
    }
    options.launcher = take_launcher_socket();
    if (std::getenv(kPredecessorVariable) != nullptr && needs_launcher(*config)) {
      constexpr std::string_view reason = "the first pool with a command needs a restart: there is nobody yet who could start its instances\n";
      streams.err << "frontdoor: " << reason;
      tell_predecessor_why_not(reason.substr(0, reason.size() - 1));
      return kExitFailure;
    }
    if (!options.launcher && needs_launcher(*config)) {
      const std::string reason = become_launcher(words, command.config_file == "-" ? &source->text : nullptr,
                                                 command.config_file.empty() ? Hangup::Ends : Hangup::Reloads);
      streams.err << "launcher: " << reason << "\n";
      return kExitFailure;
    }
    options.output_file = take_variable(kOutputFileVariable).value_or("");
    return serve(*config, options);
  }

  int print_unit(const config::Config& config, const RunCommand& command) const {
    std::error_code unknown;
    UnitWish wish;
    wish.program = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
    wish.words = plain_words(words);
    wish.directory = std::filesystem::current_path(unknown).string();
    if (const passwd* user = ::getpwuid(::geteuid())) wish.user = user->pw_name;
    if (const char* path = std::getenv("PATH")) wish.path = path;
    wish.reloads = !command.config_file.empty();
    wish.stop = longest_stop(config);
    streams.out << unit_text(wish);
    return kExitOk;
  }

  int operator()(const StatusCommand& command) const {
    return command.watch ? watch_status(command, streams) : show_status(command, streams);
  }
  int operator()(const TopCommand& command) const { return show_top(command, streams); }
  int operator()(const OperateCommand& command) const { return operate(command, streams); }
  int operator()(const LogsCommand& command) const { return show_logs(command, streams); }
  int operator()(const WhyCommand& command) const { return show_why(command, streams); }
  int operator()(const ReloadCommand& command) const { return reload(command, streams); }
  int operator()(const UpgradeCommand& command) const { return upgrade(command, streams); }
  int operator()(const DiffCommand& command) const { return show_diff(command, streams); }
  int operator()(const HealthCommand& command) const { return check_health(command, streams); }
  int operator()(const SteerCommand& command) const { return steer(command, streams); }
  int operator()(const UpstreamCommand& command) const { return change_upstream(command, streams); }
  int operator()(const EventsCommand& command) const { return show_events(command, streams); }
  int operator()(const ShutdownCommand& command) const { return shut_down(command, streams); }

  int operator()(const CheckCommand& command) const {
    const auto source = read(command.config_file);
    if (!source) return kExitBadConfig;
    const auto loaded = load_or_explain(source->text, source->name, Look::AtFilesToo, streams, command.profile);
    if (!loaded) return kExitBadConfig;
    const config::Config& config = loaded->config;
    std::size_t upstreams = 0, instances = 0;
    for (const auto& pool : config.pools) {
      upstreams += pool.upstreams.size();
      if (pool.process.command.empty()) continue;
      instances += pool.process.instances != 0 ? pool.process.instances : usable_cpus();
    }
    streams.out << source->name << ": " << streams.out_style.paint(Ink::Green, "ok") << ", "
                << count(config.listeners.size(), "listener") << ", "
                << count(config.routes.size(), "route") << ", " << count(config.pools.size(), "pool")
                << (upstreams == 0 && instances != 0 ? "" : ", " + count(upstreams, "upstream"))
                << (instances == 0 ? "" : ", " + count(instances, "instance")) << "\n";
    return kExitOk;
  }

  int operator()(const ShowCommand& command) const {
    const auto source = read(command.config_file);
    if (!source) return kExitBadConfig;
    const auto loaded = load_or_explain(source->text, source->name, Look::AtTheTextOnly, streams, command.profile);
    if (!loaded) return kExitBadConfig;
    streams.out << config::show(loaded->config);
    return kExitOk;
  }

  int operator()(const SelfSignedCommand& command) const { return write_self_signed(command, streams); }
  int operator()(const ImportCommand& command) const { return print_import(command, streams); }

  int operator()(const ProxyCommand& command) const {
    begin(command.serving);
    const auto text = proxy_config(command);
    if (!text) return refuse_usage(text.error(), streams);
    const auto loaded = load_or_explain(*text, "<command line>", Look::AtTheTextOnly, streams);
    if (!loaded) return kExitBadConfig;
    ServeOptions options;
    options.command_line = words;
    options.find_other_frontdoor = frontdoor_on_port;
    options.workers = command.serving.workers;
    options.config_text = *text;
    options.ready_file = command.serving.ready_file;
    return serve(loaded->config, options);
  }

  int operator()(const DemoCommand& command) const {
    begin(command.serving);
    return run_demo(command, words, streams);
  }
  int operator()(const DemoAppCommand&) const { return run_demo_app(streams); }

  int operator()(const CompletionCommand& command) const {
    streams.out << completion_script(command.shell);
    return kExitOk;
  }

  int operator()(const VersionCommand&) const {
    streams.out << version_text();
    return kExitOk;
  }

  int operator()(const HelpCommand& command) const {
    streams.out << help_text(command.topic, streams.out_style);
    return kExitOk;
  }
};

}  // namespace

int run_program(const std::vector<std::string>& words, const Streams& streams) {
  if (const auto hangup = take_launcher_role()) return run_as_launcher(words, *hangup);
  if (const auto status = check_launcher_state(words)) return *status;
  const auto command = parse_arguments(words);
  if (!command) return refuse_usage(command.error(), streams);
  const int status = std::visit(Runner{streams, words}, *command);
  streams.out.flush();
  // `frontdoor check > /dev/full` must not look like success.
  return status == kExitOk && !streams.out ? kExitFailure : status;
}

}  // namespace frontdoor::cli
