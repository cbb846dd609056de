#include "admin/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace frontdoor {

namespace {

namespace fs = std::filesystem;

constexpr const char* kServices = "/run/frontdoor";
constexpr std::size_t kMostSockets = 1'000;  // more than this are not looked at

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool absolute(const std::string& path) { return path.starts_with('/'); }

void add(std::vector<std::string>& directories, std::string directory) {
  if (std::find(directories.begin(), directories.end(), directory) == directories.end())
    directories.push_back(std::move(directory));
}

// "" or what is wrong with it.
std::string why_not_private(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return std::strerror(errno);
  struct stat info {};
  const bool seen = ::fstat(fd, &info) == 0;
  ::close(fd);
  if (!seen) return std::strerror(errno);
  if (info.st_uid != ::geteuid() && info.st_uid != 0) return "it belongs to somebody else";
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "others may write there";
  return "";
}

void collect_sockets(const fs::path& directory, std::vector<std::string>& found) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unreadable;
    if (name.starts_with("admin") && name.ends_with(".sock") && found.size() < kMostSockets &&
        entry->symlink_status(unreadable).type() == fs::file_type::socket)
      found.push_back(entry->path().string());
  }
}

// The directories below one, which belong to services or users.
std::vector<fs::path> below(const char* directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unreadable;
    if (found.size() < kMostSockets && entry->symlink_status(unreadable).type() == fs::file_type::directory)
      found.push_back(entry->path());
  }
  return found;
}

}  // namespace

AdminSurroundings AdminSurroundings::of_this_process() {
  return {::geteuid(), variable("RUNTIME_DIRECTORY"), variable("XDG_RUNTIME_DIR"), variable("XDG_STATE_HOME"),
          variable("HOME"), variable("STATE_DIRECTORY")};
}

std::vector<std::string> admin_directories(const AdminSurroundings& surroundings) {
  std::vector<std::string> directories;
  const std::string given = surroundings.runtime_directory.substr(0, surroundings.runtime_directory.find(':'));
  if (absolute(given)) add(directories, given);
  if (surroundings.user == 0) {
    add(directories, kServices);
    return directories;
  }
  if (absolute(surroundings.xdg_runtime)) add(directories, surroundings.xdg_runtime + "/frontdoor");
  add(directories, "/run/user/" + std::to_string(surroundings.user) + "/frontdoor");
  if (const std::string state = state_directory(surroundings); !state.empty()) add(directories, state + "/run");
  return directories;
}

std::string state_directory(const AdminSurroundings& surroundings) {
  if (absolute(surroundings.xdg_state)) return surroundings.xdg_state + "/frontdoor";
  if (surroundings.user == 0) return "/var/log/frontdoor";
  if (absolute(surroundings.home)) return surroundings.home + "/.local/state/frontdoor";
  return "";
}

std::string state_file_directory(const AdminSurroundings& surroundings) {
  const std::string given = surroundings.state_directory.substr(0, surroundings.state_directory.find(':'));
  if (absolute(given)) return given;
  return surroundings.user == 0 ? "/var/lib/frontdoor" : state_directory(surroundings);
}

std::string prepare_directory(const std::string& directory) {
  const mode_t mode = directory == kServices ? 0755 : 0700;  // a group may have to pass through the former
  std::error_code error;
  const fs::path path(directory);
  if (directory.find("/.local/state") != std::string::npos || directory.ends_with("/frontdoor/run"))
    fs::create_directories(path.parent_path(), error);
  if (::mkdir(directory.c_str(), mode) == 0) ::chmod(directory.c_str(), mode);  // whatever the umask
  return why_not_private(directory);
}

std::vector<std::string> find_admin_sockets(const AdminSurroundings& surroundings) {
  std::vector<std::string> found;
  for (const std::string& directory : admin_directories(surroundings)) collect_sockets(directory, found);
  collect_sockets(kServices, found);
  for (const fs::path& service : below(kServices)) collect_sockets(service, found);
  if (surroundings.user == 0)
    for (const fs::path& user : below("/run/user")) collect_sockets(user / "frontdoor", found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace frontdoor
