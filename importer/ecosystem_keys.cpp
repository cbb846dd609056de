// pm2's keys, as its own schema lists them, and what is to be said of those that fd.toml has no word for.

#include <array>

#include "importer/ecosystem.h"

namespace frontdoor::importer {
namespace {

constexpr std::string_view not_collected = "has no equivalent: nothing of the kind is collected; status and the logs "
                                           "tell what is known of each instance";
constexpr std::string_view means_nothing = "means nothing here and is left out";

constexpr std::array keys = {
    EcosystemKey{"name"},
    EcosystemKey{"script"},
    EcosystemKey{"exec"},
    EcosystemKey{"args"},
    EcosystemKey{"cwd"},
    EcosystemKey{"interpreter"},
    EcosystemKey{"exec_interpreter"},
    EcosystemKey{"interpreter_args"},
    EcosystemKey{"interpreterArgs"},
    EcosystemKey{"node_args"},
    EcosystemKey{"instances"},
    EcosystemKey{"exec_mode"},
    EcosystemKey{"env"},
    EcosystemKey{"port"},
    EcosystemKey{"max_memory_restart"},
    EcosystemKey{"autorestart"},
    EcosystemKey{"stop_exit_codes"},
    EcosystemKey{"restart_delay"},
    EcosystemKey{"exp_backoff_restart_delay"},
    EcosystemKey{"min_uptime"},
    EcosystemKey{"max_restarts"},
    EcosystemKey{"kill_timeout"},
    EcosystemKey{"listen_timeout"},
    EcosystemKey{"wait_ready"},
    EcosystemKey{"watch"},
    EcosystemKey{"ignore_watch"},
    EcosystemKey{"cron_restart"},
    EcosystemKey{"cron"},
    EcosystemKey{"out_file"},
    EcosystemKey{"out"},
    EcosystemKey{"output"},
    EcosystemKey{"out_log"},
    EcosystemKey{"error_file"},
    EcosystemKey{"error"},
    EcosystemKey{"err"},
    EcosystemKey{"err_file"},
    EcosystemKey{"err_log"},
    EcosystemKey{"log_file"},
    EcosystemKey{"log"},
    EcosystemKey{"log_type"},
    EcosystemKey{"disable_logs"},
    EcosystemKey{"user"},
    EcosystemKey{"uid"},
    EcosystemKey{"gid"},
    EcosystemKey{"treekill"},
    EcosystemKey{"source_map_support"},
    EcosystemKey{"disable_source_map_support"},
    EcosystemKey{"increment_var"},
    EcosystemKey{"instance_var"},
    EcosystemKey{"merge_logs", "needs no word: the instances of a pool share a log, and each line tells whose it is ({instance} in logs.file splits it)"},
    EcosystemKey{"combine_logs", "needs no word: the instances of a pool share a log, and each line tells whose it is ({instance} in logs.file splits it)"},
    EcosystemKey{"time", "has no equivalent: in a file each line has its time in front, in one form"},
    EcosystemKey{"log_date_format", "has no equivalent: in a file each line has its time in front, in one form"},
    EcosystemKey{"shutdown_with_message",
                 "has no equivalent: there is no message channel to the app. It gets stop_signal: handle that one"},
    EcosystemKey{"watch_delay", "has no equivalent: changes are gathered for a moment anyway"},
    EcosystemKey{"watch_options", "has no equivalent: `watch` takes patterns"},
    EcosystemKey{"name_prefix", "has no equivalent: put it into the names"},
    EcosystemKey{"append_env_to_name", "has no equivalent: put it into the name"},
    EcosystemKey{"namespace", "has no equivalent: one frontdoor for each group of apps does the same"},
    EcosystemKey{"filter_env", "has no equivalent: an instance finds all variables that frontdoor was started with; "
                               "start frontdoor with fewer, as a systemd unit does"},
    EcosystemKey{"pid_file", "has no equivalent: frontdoor status tells the pid of each instance"},
    EcosystemKey{"pid", "has no equivalent: frontdoor status tells the pid of each instance"},
    EcosystemKey{"autostart", "has no equivalent: all pools are started; stop one with frontdoor stop"},
    EcosystemKey{"kill_retry_time", "has no equivalent: the end of a process is waited for, not asked about"},
    EcosystemKey{"install_url", "has no equivalent: install what the app needs before"},
    EcosystemKey{"post_update", "has no equivalent: it belongs into the script that deploys"},
    EcosystemKey{"force", means_nothing},
    EcosystemKey{"execute_command", means_nothing},
    EcosystemKey{"username", means_nothing},
    EcosystemKey{"write", means_nothing},
    EcosystemKey{"windowsHide", means_nothing},
    EcosystemKey{"vizion", not_collected},
    EcosystemKey{"pmx", not_collected},
    EcosystemKey{"automation", not_collected},
    EcosystemKey{"trace", not_collected},
    EcosystemKey{"disable_trace", not_collected},
    EcosystemKey{"v8", not_collected},
    EcosystemKey{"event_loop_inspector", not_collected},
    EcosystemKey{"deep_monitoring", not_collected},
    EcosystemKey{"io", not_collected},
};

}  // namespace

std::span<const EcosystemKey> ecosystem_keys() { return keys; }

}  // namespace frontdoor::importer
