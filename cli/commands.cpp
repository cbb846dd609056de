#include "cli/commands.h"

#include <algorithm>
#include <array>

#include "cli/commands_files.h"
#include "cli/commands_looking.h"
#include "cli/commands_serving.h"
#include "cli/commands_steering.h"
#include "cli/commands_upkeep.h"

namespace frontdoor::cli {
namespace {

constexpr Option watch_file{"--watch", "", "", "read the config again when it changes, as SIGHUP does", Option::Takes::Nothing};
constexpr std::array program_usage = {
    Row{"frontdoor --config fd.toml", "serve what the file says"},
    Row{"frontdoor COMMAND [OPTIONS]"},
};
constexpr std::array program_examples = {
    Row{"frontdoor demo"},
    Row{"frontdoor proxy --listen :8080 --to :3001 --to :3002 --health /healthz"},
    Row{"frontdoor check --config fd.toml && frontdoor --config fd.toml"},
    Row{"frontdoor help pm2", "what pm2's commands are called here"},
};
constexpr std::array pm2_rows = {
    Row{"pm2 start app.js -i 2", "`frontdoor run -i 2 --detach -- node app.js`"},
    Row{"pm2 list, pm2 monit", "`frontdoor status`, `frontdoor top`"},
    Row{"pm2 logs", "`frontdoor logs -f`"},
    Row{"pm2 reload app", "`frontdoor restart app`"},
    Row{"pm2 restart app", "`frontdoor restart app --now`"},
    Row{"pm2 scale app +1", "`frontdoor scale app +1`"},
    Row{"pm2 stop app, pm2 start app", "`frontdoor stop app`, `frontdoor start app`"},
    Row{"pm2 delete all, pm2 kill", "`frontdoor shutdown`"},
    Row{"pm2 save, pm2 startup", "`frontdoor run … --print-unit`, for systemd"},
};
constexpr std::array program_sections = {Section{"Examples", program_examples}};
constexpr std::array pm2_sections = {Section{"Instead of pm2", pm2_rows}};
constexpr std::array program_options = {table::config, watch_file, table::profile_of_file, table::workers, table::ready_file};
constexpr auto shells = std::to_array<std::string_view>({"bash", "fish", "zsh"});
constexpr std::array completion_usage = {Row{"frontdoor completion bash|fish|zsh"}};
constexpr std::array completion_install = {
    Row{"source <(frontdoor completion bash)", "this bash, or in ~/.bashrc every one"},
    Row{"source <(frontdoor completion zsh)", "in ~/.zshrc, below `compinit`"},
    Row{"frontdoor completion fish | source", "this fish, or in config.fish every one"},
};
constexpr std::array completion_sections = {Section{"Use", completion_install}};
constexpr std::array version_usage = {Row{"frontdoor version"}};
constexpr std::array help_usage = {Row{"frontdoor help [COMMAND]"}, Row{"frontdoor COMMAND --help"}};

constexpr std::array other_commands = {
    CommandInfo{.name = "completion",
                .title = "let the shell complete what you type",
                .brief = "a script that lets bash, fish or zsh complete what you type",
                .usage = completion_usage,
                .about = "Prints the script for one shell. Packages install it where the shell finds it.\n",
                .sections = completion_sections,
                .words = shells},
    CommandInfo{.name = "version",
                .title = "what this is and what it was built from",
                .brief = "what this is and what it was built from",
                .usage = version_usage},
    CommandInfo{.name = "help",
                .title = "more about a command",
                .brief = "more about one of them",
                .usage = help_usage},
};

template <std::size_t... Sizes>
constexpr auto joined(const std::array<CommandInfo, Sizes>&... groups) {
  std::array<CommandInfo, (Sizes + ...)> all{};
  auto at = all.begin();
  ((at = std::copy(groups.begin(), groups.end(), at)), ...);
  return all;
}

// In the order in which help lists them.
constexpr auto all_commands = joined(table::serving_commands, table::files_commands, table::looking_commands,
                                     table::steering_commands, table::upkeep_commands, other_commands);

constexpr std::array statuses = {
    ExitStatus{"0", "fine",
               "It did what it was asked. A server: it was told to stop (SIGTERM, SIGINT) and has stopped.",
               ""},
    ExitStatus{
        "1", "could not be done",
        "It could not be done, or the answer is no: an instance does not come up, no frontdoor runs, nobody is well. A server: it "
        "could not start, or go on: an address is in use, a log can not be opened.",
        "The message says why; a server's last events do."},
    ExitStatus{"2", "wrong command line", "The command line makes no sense.",
               "The message says what would be right."},
    ExitStatus{"78", "wrong config",
               "The config can not be used: it has errors, or can not be read. Nothing was started.",
               "`frontdoor check --config FILE` lists every error."},
    ExitStatus{"126", "not executable", "`run -- COMMAND`: there is such a file, but it can not be executed.",
               "The message says what is started instead, if its name tells."},
    ExitStatus{"127", "no such command", "`run -- COMMAND`: there is no such command.",
               "The message names what may have been meant."},
};

constexpr std::array variables = {
    Row{"NO_COLOR", "Anything but empty: no colours. Without it they appear on a terminal only."},
    Row{"TERM", "`dumb`: no colours."},
    Row{"any other", "Those that the config names as `${VAR}` or `${VAR:-default}`."},
};

}  // namespace

constinit const CommandInfo program{.name = "",
                                    .title = "the front door of your app instances",
                                    .brief = "",
                                    .usage = program_usage,
                                    .options = program_options,
                                    .sections = program_sections};

const Option* CommandInfo::find(std::string_view option) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == option; });
  return found == options.end() ? nullptr : &*found;
}

std::span<const CommandInfo> commands() { return all_commands; }

const CommandInfo* find_command(std::string_view name) {
  const auto found = std::find_if(all_commands.begin(), all_commands.end(),
                                  [&](const CommandInfo& command) { return command.name == name; });
  return found == all_commands.end() ? nullptr : &*found;
}

std::span<const ExitStatus> exit_statuses() { return statuses; }

const Section& instead_of_pm2() { return pm2_sections.front(); }

const Section& signals() { return table::run_sections.front(); }

std::span<const Row> environment() { return variables; }

}  // namespace frontdoor::cli
