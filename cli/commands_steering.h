// Those that change the instances and upstreams of a running frontdoor. A part of the table in
// cli/commands.cpp, which alone includes it.

#pragma once

#include <array>

#include "cli/command_options.h"

namespace frontdoor::cli::table {

inline constexpr std::array restart_usage = {
    Row{"frontdoor restart POOL[.N] [--now] [--json] [--socket PATH]"}};
inline constexpr std::array restart_options = {
    Option{"--now", "", "", "stop and start at once, without waiting for requests", Option::Takes::Nothing},
    as_json, admin_socket};
inline constexpr std::array restart_examples = {
    Row{"frontdoor restart app", "every instance in turn, without a lost request"},
    Row{"frontdoor restart app.2", "one of them"},
};
inline constexpr std::array restart_sections = {Section{"Examples", restart_examples}};
inline constexpr std::array stop_usage = {Row{"frontdoor stop POOL[.N] [--json] [--socket PATH]"}};
inline constexpr std::array start_usage = {Row{"frontdoor start POOL[.N] [--json] [--socket PATH]"}};
inline constexpr std::array scale_usage = {Row{"frontdoor scale POOL N|+N|-N [--json] [--socket PATH]"}};
inline constexpr std::array scale_examples = {
    Row{"frontdoor scale app 4"},
    Row{"frontdoor scale app +1"},
};
inline constexpr std::array scale_sections = {Section{"Examples", scale_examples}};
inline constexpr Option why_ordered{"--reason", "TEXT", "'a new disk'",
                                    "why, for whoever looks at `frontdoor status`"};
inline constexpr Option yes_all_the_same{
    "--yes", "", "", "also when no other upstream of the pool takes requests", Option::Takes::Nothing};
inline constexpr Option no_wait{"--no-wait", "", "",
                                "return at once, not when no request is on it any more; so does --json",
                                Option::Takes::Nothing};
inline constexpr std::array drain_usage = {
    Row{"frontdoor drain POOL/UPSTREAM [--no-wait] [--reason TEXT] [--yes] [--json] [--socket PATH]"},
    Row{"frontdoor drain POOL.N"},
};
inline constexpr std::array drain_options = {no_wait, why_ordered, yes_all_the_same, as_json, admin_socket};
inline constexpr std::array drain_examples = {
    Row{"frontdoor drain app/10.0.0.2:8080 --reason 'a new disk' && ssh 10.0.0.2 reboot"},
    Row{"frontdoor ready app/10.0.0.2:8080"},
};
inline constexpr std::array drain_sections = {Section{"Examples", drain_examples}};
inline constexpr std::array ready_usage = {
    Row{"frontdoor ready POOL[/UPSTREAM] [--reason TEXT] [--json] [--socket PATH]"}};
inline constexpr std::array ready_options = {why_ordered, as_json, admin_socket};
inline constexpr std::array maintenance_usage = {
    Row{"frontdoor maintenance POOL [--page FILE] [--retry-after SECONDS] [--reason TEXT] [--json]"},
    Row{"frontdoor maintenance POOL/UPSTREAM [--reason TEXT] [--yes] [--json] [--socket PATH]"},
};
inline constexpr std::array maintenance_options = {
    Option{"--page", "FILE", "down.html", "of a pool: what clients read, at most 64 KiB",
           Option::Takes::FileName},
    Option{"--retry-after", "SECONDS", "600", "of a pool: when clients may come back (default: 60)"},
    why_ordered,
    yes_all_the_same,
    as_json,
    admin_socket};
inline constexpr std::array weight_usage = {
    Row{"frontdoor weight POOL/UPSTREAM N|config [--reason TEXT] [--json] [--socket PATH]"}};
inline constexpr std::array add_usage = {
    Row{"frontdoor upstream add POOL ADDRESS [--weight N] [--priority N] [--host NAME] [--reason TEXT]"},
};
inline constexpr std::array upstream_add_options = {
    Option{"--weight", "N", "2", "its share of the requests, compared with the others' (default: 1)"},
    Option{"--priority", "N", "1", "it stands by until those of a lower number are down (default: 0)"},
    Option{"--host", "NAME", "app.internal",
           "the Host of requests to it (default: the client's, or of https its own)"},
    why_ordered,
    as_json,
    admin_socket};
inline constexpr std::array add_examples = {
    Row{"frontdoor upstream add app 10.0.0.4:8080 --weight 2 --reason 'Black Friday'"},
    Row{"frontdoor upstream add app https://app.internal:443"},
};
inline constexpr std::array add_sections = {Section{"Examples", add_examples}};
inline constexpr std::array remove_usage = {
    Row{"frontdoor upstream remove POOL ADDRESS [--no-wait] [--reason TEXT] [--yes] [--json]"},
};
inline constexpr std::array remove_options = {no_wait, why_ordered, yes_all_the_same, as_json, admin_socket};
inline constexpr std::array remove_examples = {
    Row{"frontdoor upstream remove app 10.0.0.4:8080 && ssh 10.0.0.4 poweroff"},
};
inline constexpr std::array remove_sections = {Section{"Examples", remove_examples}};

inline constexpr std::array steering_commands = {
    CommandInfo{
        .name = "restart",
        .title = "replace instances without a lost request",
        .brief = "replace instances one after another, without a lost request",
        .usage = restart_usage,
        .about = "A new instance starts and must be up before an old one leaves. One that does not come up\n"
                 "ends it: the old ones stay, the exit status is 1, and its last lines tell why.\n",
        .options = restart_options,
        .sections = restart_sections},
    CommandInfo{
        .name = "stop",
        .title = "stop a pool or an instance, until it is started",
        .brief = "stop a pool or an instance, until it is started",
        .usage = stop_usage,
        .about = "Requests in progress are finished first. `frontdoor shutdown` ends frontdoor itself.\n",
        .options = status_options},
    CommandInfo{.name = "start",
                .title = "start what was stopped",
                .brief = "start what was stopped",
                .usage = start_usage,
                .options = status_options},
    CommandInfo{.name = "scale",
                .title = "run more or fewer instances of a pool",
                .brief = "run more or fewer instances of a pool",
                .usage = scale_usage,
                .about = "Until the config names another number, or frontdoor is started anew.\n",
                .options = status_options,
                .sections = scale_sections},
    CommandInfo{.name = "drain",
                .title = "no new requests to an upstream",
                .brief = "no new requests to an upstream; returns when none is on it any more",
                .usage = drain_usage,
                .about = "Requests on it finish, WebSockets are closed over `timeouts.drain`, kept "
                         "connections at once. It\n"
                         "stays so until `frontdoor ready`, over reloads and restarts. Health checks go on. "
                         "When requests\n"
                         "are still on it after `timeouts.drain`, the exit status is 1.\n",
                .options = drain_options,
                .sections = drain_sections},
    CommandInfo{
        .name = "ready",
        .title = "bring back what was drained or in maintenance",
        .brief = "bring back what was drained or in maintenance",
        .usage = ready_usage,
        .about =
            "It gets requests at once if its health checks have passed meanwhile, else as soon as they do.\n"
            "Of a pool: its maintenance ends; upstreams of it that are drained stay so.\n",
        .options = ready_options},
    CommandInfo{.name = "maintenance",
                .title = "take an upstream out at once, or answer for a whole pool",
                .brief = "take an upstream out at once, or answer for a whole pool with a page",
                .usage = maintenance_usage,
                .about = "Of an upstream: as drain, but WebSockets are closed now, and what waits for an "
                         "answer and may be\n"
                         "sent again goes to another one. Of a pool: each new request gets a 503, with FILE "
                         "or a page that\n"
                         "frontdoor makes; those in progress finish. Until `frontdoor ready`, over reloads "
                         "and restarts.\n",
                .options = maintenance_options},
    CommandInfo{.name = "weight",
                .title = "another share of the requests for an upstream",
                .brief = "another share of the requests for an upstream",
                .usage = weight_usage,
                .about = "Compared with the weights of the others, as in the config. `config` goes back to "
                         "what that says.\n",
                .options = ready_options},
    CommandInfo{.name = "upstream add",
                .title = "one more upstream for a pool",
                .brief = "one more upstream for a pool, without a reload; `upstream remove`: one less",
                .usage = add_usage,
                .about = "As if the config named it, until it is removed: over reloads and restarts. Once "
                         "the file names it,\n"
                         "it is the file's. Of one that was removed: it is back. Again with other options: "
                         "it has those.\n",
                .options = upstream_add_options,
                .sections = add_sections},
    CommandInfo{
        .name = "upstream remove",
        .title = "one upstream less",
        .brief = "one upstream less, also one that the config names; returns when it is empty",
        .usage = remove_usage,
        .about = "It gets no new requests and is not checked any more; those on it finish, WebSockets are "
                 "closed over\n"
                 "`timeouts.drain`. One that the config names stays away over reloads and restarts, until\n"
                 "`frontdoor upstream add` brings it back or the file does not name it any more.\n",
        .options = remove_options,
        .sections = remove_sections,
        .with_above = true},
};

}  // namespace frontdoor::cli::table
