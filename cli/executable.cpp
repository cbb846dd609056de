#include "cli/executable.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "cli/exit_codes.h"
#include "config/suggest.h"

namespace frontdoor::cli {
namespace {

constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

FileKind look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FileKind::None;
  return S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0 ? FileKind::Executable : FileKind::NotExecutable;
}

std::vector<std::string> list_directory(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  return names;
}

// As execvp reads PATH: an empty entry is the current directory.
std::vector<std::string> directories_of(std::string_view path) {
  std::vector<std::string> found;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find(':', from), path.size());
    found.emplace_back(to == from ? std::string_view(".") : path.substr(from, to - from));
    from = to + 1;
  }
  return found;
}

// "" where the name does not tell.
std::string interpreter_of(std::string_view file) {
  if (file.ends_with(".js") || file.ends_with(".mjs") || file.ends_with(".cjs")) return "node";
  if (file.ends_with(".py")) return "python3";
  if (file.ends_with(".rb")) return "ruby";
  if (file.ends_with(".sh")) return "sh";
  return "";
}

std::string did_you_mean(const std::string& command, const std::vector<std::string>& directories,
                         const ExecutableSurroundings& surroundings) {
  const auto mean = [](const std::string& what) { return ", did you mean -- " + what + "?"; };
  const std::string interpreter = interpreter_of(command);
  const FileKind here = surroundings.look(command);
  if (here != FileKind::None && !interpreter.empty()) return mean(interpreter + " " + command);
  if (command.find('/') != std::string::npos) return "";
  if (here == FileKind::Executable) return mean("./" + command);
  std::vector<std::string> names;
  for (const std::string& directory : directories)
    for (std::string& name : surroundings.list(directory)) names.push_back(std::move(name));
  std::vector<std::string_view> views(names.begin(), names.end());
  const auto nearest = config::nearest(command, views);
  return nearest ? mean(std::string(*nearest)) : "";
}

}  // namespace

ExecutableSurroundings ExecutableSurroundings::of_this_process() {
  const char* const path = std::getenv("PATH");
  return {path == nullptr || *path == '\0' ? kDefaultPath : path, look_at, list_directory};
}

std::optional<NotExecutable> why_not_executable(const std::vector<std::string>& command,
                                                const ExecutableSurroundings& surroundings) {
  const std::string& program = command.front();
  const auto directories = directories_of(surroundings.path);
  FileKind best = FileKind::None;
  if (program.find('/') != std::string::npos) {
    best = surroundings.look(program);
  } else {
    for (const std::string& directory : directories) best = std::max(best, surroundings.look(directory + '/' + program));
  }
  if (best == FileKind::Executable) return std::nullopt;
  const bool found = best == FileKind::NotExecutable;
  return NotExecutable{found ? kExitNotExecutable : kExitNotFound,
                       (found ? "not executable: " : "command not found: ") + program +
                           did_you_mean(program, directories, surroundings)};
}

}  // namespace frontdoor::cli
