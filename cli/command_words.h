// The words behind a command, sorted by its table (cli/commands.h): options with their values, and everything else. What no
// command of the kind could mean is an error here already. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <charconv>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/commands.h"

namespace frontdoor::cli {

struct Words {
  std::map<std::string_view, std::vector<std::string>> options;
  std::vector<std::string> plain;
  std::optional<std::vector<std::string>> behind_dashes;  // what follows a lone --
  bool help = false;

  bool has(std::string_view option) const { return options.contains(option); }
  std::string value(std::string_view option) const { return has(option) ? options.at(option).front() : ""; }
};

boost::system::result<Words, UsageError> sort_words(const std::vector<std::string>& words, const CommandInfo& command);
// Of a command that asks a running frontdoor: with so many plain words at most, unless help is wanted.
boost::system::result<Words, UsageError> control_words(const std::vector<std::string>& arguments, const std::string& topic,
                                                       std::size_t most_plain);

// ", did you mean "status"?", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);
UsageError unexpected(std::string_view word, const std::string& topic);

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace frontdoor::cli
