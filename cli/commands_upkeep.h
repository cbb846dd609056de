// Those that keep a running frontdoor in order. A part of the table in cli/commands.cpp, which alone includes
// it.

#pragma once

#include <array>

#include "cli/command_options.h"

namespace frontdoor::cli::table {

inline constexpr std::array logs_usage = {
    Row{"frontdoor logs [-f] [-n N] [POOL[.N]] [--json] [--socket PATH]"}};
inline constexpr std::array logs_options = {
    Option{"-f", "", "", "go on with what is written from now on; so does `--follow`",
           Option::Takes::Nothing},
    Option{"-n", "N", "100", "how many lines to look back, at most 1000 (default: 20)"}, as_json,
    admin_socket};
inline constexpr std::array events_usage = {
    Row{"frontdoor events [-f] [-n N] [--level LEVEL] [POOL[/UPSTREAM]] [--json] [--socket PATH]"}};
inline constexpr std::array events_options = {
    Option{"-f", "", "", "go on with what happens from now on; so does `--follow`", Option::Takes::Nothing},
    Option{"-n", "N", "100", "how many to look back, at most 2000 (default: 20)"},
    Option{"--level", "LEVEL", "warn", "only these and worse: `info`, `warn`, `error`"}, as_json,
    admin_socket};
inline constexpr std::array reload_usage = {Row{"frontdoor reload [--json] [--socket PATH]"}};
inline constexpr std::array upgrade_usage = {
    Row{"frontdoor upgrade [--within SECONDS] [--json] [--socket PATH]"}};
inline constexpr std::array upgrade_options = {
    Option{"--within", "SECONDS", "60", "how long the new one may take until it serves"}, as_json, admin_socket};
inline constexpr std::array health_usage = {
    Row{"frontdoor healthcheck [--ready] [--address ADDRESS|--socket PATH]"}};
inline constexpr std::array health_options = {
    Option{"--ready", "", "",
           "also fail while it stops, and while no pool with a route can serve",
           Option::Takes::Nothing},
    Option{"--address", "ADDRESS", "127.0.0.1:9900",
           "ask the admin address instead: `GET /healthz`, with --ready `/readyz`"},
    admin_socket};
inline constexpr std::array shutdown_usage = {Row{"frontdoor shutdown [--socket PATH]"}};
inline constexpr std::array shutdown_options = {admin_socket};

inline constexpr std::array upkeep_commands = {
    CommandInfo{
        .name = "logs",
        .title = "what the instances wrote",
        .brief = "what the instances wrote lately, and write",
        .usage = logs_usage,
        .about =
            "The last 1000 lines of each instance are kept, over its restarts. A reader that is too slow\n"
            "misses lines and is told how many; the app never waits for it.\n",
        .options = logs_options},
    CommandInfo{
        .name = "reload",
        .title = "read the config again",
        .brief = "read the config again; errors change nothing and are printed",
        .usage = reload_usage,
        .about =
            "As SIGHUP does, but waits until what a changed command replaces has been replaced, and prints\n"
            "what has changed, and what waits for an upgrade or a restart. Exit status 1 when the file has\n"
            "errors, which are printed with their positions and change nothing, and when a new instance does\n"
            "not come up.\n",
        .options = status_options},
    CommandInfo{
        .name = "upgrade",
        .title = "let the program as it is on disk take the running one's place",
        .brief = "a new binary takes over, without a lost request",
        .usage = upgrade_usage,
        .about =
            "As USR2 does, but waits. The new process has the same listening sockets and, once it has proved\n"
            "itself, the instances; the old one finishes what it has begun, at most `timeouts.drain`. Also\n"
            "for keys that a reload can not change. When the new one does not start, does not take the config\n"
            "or does not serve in time, the old one serves on, and the exit status is 1.\n",
        .options = upgrade_options},
    CommandInfo{.name = "healthcheck",
                .title = "whether it runs and answers",
                .brief = "exit status 0 when it runs and answers, for containers",
                .usage = health_usage,
                .options = health_options},
    CommandInfo{.name = "events",
                .title = "what happened, and why",
                .brief = "what happened lately, and why: evictions, restarts, reloads, operators",
                .usage = events_usage,
                .about = "The event log's last 2000 lines from level info on, kept in memory since the "
                         "start, whatever is\n"
                         "written and wherever it goes.\n",
                .options = events_options},
    CommandInfo{.name = "shutdown",
                .title = "end a running frontdoor",
                .brief = "finish the requests, stop the instances, end; returns when that is done",
                .usage = shutdown_usage,
                .options = shutdown_options},
};

}  // namespace frontdoor::cli::table
