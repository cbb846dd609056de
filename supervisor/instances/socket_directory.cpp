#include "supervisor/instances/socket_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace frontdoor {

namespace {

constexpr std::string_view kPrefix = "frontdoor-";
constexpr std::size_t kRandom = 6;  // what mkdtemp replaces
constexpr std::size_t kLongestPath = sizeof(sockaddr_un{}.sun_path) - 1;
constexpr std::size_t kLongestSocket = 12;  // "/notify.sock"
constexpr int kMostOfOneName = 100'000;     // instances of one name that live at a time, and that others left

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(path.c_str());
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(directory);
  return names;
}

void remove_all(const std::string& path) {
  for (const std::string& instance : names_in(path)) SocketDirectory::remove(path + '/' + instance);
  ::rmdir(path.c_str());
}

// The directory itself can be locked: there is no file to leave behind.
OwnedFd open_and_lock(const std::string& path) {
  OwnedFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!directory.valid() || ::fstat(directory.get(), &info) != 0 || info.st_uid != ::geteuid()) return {};
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return {};
  return directory;
}

// Nobody holds a lock on what a killed front door has left.
void clear_leftovers(const std::string& place) {
  for (const std::string& name : names_in(place)) {
    if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kRandom) continue;
    const std::string path = place + '/' + name;
    if (const OwnedFd lock = open_and_lock(path); lock.valid()) remove_all(path);
  }
}

bool fits(const std::string& path) { return path.size() + kLongestSocket <= kLongestPath; }

}  // namespace

std::vector<std::string> SocketDirectory::usual_places() {
  std::vector<std::string> places;
  const auto add = [&](const char* variable) {
    const char* const value = std::getenv(variable);
    if (!value || value[0] != '/') return;
    const std::string_view first = std::string_view(value).substr(0, std::string_view(value).find(':'));
    if (first.find('\n') == std::string_view::npos) places.emplace_back(first);
  };
  add("RUNTIME_DIRECTORY");  // RuntimeDirectory= of a unit
  if (::geteuid() == 0)
    places.emplace_back("/run");  // of root's own directory below it no other user may enter anything
  else
    add("XDG_RUNTIME_DIR");
  places.emplace_back("/tmp");
  return places;
}

SocketDirectory::SocketDirectory(std::vector<std::string> places) : places_(std::move(places)) {}

SocketDirectory::~SocketDirectory() {
  if (!path_.empty()) remove_all(path_);
}

void SocketDirectory::adopt(std::string path, OwnedFd lock) {
  path_ = std::move(path);
  lock_ = std::move(lock);
}

std::string SocketDirectory::open() {
  std::string problem = "there is no place for it";
  for (const std::string& place : places_) {
    clear_leftovers(place);
    for (int tried = 0; tried < 3; ++tried) {
      std::string path = place + '/' + std::string(kPrefix) + std::string(kRandom, 'X');
      if (::mkdtemp(path.data()) == nullptr) {
        problem = place + ": " + std::strerror(errno);
        break;
      }
      // Another one that starts in this moment may take it for a leftover, which it then takes away: once more.
      OwnedFd lock = open_and_lock(path);
      struct stat info {};
      if (!lock.valid() || ::stat(path.c_str(), &info) != 0) continue;
      if (::geteuid() == 0) ::chmod(path.c_str(), 0711);  // instances of other users pass through
      adopt(std::move(path), std::move(lock));
      return "";
    }
  }
  return problem;
}

SocketDirectory::Made SocketDirectory::make(const std::string& instance, const std::optional<ProcessIdentity>& owner) {
  if (path_.empty()) {
    if (std::string problem = open(); !problem.empty()) return {"", std::move(problem)};
  }
  for (int number = 1; number < kMostOfOneName; ++number) {
    // The old and the new one of a roll have the same name.
    std::string path = path_ + '/' + instance + (number == 1 ? "" : '-' + std::to_string(number));
    if (!fits(path)) path = path_ + '/' + std::to_string(number);  // the name is for people; the number will do
    if (!fits(path)) return {"", path + " is too long for a unix socket's path"};
    if (::mkdir(path.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      if (errno == ENOENT && ::access(path_.c_str(), F_OK) != 0 && open().empty()) {  // somebody has cleared it away
        number = 0;
        continue;
      }
      return {"", path + ": " + std::strerror(errno)};
    }
    if (!give(path, owner)) {
      const std::string problem = path + ": " + std::strerror(errno);
      ::rmdir(path.c_str());
      return {"", problem};
    }
    return {std::move(path), ""};
  }
  return {"", path_ + " is full"};
}

bool SocketDirectory::give(const std::string& path, const std::optional<ProcessIdentity>& owner) {
  return !owner || ::lchown(path.c_str(), owner->uid, owner->gid) == 0;
}

// Only what we know of: whatever else an app has put there is its own affair, and may be a lot.
void SocketDirectory::remove(const std::string& path) {
  for (const char* const socket : {kServingSocket, kNotifySocket}) ::unlink((path + '/' + socket).c_str());
  ::rmdir(path.c_str());
}

}  // namespace frontdoor
