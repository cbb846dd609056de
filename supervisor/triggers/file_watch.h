// Watches a pool's files on a thread of its own, since a disk may be slow and a network's stand still. What the
// thread tells, it tells on itself: post and return.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "supervisor/triggers/file_tree.h"

namespace frontdoor {

class FileWatchListener {
 public:
  virtual ~FileWatchListener() = default;
  virtual void watching(std::size_t files, std::size_t directories) = 0;  // once, from when on nothing is missed
  virtual void changed(std::vector<std::string> files) = 0;               // they have been left alone for a moment
  virtual void trouble(std::string what) = 0;
};

class FileWatch {
 public:
  // Throws std::system_error: there is no thread for it.
  FileWatch(WatchPatterns patterns, FileTreeOptions options, std::shared_ptr<FileWatchListener> listener);
  ~FileWatch();  // does not wait for the disk; the listener hears nothing afterwards
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  struct State;
  static void run(State& state, WatchPatterns patterns, FileTreeOptions options);

  const std::shared_ptr<State> state_;
};

}  // namespace frontdoor
