// Those about files, and what runs compared with one. A part of the table in cli/commands.cpp, which alone
// includes it.

#pragma once

#include <array>

#include "cli/command_options.h"

namespace frontdoor::cli::table {

inline constexpr std::array diff_usage = {Row{"frontdoor config diff [--json] [--socket PATH]"}};
inline constexpr std::array config_only = {config, profile_of_file};
inline constexpr std::array check_usage = {Row{"frontdoor check --config FILE"}};
inline constexpr std::array show_usage = {Row{"frontdoor config show --config FILE"}};
inline constexpr std::array import_usage = {Row{"frontdoor config import FILE"},
                                            Row{"frontdoor config import DIRECTORY"}};
inline constexpr std::array import_examples = {
    Row{"frontdoor config import ecosystem.config.js > fd.toml && frontdoor check --config fd.toml"},
    Row{"frontdoor config import ."},
};
inline constexpr std::array import_sections = {Section{"Examples", import_examples}};
inline constexpr std::array cert_usage = {
    Row{"frontdoor cert self-signed NAME... [--cert FILE] [--key FILE]"}};
inline constexpr std::array cert_options = {
    Option{"--cert", "FILE", "cert.pem", "where the certificate goes (default: cert.pem)",
           Option::Takes::FileName},
    Option{"--key", "FILE", "key.pem", "where its key goes (default: key.pem)", Option::Takes::FileName},
};
inline constexpr std::array cert_examples = {
    Row{"frontdoor cert self-signed localhost 127.0.0.1 ::1"},
    Row{"frontdoor cert self-signed dev.example '*.dev.example' --cert dev.pem --key dev.key"},
};
inline constexpr std::array cert_sections = {Section{"Examples", cert_examples}};

inline constexpr std::array files_commands = {
    CommandInfo{.name = "check",
                .title = "find every mistake in a config",
                .brief = "find every mistake in a config, start nothing",
                .usage = check_usage,
                .about =
                    "Prints each mistake as FILE:LINE:COLUMN: what is wrong, what would be right, and what\n"
                    "is allowed but hardly meant as a warning; so is a command or a directory that is not here\n"
                    "now. Exit status 0 when the config can be served, 78 when not. Starts nothing.\n",
                .options = config_only},
    CommandInfo{.name = "config show",
                .title = "the config with every default filled in",
                .brief = "the config with every default filled in",
                .usage = show_usage,
                .about = "Prints TOML that means the same as FILE and says all that FILE leaves out.\n",
                .options = config_only},
    CommandInfo{
        .name = "config import",
        .title = "a config made of a Procfile, a package.json or pm2's ecosystem file",
        .brief = "a config made of a Procfile, a package.json or pm2's ecosystem file",
        .usage = import_usage,
        .about =
            "Prints TOML that starts what FILE starts. What has no equivalent, or is otherwise than there,\n"
            "is told on standard error and as comments in the TOML. A .js, .cjs or .mjs is executed by "
            "node,\n"
            "with all that its author wrote; a .json, a Procfile and a package.json are only read.\n",
        .sections = import_sections},
    CommandInfo{
        .name = "config diff",
        .title = "what a reload would change",
        .brief = "what a reload would change, and what it could not",
        .usage = diff_usage,
        .about =
            "Compares the file with what runs, changes nothing. Errors are told with their positions; then\n"
            "the exit status is 1. Values of environment variables are not shown.\n",
        .options = status_options},
    CommandInfo{
        .name = "cert self-signed",
        .title = "a certificate for trying TLS",
        .brief = "a certificate for trying TLS, that no client trusts",
        .usage = cert_usage,
        .about =
            "Writes a certificate for these names and addresses, and its key, valid for 90 days. Files that\n"
            "are there already are left alone. `curl --cacert cert.pem` takes it, browsers warn of it.\n",
        .options = cert_options,
        .sections = cert_sections},
};

}  // namespace frontdoor::cli::table
