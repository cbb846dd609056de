#include "service/process/program_path.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace frontdoor {

namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr const char* kItself = "/proc/self/exe";

bool is_running_file(const std::string& path) {
  struct stat there {}, running {};
  return ::stat(path.c_str(), &there) == 0 && ::stat(kItself, &running) == 0 && there.st_dev == running.st_dev &&
         there.st_ino == running.st_ino;
}

}  // namespace

std::string program_path(const std::string& said, const ProgramSurroundings& surroundings) {
  if (said.find('/') != std::string::npos) {
    const std::string whole = said.front() == '/' ? said : surroundings.directory + '/' + said;
    if (surroundings.is_itself(whole)) return whole;
  } else {
    std::string_view rest = surroundings.path;
    while (!said.empty() && !rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::string whole = std::string(rest.substr(0, end)) + '/' + said;
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (whole.front() == '/' && surroundings.is_itself(whole)) return whole;
    }
  }
  // A name that somebody else has chosen, or a file that has been replaced already.
  std::string itself = surroundings.itself;
  if (itself.ends_with(kDeleted)) itself.resize(itself.size() - kDeleted.size());
  return itself;
}

void remember_program(const char* said) {
  if (said == nullptr || std::getenv(kProgramVariable) != nullptr) return;
  std::error_code unknown;
  ProgramSurroundings surroundings;
  surroundings.directory = std::filesystem::current_path(unknown).string();
  if (const char* path = std::getenv("PATH")) surroundings.path = path;
  surroundings.itself = std::filesystem::read_symlink(kItself, unknown).string();
  surroundings.is_itself = is_running_file;
  const std::string path = program_path(said, surroundings);
  if (!path.empty()) ::setenv(kProgramVariable, path.c_str(), 1);
}

}  // namespace frontdoor
