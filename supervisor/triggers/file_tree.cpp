#include "supervisor/triggers/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace frontdoor {

namespace {

// A file that is kept open and written to (a log) does not call; one that was closed does.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

std::string child(const std::string& path, const std::string& name) {
  return path == "/" ? path + name : path + '/' + name;
}

std::string system_limit(const char* name) { return std::string("fs.inotify.") + name; }

}  // namespace

struct FileTree::Entries {
  std::map<std::string, Stamp> files;
  std::map<std::string, std::uint64_t> below;
};

FileTree::FileTree(WatchPatterns patterns, FileTreeOptions options)
    : patterns_(std::move(patterns)), options_(std::move(options)) {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat file{};
    if (::fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) own_.insert({file.st_dev, file.st_ino});
  }
  inotify_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify_ >= 0) return;
  polls_ = true;
  trouble("files can not be watched (" + std::string(std::strerror(errno)) + "; " +
          system_limit("max_user_instances") + "), they are looked at every two seconds instead");
}

FileTree::~FileTree() {
  if (inotify_ >= 0) ::close(inotify_);
}

void FileTree::trouble(const std::string& text) {
  if (told_.insert(text).second) troubles_.push_back(text);
}

bool FileTree::is_root(const std::string& path) const {
  return std::find(patterns_.roots().begin(), patterns_.roots().end(), path) != patterns_.roots().end();
}

bool FileTree::take_events() {
  if (inotify_ < 0) return false;
  bool any = false;
  alignas(inotify_event) std::array<char, 16 * 1024> block;
  for (ssize_t size = 0; (size = ::read(inotify_, block.data(), block.size())) > 0;) {
    for (const char* at = block.data(); at < block.data() + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        look_everywhere();
        any = true;
        continue;
      }
      const auto watched = by_watch_.find(event->wd);
      if (watched == by_watch_.end()) continue;
      dirty_.insert(watched->second);
      any = true;
      if ((event->mask & IN_IGNORED) == 0) continue;
      directories_[watched->second].watch = -1;  // it has gone
      by_watch_.erase(watched);
    }
  }
  return any;
}

// A root has nobody above it who would tell that it came, went or is another one.
bool FileTree::check_roots() {
  bool any = false;
  for (const std::string& root : patterns_.roots()) {
    struct stat file{};
    const bool there = ::stat(root.c_str(), &file) == 0 && S_ISDIR(file.st_mode);
    const auto known = directories_.find(root);
    const bool same = known != directories_.end() && !missing_.contains(root) &&
                      known->second.identity == Identity{file.st_dev, file.st_ino};
    if (there ? same : missing_.contains(root)) continue;
    dirty_.insert(root);
    any = true;
  }
  return any;
}

std::vector<std::string> FileTree::look() {
  std::vector<std::string> changed;
  const bool everywhere = std::exchange(everywhere_, false);
  std::set<std::string> dirty = std::exchange(dirty_, {});
  if (everywhere) dirty = {patterns_.roots().begin(), patterns_.roots().end()};
  for (const std::string& path : dirty)
    if (is_root(path) || directories_.contains(path)) scan(path, everywhere, changed);
  if (!std::exchange(looked_, true)) return {};
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  for (std::string& path : changed) path = patterns_.shown(path);
  return changed;
}

void FileTree::scan(const std::string& path, bool deep, std::vector<std::string>& changed) {
  if (options_.go_on && !options_.go_on()) return;
  const bool root = is_root(path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (root ? 0 : O_NOFOLLOW));
  if (fd < 0) {
    // What is in a root that has gone for a moment is not gone yet.
    if (!root) return forget(path, changed);
    if (missing_.insert(path).second && errno != ENOENT)
      trouble("cannot look into " + path + ": " + std::strerror(errno));
    if (const auto known = directories_.find(path); known != directories_.end()) unwatch(path, known->second);
    return;
  }
  struct stat file{};
  ::fstat(fd, &file);
  const bool known = directories_.contains(path);
  if (!known && directories_.size() >= options_.most_directories) {
    ::close(fd);
    return trouble("more than " + std::to_string(options_.most_directories) +
                   " directories are to be watched, the others are not: name fewer in watch, or more in watch_ignore");
  }
  Directory& directory = directories_[path];
  const Identity identity{file.st_dev, file.st_ino};
  if (missing_.erase(path) != 0 || directory.identity != identity) {
    unwatch(path, directory);
    directory.identity = identity;
    deep = true;
  }
  watch(path, directory);  // before it is read: what changes from here on calls
  Entries now = read(fd, path);
  compare(path, directory, std::move(now.files), changed);
  const auto before = std::exchange(directory.below, std::move(now.below));
  const auto below = directory.below;  // a scan moves directories about
  for (const auto& [name, inode] : before)
    if (!below.contains(name)) forget(child(path, name), changed);
  for (const auto& [name, inode] : below) {
    const auto earlier = before.find(name);
    if (deep || earlier == before.end() || earlier->second != inode) scan(child(path, name), true, changed);
  }
}

