// Plain text assembly; what it says is in the table. scripts/manual makes the manual page of the result, so
// it keeps to headings, paragraphs, lists and tables.

#include "cli/reference.h"

#include <algorithm>
#include <cctype>

#include "cli/commands.h"

namespace frontdoor::cli {
namespace {

constexpr std::string_view opening = R"(# frontdoor: the front door of your app instances

<!-- Written from the table in cli/commands.cpp. Do not edit: FRONTDOOR_UPDATE=1 cli_test writes it anew. -->
)";

constexpr std::string_view description = R"(
`frontdoor` takes every request for an app, knows which of its instances are well, and passes each request on to one of
them. It runs in the foreground until a signal ends it. What its config may say is in [fd.toml](config.md).

Messages go to standard error; what was asked for (`help`, `version`, `config show`, the "ok" of `check`) goes to
standard output. The event log goes to standard error: text on a terminal, JSON otherwise, unless `[log]` says which.
)";

constexpr std::string_view after_exit_statuses =
    "\n78 is `EX_CONFIG` of `sysexits.h`. Starting again will not help before the file changes; for "
    "systemd:\n"
    "`RestartPreventExitStatus=2 78`. Scripts may rely on these numbers; some may be added, none will "
    "change.\n\n"
    "`run --exit-with-child` ends with the app's own, whatever it is, also when it is told to stop: 128 + the signal's\n"
    "number where a signal has ended the app, 127 where it could not be started.\n";

std::string code(std::string_view text) { return '`' + std::string(text) + '`'; }

std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

void append_usage(std::string& out, const CommandInfo& command) {
  out += "\n```\n";
  for (const Row& row : command.usage) out += std::string(row.typed) + '\n';
  out += "```\n";
}

void append_rows(std::string& out, std::string_view left, const Section& section) {
  const bool explained =
      std::any_of(section.rows.begin(), section.rows.end(), [](const Row& row) { return !row.doc.empty(); });
  if (!explained) {
    out += "\n```\n";
    for (const Row& row : section.rows) out += std::string(row.typed) + '\n';
    out += "```\n";
    return;
  }
  out += "\n| " + std::string(left) + " | Meaning |\n|---|---|\n";
  for (const Row& row : section.rows) out += "| " + code(cell(row.typed)) + " | " + cell(row.doc) + " |\n";
}

void append_command(std::string& out, const CommandInfo& command) {
  out += "\n### " + code(command.name) + "\n\n";
  std::string title(command.title);
  title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
  out += title + ".\n";
  append_usage(out, command);
  if (!command.about.empty()) out += '\n' + std::string(command.about);
  if (!command.options.empty()) {
    out += "\n| Option | Meaning |\n|---|---|\n";
    for (const Option& option : command.options)
      out += "| " + code(option.usage()) + " | " + cell(option.doc) + " |\n";
  }
  for (const Section& section : command.sections)
    if (section.title != signals().title) append_rows(out, "Command", section);
}

}  // namespace

std::string reference_markdown() {
  std::string out(opening);
  out += "\n## Synopsis\n";
  append_usage(out, program);
  out += "\n## Description\n" + std::string(description);
  out += "\n## Commands\n";
  for (const CommandInfo& command : commands()) append_command(out, command);
  out += "\n## Signals\n";
  append_rows(out, "Signal", signals());
  out += "\n## Environment\n";
  append_rows(out, "Variable", {"Environment", environment()});
  out += "\n## Exit status\n\n| Status | Meaning | What to do |\n|---|---|---|\n";
  for (const ExitStatus& status : exit_statuses())
    out += "| " + code(status.number) + " | " + std::string(status.meaning) + " | " +
           std::string(status.remedy) + " |\n";
  out += after_exit_statuses;
  for (const Section& section : program.sections) {
    out += "\n## " + std::string(section.title) + '\n';
    append_rows(out, "Command", section);
  }
  return out;
}

}  // namespace frontdoor::cli
