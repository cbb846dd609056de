#include "admin/socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "admin/place.h"
#include "base/address.h"

namespace frontdoor {

namespace {

constexpr std::size_t kLongestPath = 107;
constexpr int kBacklog = 128;
constexpr int kMostDead = 100;  // files of processes that have ended, removed at a time

// Two that start in the same moment must not take the same file over from a third. Whoever holds the lock needs it for
// a moment only; one that has been stopped in that moment is not waited for longer than this.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory)
      : fd_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    for (int tries = 0; fd_ >= 0 && tries < 50 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++tries) ::usleep(10'000);
  }
  ~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  const int fd_;
};

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What others that were killed have left there.
void remove_dead(const std::string& directory) {
  DIR* const entries = ::opendir(directory.c_str());
  if (entries == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name.starts_with("admin-") && name.ends_with(".sock") && names.size() < kMostDead) names.emplace_back(name);
  }
  ::closedir(entries);
  for (const std::string& name : names) {
    const std::string path = directory + '/' + name;
    if (look_at_socket(path).owner == SocketOwner::Dead) ::unlink(path.c_str());
  }
}

}  // namespace

SocketLook look_at_socket(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {errno == EACCES ? SocketOwner::Denied : SocketOwner::None, 0, 0};
  if (!S_ISSOCK(info.st_mode) || path.size() > kLongestPath) return {SocketOwner::Denied, 0, info.st_uid};
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {SocketOwner::Denied, 0, info.st_uid};
  const Endpoint endpoint = Endpoint::unix_path(path);
  SocketLook look{SocketOwner::Alive, 0, info.st_uid};
  if (::connect(fd, endpoint.data(), endpoint.size()) != 0) {
    // EAGAIN: so many wait for it that it must be alive.
    if (errno != EAGAIN) look.owner = errno == ECONNREFUSED ? SocketOwner::Dead : SocketOwner::Denied;
  } else {
    ucred listener{};
    socklen_t size = sizeof listener;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0) {
      look.pid = listener.pid;
      look.uid = listener.uid;
    }
  }
  ::close(fd);
  return look;
}

AdminSocket::AdminSocket(AdminSocket&& other) noexcept { *this = std::move(other); }

AdminSocket& AdminSocket::operator=(AdminSocket&& other) noexcept {
  if (this == &other) return *this;
  remove();
  borrowed_ = other.borrowed_;
  fd_ = std::exchange(other.fd_, -1);
  path_ = other.path_;
  device_ = other.device_;
  inode_ = other.inode_;
  group_ = other.group_;
  error_ = other.error_;
  warning_ = other.warning_;
  return *this;
}

AdminSocket AdminSocket::open(const AdminSocketOptions& options) {
  AdminSocket made;
  if (!options.path.empty()) {
    const DirectoryLock lock(directory_of(options.path));
    made.listen_at(options.path, options);
    return made;
  }
  std::string reasons;
  for (const std::string& directory : options.directories) {
    std::string reason = prepare_directory(directory);
    if (reason.empty()) {
      const DirectoryLock lock(directory);
      remove_dead(directory);
      if (made.listen_at(directory + "/admin.sock", options)) return made;
      if (made.listen_at(directory + "/admin-" + std::to_string(options.main_pid) + ".sock", options)) return made;
      reason = made.error_;
    }
    reasons += (reasons.empty() ? "" : "; ") + directory + ": " + reason;
  }
  made.error_ = reasons.empty() ? "this user has no directory for it" : reasons;
  return made;
}

// Nobody can connect before it has its owner and mode, since only then it listens; nobody sees the name before that.
bool AdminSocket::listen_at(const std::string& path, const AdminSocketOptions& options) {
  error_.clear();
  warning_.clear();
  group_.reset();
  const SocketLook there = look_at_socket(path);
  const bool leaving = there.owner == SocketOwner::Alive && options.is_leaving(there.pid);
  if (there.owner == SocketOwner::Denied) error_ = "there is a file that is no socket of ours";
  if (there.owner == SocketOwner::Alive && !leaving)
    error_ = "in use by pid " + std::to_string(there.pid);
  const std::string draft = path + '.' + std::to_string(::getpid());
  if (error_.empty() && draft.size() > kLongestPath) error_ = "the path is too long";
  if (!error_.empty()) return false;

  ::unlink(draft.c_str());
  const Endpoint endpoint = Endpoint::unix_path(draft);
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct stat info {};
  // The file is made with the socket's mode. No path is followed: it may have become a link.
  const bool bound = fd_ >= 0 && ::fchmod(fd_, 0600) == 0 && ::bind(fd_, endpoint.data(), endpoint.size()) == 0;
  if (bound && ::lstat(draft.c_str(), &info) == 0) {
    give_to_group(draft, options.group);
    // Only over what was looked at: whoever came meanwhile without asking for the lock stays.
    const unsigned flags = there.owner == SocketOwner::None ? RENAME_NOREPLACE : 0u;
    const bool named = ::listen(fd_, kBacklog) == 0 &&
                       (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), flags) == 0 ||
                        (errno == EINVAL && ::rename(draft.c_str(), path.c_str()) == 0));
    if (named) {
      path_ = path;
      device_ = info.st_dev;
      inode_ = info.st_ino;
      return true;
    }
  }
  error_ = std::strerror(errno);
  if (bound) ::unlink(draft.c_str());
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  return false;
}

void AdminSocket::give_to_group(const std::string& draft, const std::string& group) {
  if (group.empty()) return;
  std::array<char, 16 * 1024> room;
  struct ::group entry {};
  struct ::group* found = nullptr;
  if (::getgrnam_r(group.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    warning_ = "there is no group " + group;
  } else if (::lchown(draft.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0 ||
             ::fchmodat(AT_FDCWD, draft.c_str(), 0660, AT_SYMLINK_NOFOLLOW) != 0) {
    warning_ = "it can not be given to the group " + group + ": " + std::strerror(errno);
  } else {
    group_ = found->gr_gid;
  }
}

AdminSocket AdminSocket::adopt(int fd, const std::string& path, std::uint64_t device, std::uint64_t inode) {
  AdminSocket adopted;
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0 || there.st_dev != device || there.st_ino != inode) {
    ::close(fd);
    return adopted;
  }
  adopted.fd_ = fd;
  adopted.borrowed_ = true;
  adopted.path_ = path;
  adopted.device_ = device;
  adopted.inode_ = inode;
  if ((there.st_mode & S_IRWXG) != 0) adopted.group_ = there.st_gid;
  ::listen(fd, kBacklog);  // whoever looks at it finds this process (SO_PEERCRED)
  return adopted;
}

void AdminSocket::leave() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string AdminSocket::identity() const {
  return path_ + ' ' + std::to_string(device_) + ':' + std::to_string(inode_);
}

// While the socket is open, so that the number of a removed file's inode is not in use again.
void AdminSocket::remove() {
  if (fd_ < 0) return;
  if (borrowed_) return leave();
  struct stat there {};
  if (::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
  ::close(std::exchange(fd_, -1));
}

}  // namespace frontdoor
