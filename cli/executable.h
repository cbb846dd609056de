// Whether the command of `run -- COMMAND` can be executed at all. One that cannot is nearly always a slip of the pen, and
// is told in the shell's own way, with its statuses, instead of being tried again for ever. A config's command is: its
// file can be mended and read again while other pools serve; `frontdoor check` warns of it. Control thread, before anything
// is started.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace frontdoor::cli {

enum class FileKind : std::uint8_t { None, NotExecutable, Executable };  // a directory is not executable

struct ExecutableSurroundings {
  std::string path;  // PATH; "" = there is none
  std::function<FileKind(const std::string&)> look;
  std::function<std::vector<std::string>(const std::string&)> list;  // the names in a directory

  static ExecutableSurroundings of_this_process();
};

struct NotExecutable {
  int status = 0;  // 127: not found, 126: found, but not to be executed
  std::string what = {};
};

std::optional<NotExecutable> why_not_executable(const std::vector<std::string>& command,
                                                const ExecutableSurroundings& surroundings);

// Of a config's instances or checks: why it can not be executed, as far as this user can see; "" = it can.
std::string command_problem(const std::vector<std::string>& command, const ExecutableSurroundings& surroundings);
// With the directory, the PATH and the user that the process would have.
std::string command_problem_of(const config::Process& process, const std::vector<std::string>& command);
std::string directory_problem_of(const config::Process& process);

}  // namespace frontdoor::cli