FileTree::Entries FileTree::read(int fd, const std::string& path) {
  Entries entries;
  DIR* const directory = ::fdopendir(fd);
  if (!directory) {
    ::close(fd);
    return entries;
  }
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    unsigned char type = entry->d_type;
    struct stat file{};
    if (type == DT_UNKNOWN && ::fstatat(fd, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0)
      type = static_cast<unsigned char>(S_ISDIR(file.st_mode) ? DT_DIR : S_ISLNK(file.st_mode) ? DT_LNK : DT_REG);
    const std::string full = child(path, name);
    if (type == DT_DIR) {
      if (patterns_.may_contain(full)) entries.below.emplace(name, entry->d_ino);
      continue;
    }
    if ((type != DT_REG && type != DT_LNK) || !patterns_.matches(full)) continue;
    if (::fstatat(fd, entry->d_name, &file, 0) != 0 || !S_ISREG(file.st_mode)) continue;
    const Identity identity{file.st_dev, file.st_ino};
    if (is_own(full, identity)) continue;
    if (file_count_ + entries.files.size() >= options_.most_files) {
      trouble("more than " + std::to_string(options_.most_files) +
              " files are to be watched, the others are not: name fewer in watch, or more in watch_ignore");
      break;
    }
    const std::int64_t modified = std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
    entries.files.emplace(name, Stamp{identity, modified, static_cast<std::uint64_t>(file.st_size)});
  }
  ::closedir(directory);
  return entries;
}

// "access.log" is ours, and so are "access.log.1" and "access.log-20261128".
bool FileTree::is_own(const std::string& path, const Identity& identity) const {
  if (own_.contains(identity)) return true;
  const auto slash = path.rfind('/');
  for (const LogFileName& log : options_.logs)
    if (path.substr(0, slash) == log.directory() && log.generation(path.substr(slash + 1))) return true;
  return std::any_of(options_.own_files.begin(), options_.own_files.end(), [&](const std::string& own) {
    return path.starts_with(own) && (path.size() == own.size() || path[own.size()] == '.' || path[own.size()] == '-');
  });
}

void FileTree::compare(const std::string& path, Directory& directory, std::map<std::string, Stamp> now,
                       std::vector<std::string>& changed) {
  for (const auto& [name, stamp] : now) {
    const auto before = directory.files.find(name);
    if (before == directory.files.end() || before->second != stamp) changed.push_back(child(path, name));
  }
  for (const auto& [name, stamp] : directory.files)
    if (!now.contains(name)) changed.push_back(child(path, name));
  file_count_ = file_count_ + now.size() - directory.files.size();
  directory.files = std::move(now);
}

void FileTree::watch(const std::string& path, Directory& directory) {
  if (directory.watch >= 0 || inotify_ < 0) return;
  if (by_watch_.size() >= options_.most_watches) {
    polls_ = true;
    return trouble("more directories are to be watched than frontdoor does for a pool (" +
                   std::to_string(options_.most_watches) + "), all are looked at every two seconds instead");
  }
  directory.watch = ::inotify_add_watch(inotify_, path.c_str(), kEvents | (is_root(path) ? 0 : IN_DONT_FOLLOW));
  if (directory.watch >= 0) {
    by_watch_[directory.watch] = path;
  } else if (errno == ENOSPC || errno == ENOMEM) {
    polls_ = true;
    trouble("no more directories can be watched (" + system_limit("max_user_watches") +
            "), all are looked at every two seconds instead");
  }
}

// The same directory may be watched by another path already, after it was moved.
void FileTree::unwatch(const std::string& path, Directory& directory) {
  const int watch = std::exchange(directory.watch, -1);
  const auto found = by_watch_.find(watch);
  if (found == by_watch_.end() || found->second != path) return;
  by_watch_.erase(found);
  ::inotify_rm_watch(inotify_, watch);
}

void FileTree::forget(const std::string& path, std::vector<std::string>& changed) {
  const auto found = directories_.find(path);
  if (found == directories_.end()) return;
  Directory gone = std::move(found->second);
  directories_.erase(found);
  unwatch(path, gone);
  file_count_ -= gone.files.size();
  for (const auto& [name, stamp] : gone.files) changed.push_back(child(path, name));
  for (const auto& [name, inode] : gone.below) forget(child(path, name), changed);
}

}  // namespace frontdoor
