#include "service/files/log_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace frontdoor {
namespace {

std::string user() {
  const uid_t id = ::geteuid();
  const passwd* entry = ::getpwuid(id);  // the control thread is the only one yet
  return entry != nullptr ? std::string(entry->pw_name) : "uid " + std::to_string(id);
}

std::string quoted_path(const std::string& path) { return '"' + path + '"'; }

std::string error_text(int error) { return std::error_code(error, std::generic_category()).message(); }

// As the user whose rights this process has. Root may do all but write to a file system that is read-only.
bool may(const std::string& path, int what) {
  return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}

std::string denied(const std::string& path, const std::string& act) {
  const int error = errno;
  if (error == EACCES) return "user " + user() + " may not " + act + " " + quoted_path(path);
  return quoted_path(path) + ": " + error_text(error);
}

std::string directory_problem(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return "the directory " + quoted_path(path) + " does not exist";
    return denied(path, "enter");
  }
  if (!S_ISDIR(info.st_mode)) return quoted_path(path) + " is no directory";
  return may(path, W_OK | X_OK) ? "" : denied(path, "create a file in");
}

}  // namespace

std::string log_file_problem(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return quoted_path(path) + " is a directory";
    return may(path, W_OK) ? "" : denied(path, "write to");
  }
  const auto parent = std::filesystem::path(path).parent_path();
  return directory_problem(parent.empty() ? "." : parent.string());
}

}  // namespace frontdoor
