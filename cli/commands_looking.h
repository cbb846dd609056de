// Those that tell how a running frontdoor is. A part of the table in cli/commands.cpp, which alone includes
// it.

#pragma once

#include <array>

#include "cli/command_options.h"

namespace frontdoor::cli::table {

inline constexpr std::array status_usage = {Row{"frontdoor status [--json|--watch] [--socket PATH]"}};
inline constexpr std::array options_of_status = {
    as_json, Option{"--watch", "", "", "again each second, until q or Ctrl-C", Option::Takes::Nothing},
    admin_socket};
inline constexpr std::array top_usage = {
    Row{"frontdoor top [--sort requests|now|memory|cpu] [--socket PATH]"}};
inline constexpr std::array top_options = {
    Option{"--sort", "WHAT", "memory",
           "by `requests` a second (the default), requests `now`, `memory`, `cpu`"},
    admin_socket};
inline constexpr std::array why_usage = {Row{"frontdoor why [POOL[/UPSTREAM]] [--json] [--socket PATH]"},
                                         Row{"frontdoor why REQUEST-ID"}};
inline constexpr std::array why_examples = {
    Row{"frontdoor why", "everything that takes no requests now"},
    Row{"frontdoor why app/10.0.0.2:8080"},
    Row{"frontdoor why app.2", "an instance"},
    Row{"frontdoor why 9f86d081884c7d659a2feaa0c55ad015", "a request that failed or was slow, by its id"},
};
inline constexpr std::array why_sections = {Section{"Examples", why_examples}};

inline constexpr std::array looking_commands = {
    CommandInfo{
        .name = "status",
        .title = "what runs, and how it is",
        .brief = "what runs, and how it is: instances, memory, restarts, requests",
        .usage = status_usage,
        .about = "CHECK is how long the last health check took, REQ/S and P99 are of the last seconds, NOW counts\n"
                 "requests in progress. MEM is of the process and all that it has started.\n",
        .options = options_of_status},
    CommandInfo{.name = "top",
                .title = "what is busy now",
                .brief = "what is busy now, the busiest first; q ends it",
                .usage = top_usage,
                .about = "Upstreams of all pools with requests a second, those in progress, memory and CPU, "
                         "again each second.\n"
                         "Into a pipe: once.\n",
                .options = top_options},
    CommandInfo{
        .name = "why",
        .title = "why an upstream takes no requests, or a request failed",
        .brief = "why an upstream takes no requests, or a request failed, and what to do",
        .usage = why_usage,
        .about =
            "The state and since when, the last probes and what they found, what has to happen for it to\n"
            "come back, what you can do, and the last events about it. Of a request: how it ended, where "
            "its\n"
            "time went, what that means, and what happened meanwhile; the last that failed or were slow are "
            "kept.\n",
        .options = status_options,
        .sections = why_sections},
};

}  // namespace frontdoor::cli::table
