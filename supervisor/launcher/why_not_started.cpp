#include "supervisor/launcher/why_not_started.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace frontdoor {

namespace {

// Where the command's file is, if it names one; as the launcher finds it, from the directory that it enters.
std::string file_of(const LaunchRequest& request) {
  const std::string& command = request.command.front();
  if (command.find('/') == std::string::npos) return "";
  const bool relative = command.front() != '/' && !request.directory.empty();
  return relative ? request.directory + '/' + command : command;
}

// "/usr/bin/env" of "#!/usr/bin/env node"; "" for what is no script.
std::string interpreter_of(const std::string& file) {
  std::array<char, 256> line{};
  std::FILE* const in = std::fopen(file.c_str(), "re");
  if (!in) return "";
  const bool read = std::fgets(line.data(), static_cast<int>(line.size()), in) != nullptr;
  std::fclose(in);
  std::string_view text(line.data());
  if (!read || !text.starts_with("#!")) return "";
  text.remove_prefix(2);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return std::string(text.substr(0, text.find_first_of(" \t\n")));
}

std::string user_of(const LaunchRequest& request) {
  return request.identity ? " (as user " + std::to_string(request.identity->uid) + ")" : "";
}

std::string not_found(const LaunchRequest& request) {
  const std::string& command = request.command.front();
  const std::string file = file_of(request);
  struct stat info {};
  if (file.empty() || ::stat(file.c_str(), &info) != 0) return "command not found: " + command;
  // The file is there: it is what it wants to be run by that is not.
  std::string interpreter = interpreter_of(file);
  if (interpreter.empty()) return command + " is there, but not the loader that it was linked for";
  if (interpreter.back() == '\r') {
    interpreter.pop_back();
    return "bad interpreter: the first line of " + command + " ends with a carriage return, as Windows writes it, behind " +
           interpreter;
  }
  return "bad interpreter: " + command + " wants " + interpreter + ", which does not exist";
}

// As on a network file system whose server has gone.
std::string where_it_hangs(const LaunchRequest& request) {
  return (request.directory.empty() ? std::string("its file") : "its file or its directory " + request.directory) + " does not answer";
}

std::string not_executable(const LaunchRequest& request) {
  const std::string& command = request.command.front();
  const std::string file = file_of(request);
  struct stat info {};
  if (!file.empty() && ::stat(file.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return command + " is a directory";
  return "not executable: " + command + user_of(request);
}

}  // namespace

std::string why_not_started(const LaunchRequest& request, const LaunchFailure& failure) {
  const std::string reason = std::strerror(failure.error);
  switch (failure.stage) {
    case LaunchStage::Exec:
      if (failure.error == ENOENT) return not_found(request);
      if (failure.error == EACCES) return not_executable(request);
      if (failure.error == ETIMEDOUT) return request.command.front() + " could not be executed in time: " + where_it_hangs(request);
      return request.command.front() + ": " + reason;
    case LaunchStage::Directory:
      return "directory " + request.directory + ": " + reason + (failure.error == EACCES ? user_of(request) : "");
    case LaunchStage::Identity:
      return "cannot become the user: " + reason;
    case LaunchStage::Limits:
      return "cannot set a resource limit: " + reason +
             (failure.error == EPERM ? " (only root may have more than the hard limit)" : "");
    case LaunchStage::Fork:
      return "no process can be started: " + reason;
    case LaunchStage::Protocol:
      return "the launcher did not understand the request";
    case LaunchStage::LauncherGone:
      return "the launcher has gone, and nothing is started any more";
    case LaunchStage::None:
      break;
  }
  return "not started";
}

}  // namespace frontdoor
