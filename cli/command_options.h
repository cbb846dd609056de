// Options and rows that several commands have: parts of the table in cli/commands.cpp.

#pragma once

#include <array>

#include "cli/commands.h"

namespace frontdoor::cli::table {

inline constexpr Option config{"--config", "FILE", "fd.toml", "the config; - reads it from standard input",
                               Option::Takes::FileName};
inline constexpr Option profile_of_file{"--env", "NAME", "production",
                                        "use each pool's `profile` of this name"};
inline constexpr Option workers{"--workers", "N", "2",
                                "data-path threads, instead of the config's `workers`"};
inline constexpr Option ready_file{"--ready-file", "FILE", "/run/frontdoor.ready",
                                   "where each listener listens; there only while it is ready",
                                   Option::Takes::FileName};
inline constexpr Option admin_socket{"--socket", "PATH", "/run/frontdoor/admin.sock",
                                     "which frontdoor, when several run (default: the only one)",
                                     Option::Takes::FileName};
inline constexpr Option as_json{"--json", "", "", "print JSON", Option::Takes::Nothing};
inline constexpr std::array status_options = {as_json, admin_socket};

}  // namespace frontdoor::cli::table
