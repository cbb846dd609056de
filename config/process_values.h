// The values of a pool that are about its instances and have a form of their own: the command, its variables,
// its stop signal. Both ways.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.h"
#include "config/schema.h"

namespace frontdoor::config {

void read_command(const schema::Key& key, const Value& value, std::vector<std::string>& command,
                  Diagnostics& diagnostics);
std::string format_command(const std::vector<std::string>& command);

void read_variables(const schema::Key& key, const Value& value,
                    std::vector<std::pair<std::string, std::string>>& variables, Diagnostics& diagnostics);
std::string format_variables(const std::vector<std::pair<std::string, std::string>>& variables);

// "SIGTERM", "TERM" or "15"; nothing for what is no signal that a process could be asked with.
std::optional<int> parse_signal(std::string_view text);

}  // namespace frontdoor::config
