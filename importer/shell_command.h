// What a line of shell, as a Procfile or a package.json has it, becomes: a command of its own where the line is one,
// and a shell where it takes one. In between would stand a process that hears signals in the app's place and hides how
// it has ended, so the shell makes way for the app (exec) where that changes nothing. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/imported_app.h"

namespace frontdoor::importer {

struct ShellCommand {
  std::vector<std::string> words = {};      // argv
  Variables env = {};                       // NODE_ENV=production in front of the command
  std::optional<std::string> port = {};     // a PORT= in front of it, which is frontdoor's to give
  bool by_shell = false;                    // argv is a shell
  bool sets_port = false;                   // somewhere in the shell's text, where it can not be taken out
};

// The error is fit to stand behind "FILE:LINE: ".
boost::system::result<ShellCommand, std::string> to_command(std::string_view line);

// The argv of a shell that runs this text, which may be several commands.
std::vector<std::string> shell_argv(std::string_view text);

// `cd app && node server.js` becomes `cd app && exec node server.js`; texts whose last command is not surely a simple
// one stay as they are.
std::string with_exec(std::string_view line);

// Whether a variable of this name is assigned somewhere in it.
bool assigns(std::string_view line, std::string_view name);

}  // namespace frontdoor::importer
