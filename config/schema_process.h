// The rows of [pool.NAME] that say how frontdoor runs the pool's instances itself. Included by
// schema_pool.cpp alone.

#pragma once

#include <array>

#include "base/most_instances.h"
#include "config/cron_expression.h"
#include "config/patterns.h"
#include "config/schema.h"
#include "config/watch_pattern.h"

namespace frontdoor::config::schema::process_rows {

inline constexpr std::int64_t hour = 3'600'000;

// What is said of instances and holds for the command of an exec check, too, also where there are no instances.
constexpr bool holds_for_checks(std::string_view key) {
  for (const std::string_view name : {"directory", "env", "env_file", "profile", "user", "group", "umask", "rlimits"})
    if (key == name) return true;
  return false;
}

// Slots of the struct inside of the pool.
template <auto Member>
Slot of_process(Object object) {
  auto& field = std::get<Pool*>(object)->process.*Member;
  if constexpr (std::is_enum_v<std::remove_reference_t<decltype(field)>>)
    return Choice{reinterpret_cast<std::uint8_t*>(&field)};
  else
    return &field;
}

inline constexpr auto kill_mode_words =
    std::to_array<std::string_view>({"tree", "process"});  // as Process::KillMode
inline constexpr auto port_words =
    std::to_array<std::string_view>({"auto", "unix", "listen_fds", "none"});  // as Launch::Port
inline constexpr auto ready_words =
    std::to_array<std::string_view>({"health_check", "notify", "listen"});  // as Launch::Ready
inline constexpr auto policy_words = std::to_array<std::string_view>({"always", "on_failure", "never"});

inline constexpr std::array restart_keys = {
    Key{.name = "policy",
        .type = Type::Word,
        .fallback = "\"always\"",
        .doc = "Which ends are followed by a start: all, all but exit 0, or none.",
        .slot = at<&Restart::policy>,
        .words = policy_words},
    Key{.name = "backoff_min",
        .type = Type::Duration,
        .fallback = "\"100ms\"",
        .doc = "Before the first start again; doubles with each short life.",
        .slot = at<&Restart::backoff_min>,
        .min = 1,
        .max = hour},
    Key{.name = "backoff_max",
        .type = Type::Duration,
        .fallback = "\"30s\"",
        .doc = "The longest pause. An instance in a crash loop is started this seldom, and never given up.",
        .slot = at<&Restart::backoff_max>,
        .min = 1,
        .max = 24 * hour},
    Key{.name = "reset_after",
        .type = Type::Duration,
        .fallback = "\"60s\"",
        .doc = "A life of this length makes the next pause the shortest again.",
        .slot = at<&Restart::reset_after>,
        .max = 24 * hour},
    Key{.name = "crash_loop_after",
        .type = Type::Integer,
        .fallback = "5",
        .doc = "So many shorter lives in a row are called a crash loop.",
        .slot = at<&Restart::crash_loop_after>,
        .min = 1,
        .max = 1000},
    Key{.name = "share",
        .type = Type::Percent,
        .fallback = "\"25%\"",
        .doc = "How much of the pool may be replaced at a time, for whatever reason; always at least one instance.",
        .slot = at<&Restart::share>},
};

inline constexpr std::array keys = {
    Key{.name = "command",
        .type = Type::Command,
        .doc = "Starts an instance of the app, which listens on $PORT: text that is split as a shell splits "
               "words, or "
               "[\"node\", \"server.js\"]. With it frontdoor runs the pool's instances itself.",
        .slot = of_process<&Process::command>},
    Key{.name = "directory",
        .fallback = "\"\"",
        .doc = "Where the command runs; looked up anew at each start, so that a link to the current release "
               "counts. \"\" is "
               "where frontdoor was started.",
        .slot = of_process<&Process::directory>},
    Key{.name = "instances",
        .type = Type::Count,
        .fallback = "1",
        .doc = "How many; \"max\" is one for each usable CPU, as cgroups allow.",
        .slot = of_process<&Process::instances>,
        .min = 1,
        .max = kMostInstances},
    Key{.name = "env",
        .type = Type::Variables,
        .fallback = "{}",
        .doc =
            "Variables beside those that frontdoor itself was started with. PORT is always frontdoor's own.",
        .slot = of_process<&Process::env>},
    Key{.name = "env_file",
        .fallback = "\"\"",
        .doc = "A file of NAME=value lines, relative to this one; `env` comes after it. Read when the config is, so that "
               "another content replaces the instances at a reload.",
        .slot = of_process<&Process::env_file>},
    Key{.name = "profile",
        .type = Type::NamedTables,
        .doc = "What `--env NAME` changes: [pool.NAME.profile.production] for `--env production`."},
    Key{.name = "user",
        .fallback = "\"\"",
        .doc = "Whom the instances run as, a name or a number; with its HOME, USER, LOGNAME, SHELL and groups. Needs "
               "root. \"\" is frontdoor's own.",
        .slot = of_process<&Process::user>},
    Key{.name = "group",
        .fallback = "\"\"",
        .doc = "Their group; \"\" is the user's.",
        .slot = of_process<&Process::group>},
    Key{.name = "umask",
        .fallback = "\"\"",
        .doc = "Which permissions their files do not get, in octal, as in \"027\"; \"\" is frontdoor's own.",
        .slot = of_process<&Process::umask>,
        .problem = umask_problem},
    Key{.name = "rlimits",
        .type = Type::ResourceLimits,
        .fallback = "{}",
        .doc = "Their limits, named as in ulimit and getrlimit(2): { nofile = 65536, core = \"unlimited\", "
               "stack = \"8MiB\", nproc = \"100:200\" }; one value for both, or soft:hard.",
        .slot = of_process<&Process::rlimits>},
    Key{.name = "port",
        .type = Type::Word,
        .fallback = "\"auto\"",
        .doc = "Where each instance listens, as PORT tells it: \"auto\" is a port of 127.0.0.1 that nobody else has, "
               "\"unix\" the path of a unix socket, which is faster and which Node and many others take as it is; "
               "\"listen_fds\" passes a socket that listens already (sd_listen_fds); \"none\" is for workers, which get "
               "no requests.",
        .slot = of_process<&Process::port>,
        .words = port_words},
    Key{.name = "ready",
        .type = Type::Word,
        .fallback = "\"health_check\"",
        .doc = "When an instance that starts is up: its health check passes, it says READY=1 (sd_notify) and the check "
               "passes, or it listens. Without a health check a connection that it accepts is the check.",
        .slot = of_process<&Process::ready>,
        .words = ready_words},
    Key{.name = "min_uptime",
        .type = Type::Duration,
        .fallback = "\"1s\"",
        .doc = "With `port = \"none\"`: an instance that has lived so long is up, unless `ready` is \"notify\".",
        .slot = of_process<&Process::min_uptime>,
        .max = hour},
    Key{.name = "start_timeout",
        .type = Type::Duration,
        .fallback = "\"30s\"",
        .doc = "An instance that is not ready by then is stopped and started again.",
        .slot = of_process<&Process::start_timeout>,
        .min = 1,
        .max = 24 * hour},
    Key{.name = "max_starting",
        .type = Type::Integer,
        .fallback = "0",
        .doc = "Instances of this pool that start at a time; 0 is as many as usable CPUs.",
        .slot = of_process<&Process::max_starting>,
        .max = 1000},
    Key{.name = "stop_signal",
        .fallback = "\"SIGTERM\"",
        .doc = "What asks an instance to end.",
        .slot = of_process<&Process::stop_signal>,
        .problem = stop_signal_problem},
    Key{.name = "stop_timeout",
        .type = Type::Duration,
        .fallback = "\"10s\"",
        .doc = "After it the instance is killed, with all that it has started.",
        .slot = of_process<&Process::stop_timeout>,
        .max = hour},
    Key{.name = "hung_grace",
        .type = Type::Duration,
        .fallback = "\"10s\"",
        .doc = "An instance that its health_check has found hung for so long is replaced. \"0s\" is never. One that is "
               "only slow, or answers badly, is left alone.",
        .slot = of_process<&Process::hung_grace>,
        .max = hour},
    Key{.name = "hung_signal",
        .fallback = "\"\"",
        .doc = "Sent to a hung instance before it is replaced, so that it may tell where it hangs: \"SIGUSR2\". It has "
               "two seconds for that at least. \"\" is none.",
        .slot = of_process<&Process::hung_signal>,
        .problem = hung_signal_problem},
    Key{.name = "kill_mode",
        .type = Type::Word,
        .fallback = "\"tree\"",
        .doc = "\"process\" leaves alone what an instance has started, so that a helper may outlive it.",
        .slot = of_process<&Process::kill_mode>,
        .words = kill_mode_words},
    Key{.name = "max_memory",
        .type = Type::Size,
        .fallback = "\"0\"",
        .doc = "An instance that uses more, with all that it has started, is replaced: the new one up first, one at a "
               "time. \"0\" is no limit.",
        .slot = of_process<&Process::max_memory>},
    Key{.name = "cron_restart",
        .fallback = "\"\"",
        .doc = "When all instances are replaced, one after another: minute, hour, day, month and weekday in local "
               "time, as in \"30 4 * * mon-fri\", or \"@daily\". \"\" is never.",
        .slot = of_process<&Process::cron_restart>,
        .problem = cron_problem},
    Key{.name = "watch",
        .type = Type::Patterns,
        .fallback = "[]",
        .doc = "A change of one of these files replaces all instances, one after another: [\"src/**/*.js\"], below "
               "`directory`; [\".\"] is all of it. node_modules and names with a dot in front count only where they "
               "are named.",
        .slot = of_process<&Process::watch>,
        .problem = watch_pattern_problem},
    Key{.name = "watch_ignore",
        .type = Type::Patterns,
        .fallback = "[]",
        .doc = "What `watch` leaves out: a name at any depth (\"tmp\", \"*.log\"), or a path below `directory` with "
               "all that is in it.",
        .slot = of_process<&Process::watch_ignore>,
        .problem = watch_ignore_problem},
    Key{.name = "idle_stop",
        .type = Type::Duration,
        .fallback = "\"0s\"",
        .doc = "After so long without a request all instances are stopped. The next request starts them, and waits "
               "(hold). \"0s\" is never.",
        .slot = of_process<&Process::idle_stop>,
        .max = 30 * 24 * hour},
    Key{.name = "restart", .type = Type::Table, .doc = "When an instance that has ended is started again."},
    Key{.name = "logs", .type = Type::Table, .doc = "Where the output of the instances goes."},
};

}  // namespace frontdoor::config::schema::process_rows
