// The rows of [pool.NAME.logs]: where the output of the pool's instances goes. Included by schema_pool.cpp alone.

#pragma once

#include <array>

#include "config/patterns.h"
#include "config/schema.h"

namespace frontdoor::config::schema::logs_rows {

inline constexpr auto mode_words = std::to_array<std::string_view>({"prefix", "json", "off"});  // as Logs::Mode
inline constexpr auto format_words = std::to_array<std::string_view>({"text", "json"});         // as Logs::FileFormat

inline constexpr std::array keys = {
    Key{.name = "mode",
        .type = Type::Word,
        .fallback = "\"prefix\"",
        .doc = "On standard output: \"prefix\" is each line behind its instance's name, \"json\" an object for each line "
               "with time, pool, instance, pid, stream and line, \"off\" nothing.",
        .slot = at<&Logs::mode>,
        .words = mode_words},
    Key{.name = "file",
        .fallback = "\"\"",
        .doc = "A file that the lines go to as well. {pool}, {instance} (app.1) and {stream} (stdout, stderr) are filled "
               "in, as in \"/var/log/shop/{instance}.log\". Missing directories are made.",
        .slot = at<&Logs::file>,
        .problem = log_file_problem},
    Key{.name = "file_format",
        .type = Type::Word,
        .fallback = "\"text\"",
        .doc = "In the file: \"text\" is time, instance and line, \"json\" as above.",
        .slot = at<&Logs::file_format>,
        .words = format_words},
    Key{.name = "max_size",
        .type = Type::Size,
        .fallback = "\"50MiB\"",
        .doc = "A file that is full is renamed to FILE.1, and FILE begins anew. \"0\" is no limit: somebody else rotates "
               "them, and sends SIGUSR1.",
        .slot = at<&Logs::max_size>},
    Key{.name = "keep",
        .type = Type::Integer,
        .fallback = "5",
        .doc = "How many full files are kept of each.",
        .slot = at<&Logs::keep>,
        .max = 1000},
    Key{.name = "max_total",
        .type = Type::Size,
        .fallback = "\"1GiB\"",
        .doc = "Of all files of the pool together: the oldest are deleted. \"0\" is no limit.",
        .slot = at<&Logs::max_total>},
    Key{.name = "min_free",
        .type = Type::Size,
        .fallback = "\"256MiB\"",
        .doc = "While the disk has less free, the files are not written, and the lines are counted as lost. \"0\" writes "
               "until the disk is full.",
        .slot = at<&Logs::min_free>},
};

}  // namespace frontdoor::config::schema::logs_rows
