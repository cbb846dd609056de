// The rows of [access_log]. Included by schema.cpp alone.

#pragma once

#include <array>

#include "config/patterns.h"
#include "config/schema.h"

namespace frontdoor::config::schema::access_log_rows {

inline constexpr auto format_words = std::to_array<std::string_view>({"json", "combined"});  // as AccessLog::Format

inline constexpr auto fields_example = std::to_array<std::string_view>({"status"});

inline constexpr std::array keys = {
    Key{.name = "output",
        .fallback = "\"stdout\"",
        .doc = "\"stdout\", \"stderr\", \"off\" or a file's path.",
        .slot = at<&AccessLog::output>,
        .problem = log_output_problem},
    Key{.name = "format",
        .type = Type::Word,
        .fallback = "\"json\"",
        .doc = "One JSON object a line, or the combined format that older tools read.",
        .slot = at<&AccessLog::format>,
        .words = format_words},
    Key{.name = "fields",
        .type = Type::Names,
        .fallback = "[]",
        .doc = "What a JSON line has, in this order, as in [\"time\", \"status\", \"target\", \"total_ms\"]; the names are those of "
               "[access-log.md](access-log.md). [] is all of them.",
        .slot = at<&AccessLog::fields>,
        .words = fields_example,
        .problem = access_log_field_problem},
    Key{.name = "sample",
        .type = Type::Share,
        .fallback = "1.0",
        .doc = "The share of the requests that is logged. What failed, what frontdoor answered itself, what was tried again or "
               "held, and what took longer than `slow` is logged always; 0.0 is that alone.",
        .slot = at<&AccessLog::sample>},
    Key{.name = "slow",
        .type = Type::Duration,
        .fallback = "\"1s\"",
        .doc = "A request that took so long is logged whatever `sample` says; \"0s\" is off.",
        .slot = at<&AccessLog::slow>},
    Key{.name = "max_size",
        .type = Type::Size,
        .fallback = "\"0\"",
        .doc = "A file that is full is renamed to FILE.1, and FILE begins anew. \"0\" is no limit: somebody else rotates it, and "
               "sends SIGUSR1.",
        .slot = at<&AccessLog::max_size>},
    Key{.name = "max_age",
        .type = Type::Duration,
        .fallback = "\"0s\"",
        .doc = "The same for a file that is so old, as in \"24h\"; \"0s\" is no limit.",
        .slot = at<&AccessLog::max_age>},
    Key{.name = "keep",
        .type = Type::Integer,
        .fallback = "5",
        .doc = "How many full files are kept.",
        .slot = at<&AccessLog::keep>,
        .max = 1000},
    Key{.name = "max_total",
        .type = Type::Size,
        .fallback = "\"0\"",
        .doc = "Of all these files together: the oldest are deleted, and a file is full at half of it. \"0\" is no limit.",
        .slot = at<&AccessLog::max_total>},
    Key{.name = "min_free",
        .type = Type::Size,
        .fallback = "\"256MiB\"",
        .doc = "While the disk has less free, the file is not written, and the lines are counted as lost. \"0\" writes until the "
               "disk is full.",
        .slot = at<&AccessLog::min_free>},
};

}  // namespace frontdoor::config::schema::access_log_rows
