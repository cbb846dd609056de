// The command line, each command and option once. Parsing, --help, shell completion and
// docs/reference/command-line.md (from which the manual page is made) all read this table. Constants; any
// thread. In the sentences, what one types stands between backquotes.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace frontdoor::cli {

struct Option {
  enum class Takes : std::uint8_t { Text, FileName, Nothing };

  std::string_view name;     // with its dashes
  std::string_view value;    // what help writes for its value: "FILE"; "" for one that takes nothing
  std::string_view example;  // of a value, for the message when it is missing
  std::string_view doc;
  Takes takes = Takes::Text;
  bool repeatable = false;

  std::string usage() const { return std::string(name) + (value.empty() ? "" : " ") + std::string(value); }
};

struct Row {
  std::string_view typed;
  std::string_view doc = "";
};

struct Section {
  std::string_view title;
  std::span<const Row> rows;
};

struct CommandInfo {
  std::string_view name;   // "config show" has two words; "" is the program itself
  std::string_view title;  // behind its name, at the top of its help
  std::string_view brief;  // in the list of commands
  std::span<const Row> usage;
  std::string_view about = "";  // whole lines
  std::span<const Option> options = {};
  std::span<const Section> sections = {};
  std::span<const std::string_view> words = {};  // what may stand behind it
  bool with_above = false;  // in the list of commands the one above it stands for both

  const Option* find(std::string_view option) const;
};

struct ExitStatus {
  std::string_view number;
  std::string_view brief;
  std::string_view meaning;
  std::string_view remedy;
};

extern const CommandInfo program;         // `frontdoor` alone, which takes the options of `run`
std::span<const CommandInfo> commands();  // in the order of the list
const CommandInfo* find_command(std::string_view name);
std::span<const ExitStatus> exit_statuses();  // those of exit_codes.h
const Section& instead_of_pm2();          // `frontdoor help pm2`
const Section& signals();                     // to a program that serves
std::span<const Row> environment();           // the variables that matter

}  // namespace frontdoor::cli
