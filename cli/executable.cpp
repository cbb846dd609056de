#include "cli/executable.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/search_path.h"
#include "config/suggest.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {
namespace {

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

// "" where the name does not tell.
std::string interpreter_of(std::string_view file) {
  if (file.ends_with(".js") || file.ends_with(".mjs") || file.ends_with(".cjs")) return "node";
  if (file.ends_with(".py")) return "python3";
  if (file.ends_with(".rb")) return "ruby";
  if (file.ends_with(".sh")) return "sh";
  return "";
}

// What was meant, perhaps; "" = nobody knows.
std::string meant_by(const std::string& command, const std::vector<std::string>& directories,
                     const ExecutableSurroundings& surroundings) {
  const std::string interpreter = interpreter_of(command);
  const FileKind here = surroundings.look(command);
  if (here != FileKind::None && !interpreter.empty()) return interpreter + " " + command;
  if (command.find('/') != std::string::npos) return "";
  if (here == FileKind::Executable) return "./" + command;
  std::vector<std::string> names;
  for (const std::string& directory : directories)
    for (std::string& name : surroundings.list(directory)) names.push_back(std::move(name));
  std::vector<std::string_view> views(names.begin(), names.end());
  const auto nearest = config::nearest(command, views);
  return nearest ? std::string(*nearest) : "";
}

struct NoExecutable {
  FileKind best = FileKind::None;
  std::string meant = {};
};

std::optional<NoExecutable> look_for(const std::string& program, const ExecutableSurroundings& surroundings) {
  const auto directories = directories_of_path(surroundings.path);
  FileKind best = FileKind::None;
  if (program.find('/') != std::string::npos) {
    best = surroundings.look(program);
  } else {
    for (const std::string& directory : directories) best = std::max(best, surroundings.look(directory + '/' + program));
  }
  if (best == FileKind::Executable) return std::nullopt;
  return NoExecutable{best, meant_by(program, directories, surroundings)};
}

// Of the environment that the process will have.
std::string path_of(const config::Process& process) {
  const char* const ours = std::getenv("PATH");
  std::string path = ours == nullptr ? "" : ours;
  for (const auto* const variables : {&process.file_env, &process.env})
    for (const auto& [name, value] : *variables)
      if (name == "PATH") path = value;
  return path;
}

// Another user may see what we do not, and may execute what we may not: only what nobody has is missing.
FileKind look_as_another(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno == ENOENT || errno == ENOTDIR ? FileKind::None : FileKind::Executable;
  return S_ISREG(info.st_mode) && (info.st_mode & 0111) != 0 ? FileKind::Executable : FileKind::NotExecutable;
}

}  // namespace

ExecutableSurroundings ExecutableSurroundings::of_this_process() {
  const char* const path = std::getenv("PATH");
  return {path == nullptr ? "" : path, look_at, list_directory};
}

std::optional<NotExecutable> why_not_executable(const std::vector<std::string>& command,
                                                const ExecutableSurroundings& surroundings) {
  const std::string& program = command.front();
  const auto missing = look_for(program, surroundings);
  if (!missing) return std::nullopt;
  const bool found = missing->best == FileKind::NotExecutable;
  return NotExecutable{found ? kExitNotExecutable : kExitNotFound,
                       (found ? "not executable: " : "command not found: ") + program +
                           (missing->meant.empty() ? "" : ", did you mean -- " + missing->meant + '?')};
}

std::string command_problem(const std::vector<std::string>& command, const ExecutableSurroundings& surroundings) {
  const std::string& program = command.front();
  const auto missing = look_for(program, surroundings);
  if (!missing) return "";
  const bool is_path = program.find('/') != std::string::npos;
  return config::quote(program) +
         (missing->best == FileKind::NotExecutable ? " is not executable" : is_path ? " does not exist" : " is not found in PATH") +
         (missing->meant.empty() ? "" : ", did you mean " + config::quote(missing->meant) + '?');
}

std::string command_problem_of(const config::Process& process, const std::vector<std::string>& command) {
  const auto from_directory = [&](const std::string& path) {
    return process.directory.empty() || path.starts_with('/') ? path : process.directory + '/' + path;
  };
  const bool another = !process.user.empty() || !process.group.empty();
  ExecutableSurroundings surroundings;
  surroundings.path = path_of(process);
  surroundings.look = [&](const std::string& path) {
    return another ? look_as_another(from_directory(path)) : look_at(from_directory(path));
  };
  surroundings.list = [&](const std::string& path) { return list_directory(from_directory(path)); };
  return command_problem(command, surroundings);
}

std::string directory_problem_of(const config::Process& process) {
  const std::string& directory = process.directory;
  struct stat info {};
  if (::stat(directory.c_str(), &info) == 0) return S_ISDIR(info.st_mode) ? "" : config::quote(directory) + " is no directory";
  if (errno != ENOENT && errno != ENOTDIR) return "";  // another user may see it
  std::error_code unknown;
  return config::quote(directory) + " does not exist" +
         (directory.starts_with('/') ? "" : " in " + std::filesystem::current_path(unknown).string() + ", where frontdoor would be started");
}

}  // namespace frontdoor::cli
