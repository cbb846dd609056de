// Those that serve. A part of the table in cli/commands.cpp, which alone includes it.

#pragma once

#include <array>

#include "cli/command_options.h"

namespace frontdoor::cli::table {

inline constexpr Option profile{"--env", "NAME", "production",
                                "use each pool's `profile` of this name; with a command: sets NODE_ENV"};
inline constexpr Option watch{"--watch", "", "",
                              "a save replaces the instances in turn; with a config: it is read again",
                              Option::Takes::Nothing};
inline constexpr Option detach{"--detach", "", "",
                               "return 0 when all is up, 1 when it does not come up; output goes to a file",
                               Option::Takes::Nothing};
inline constexpr Option print_unit{"--print-unit", "", "",
                                   "start nothing, print a systemd unit that does what this command does",
                                   Option::Takes::Nothing};
inline constexpr std::array signal_rows = {
    Row{"TERM, INT", "stop: finish what is in flight, at most `timeouts.drain`; again: stop at once"},
    Row{"HUP", "read the config again; one with errors changes nothing"},
    Row{"USR1, USR2", "open log files anew, after a rotation; let the program that is on disk take over"},
};
inline constexpr std::array run_usage = {
    Row{"frontdoor run --config FILE [OPTIONS]"},
    Row{"frontdoor --config FILE [OPTIONS]"},
    Row{"frontdoor run [-i N] [--listen ADDRESS] [--health PATH] [--watch] -- COMMAND"},
    Row{"frontdoor run [-i N] [--listen ADDRESS] [--health PATH] [--watch] DIRECTORY|FILE"},
};
inline constexpr std::array options_of_run = {
    config,
    Option{"-i", "N", "2", "with a command: how many instances of it, or `max`, one for each usable CPU"},
    Option{"--listen", "ADDRESS", ":8080",
           "with a command: where clients connect (default: `127.0.0.1:8080`)"},
    Option{"--health", "PATH", "/healthz",
           "with a command: an instance is up when a GET of PATH is answered well"},
    watch,
    profile,
    workers,
    ready_file,
    Option{"--exit-with-child", "", "", "end when the app has, with its exit status: for containers and jobs",
           Option::Takes::Nothing},

    detach,
    print_unit};
inline constexpr std::array run_examples = {
    Row{"frontdoor run -i 2 -- node server.js", "each instance gets a PORT of its own to listen on"},
    Row{"frontdoor run .", "what the ecosystem file, Procfile or package.json here says"},
};
inline constexpr std::array run_sections = {Section{"Signals", signal_rows},
                                            Section{"Examples", run_examples}};
inline constexpr std::array proxy_usage = {
    Row{"frontdoor proxy --listen ADDRESS --to ADDRESS [--to ADDRESS ...] [OPTIONS]"},
};
inline constexpr std::array proxy_options = {
    Option{"--listen", "ADDRESS", ":8080",
           "where clients connect: `:8080`, `127.0.0.1:8080`, `unix:/run/app.sock`"},
    Option{"--to", "ADDRESS", ":3001",
           "an upstream; repeat it to share the load. `:3001` is port 3001 of this machine",
           Option::Takes::Text, true},
    Option{"--health", "PATH", "/healthz",
           "ask each upstream for PATH every two seconds and leave out those that fail"},
    Option{"--workers", "N", "2", "data-path threads (default: one for each usable CPU)"},
    ready_file,
};
inline constexpr std::array proxy_examples = {
    Row{"frontdoor proxy --listen :8080 --to :3001 --to :3002 --health /healthz"},
    Row{"frontdoor proxy --listen 127.0.0.1:0 --to unix:/run/app.sock"},
};
inline constexpr std::array proxy_sections = {Section{"Examples", proxy_examples}};
inline constexpr std::array demo_usage = {Row{"frontdoor demo [OPTIONS]"}};
inline constexpr std::array demo_options = {
    Option{"--listen", "ADDRESS", ":8080", "default: `127.0.0.1:8080`, or the next free port"},
    Option{"--workers", "N", "2", "data-path threads (default: one for each usable CPU)"},
    ready_file,
};
inline constexpr std::array demo_try = {
    Row{"curl http://127.0.0.1:8080/api/whoami", "who answered"},
    Row{"curl http://127.0.0.1:8080/crash", "the one that answers this dies a moment later"},
    Row{"curl -d '' http://127.0.0.1:8080/crash", "it dies without an answer: a 502 for this POST only"},
};
inline constexpr std::array demo_sections = {Section{"Try", demo_try}};

inline constexpr std::array serving_commands = {
    CommandInfo{
        .name = "run",
        .title = "serve until a signal ends it",
        .brief = "run an app behind the front door, or serve a config",
        .usage = run_usage,
        .about =
            "With a command, frontdoor starts it, as many times as asked, each on a PORT of its own,\n"
            "starts again what ends, and sends requests to those that are up. The same from a file:\n"
            "`command` in a [pool.NAME]. Of a directory, the first of these is read: fd.toml, pm2's\n"
            "ecosystem file (executed by node if it is JavaScript), Procfile, package.json, server.js.\n",
        .options = options_of_run,
        .sections = run_sections},
    CommandInfo{.name = "proxy",
                .title = "a front door without a file",
                .brief = "a front door without a file: listen here, pass on there",
                .usage = proxy_usage,
                .options = proxy_options,
                .sections = proxy_sections},
    CommandInfo{
        .name = "demo",
        .title = "see it work",
        .brief = "three instances, a page, and a button that crashes them",
        .usage = demo_usage,
        .about =
            "Starts three small instances behind a front door and prints its address. The page there shows\n"
            "which instance answers, and has a button that crashes it: the site stays up, and the instance "
            "is\nstarted again at once.\n",
        .options = demo_options,
        .sections = demo_sections},
};

}  // namespace frontdoor::cli::table
