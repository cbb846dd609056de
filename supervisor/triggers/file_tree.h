// What the watched files of a pool look like, and which of them have changed since somebody looked. Owned by one thread
// (file_watch.h), which may wait for a slow disk; nothing here waits for events.
//
// inotify only says in which directory to look; what has changed is told by comparing, so that an atomic save (rename
// over), a queue that overflowed, and a file that was there and gone again are all one case. Links to files are followed,
// links to directories are not, except where a pattern's directory is one itself.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "supervisor/output/log_file_name.h"
#include "supervisor/triggers/watch_patterns.h"

namespace frontdoor {

struct FileTreeOptions {
  std::vector<std::string> own_files = {};  // absolute; we write them, and what rotation makes of them
  std::vector<LogFileName> logs = {};       // of instances; absolute, too
  std::size_t most_directories = 8'192;
  std::size_t most_files = 50'000;
  std::size_t most_watches = 8'192;
  std::function<bool()> go_on = {};  // asked before each directory is read: false ends the look there; none: always true
};

class FileTree {
 public:
  FileTree(WatchPatterns patterns, FileTreeOptions options = {});
  ~FileTree();
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  int fd() const { return inotify_; }        // readable: take_events(); -1 without inotify
  bool polls() const { return polls_; }      // no event may come: look_everywhere() from time to time
  bool take_events();                        // true: look() may find something
  bool check_roots();                        // the same; once a second: a directory that was moved away, or has come
  void look_everywhere() { everywhere_ = true; }

  // The files that were changed, have appeared or gone since the last look, as patterns name them. The first look only
  // remembers.
  std::vector<std::string> look();

  std::size_t files() const { return file_count_; }
  std::size_t directories() const { return directories_.size(); }
  std::vector<std::string> take_troubles() { return std::exchange(troubles_, {}); }  // each is told once

 private:
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const Identity&) const = default;
  };
  struct Stamp {
    Identity identity;
    std::int64_t modified_ns = 0;
    std::uint64_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Directory {
    Identity identity;
    int watch = -1;
    std::map<std::string, Stamp> files;
    std::map<std::string, std::uint64_t> below;  // directories, and their inodes
  };
  struct Entries;

  bool is_root(const std::string& path) const;
  void scan(const std::string& path, bool deep, std::vector<std::string>& changed);
  Entries read(int fd, const std::string& path);
  bool is_own(const std::string& path, const Identity& identity) const;
  void compare(const std::string& path, Directory& directory, std::map<std::string, Stamp> now,
               std::vector<std::string>& changed);
  void watch(const std::string& path, Directory& directory);
  void unwatch(const std::string& path, Directory& directory);
  void forget(const std::string& path, std::vector<std::string>& changed);
  void trouble(const std::string& text);

  const WatchPatterns patterns_;
  const FileTreeOptions options_;
  std::set<Identity> own_;  // our standard output and error, when they are files
  int inotify_ = -1;
  bool polls_ = false;
  bool looked_ = false;
  bool everywhere_ = true;
  std::map<std::string, Directory> directories_;  // by path
  std::map<int, std::string> by_watch_;
  std::set<std::string> dirty_;
  std::set<std::string> missing_;  // roots
  std::size_t file_count_ = 0;
  std::vector<std::string> troubles_;
  std::set<std::string> told_;
};

}  // namespace frontdoor
