// Which files `watch` and `watch_ignore` name: paths with *, ?, [a-z], {a,b} and **, as shells know them. What is wrong
// with one is said here; what they match is supervisor/triggers/watch_patterns.h's. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/schema.h"

namespace frontdoor::config {

// "a.{js,ts}" is "a.js" and "a.ts". Of a pattern without problems.
std::vector<std::string> expand_braces(std::string_view pattern);

bool has_wildcard(std::string_view text);

std::string watch_pattern_problem(std::string_view pattern);   // "" is none
std::string watch_ignore_problem(std::string_view pattern);

void read_patterns(const schema::Key& key, const Value& value, std::vector<std::string>& patterns,
                   Diagnostics& diagnostics);

}  // namespace frontdoor::config
